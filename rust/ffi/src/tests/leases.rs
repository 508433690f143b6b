//! Leases: the setting, the command that grants one, the event that tells of one, and requests without one.

use rsocket_protocol::frame::{ErrorCode, ErrorFrame, Lease, Setup, Version};

use super::commands::assert_refused;
use super::*;

/// In milliseconds.
const TTL: u32 = 5_000;

impl Settings {
    fn set_lease(&self, lease: bool) -> rsocket_result {
        // SAFETY: the handle is live until `drop`.
        unsafe { rsocket_config_set_lease(self.0, lease) }
    }

    fn with_lease(self) -> Self {
        assert_eq!(self.set_lease(true), rsocket_result::Ok);
        self
    }
}

impl Batch {
    /// Grants a lease; without metadata where there is none, which is not empty metadata.
    fn grant(self, ttl_ms: u32, requests: u32, metadata: Option<&[u8]>) -> Self {
        let grant = rsocket_command {
            code: requests,
            flags: if metadata.is_none() {
                RSOCKET_FLAG_NO_PAYLOAD
            } else {
                0
            },
            ..command(RSOCKET_COMMAND_GRANT_LEASE, 0, ttl_ms)
        };
        self.with(grant, None, metadata.unwrap_or_default())
    }
}

impl Pair {
    /// A client and a server that have agreed on leases.
    fn leasing() -> Self {
        let mut pair = Self {
            client: Side::new(&Settings::client().with_lease()),
            server: Side::new(&Settings::server().with_lease()),
        };
        assert_eq!(kinds(&pair.carry().server), [RSOCKET_EVENT_SETUP]);
        assert_eq!(pair.server.run(&Batch::default().accept()), []);
        pair
    }

    fn pass(&mut self, milliseconds: u64) {
        self.client.now_ns += milliseconds * MILLISECOND;
        self.server.now_ns += milliseconds * MILLISECOND;
    }
}

/// A client that has proposed leases to nobody.
fn client() -> Side {
    let mut client = Side::new(&Settings::client().with_lease());
    client.run(&Batch::default());
    client.wire.clear();
    client
}

fn heard(ttl_ms: u32, requests: u32, metadata: Option<&[u8]>) -> Seen {
    Seen {
        kind: RSOCKET_EVENT_LEASE,
        stream: ttl_ms,
        code: requests,
        metadata: metadata.map(<[u8]>::to_vec),
        ..Seen::default()
    }
}

fn lease_frame(ttl_ms: u32, requests: u32, metadata: Option<&[u8]>) -> Frame<'_> {
    Frame::Lease(Lease {
        ttl_ms,
        requests,
        metadata,
    })
}

#[track_caller]
fn assert_no_lease(side: &mut Side) {
    let seen = side.run(&Batch::default().request(7, None, b""));
    assert_refused(&seen, 7, 0, rsocket_result::NoLease);
}

#[test]
fn a_client_proposes_leases_when_it_is_set_to() {
    let proposes = |settings: &Settings| {
        let mut client = Side::new(settings);
        client.run(&Batch::default());
        let sent = client.sent();
        match Frame::decode(&sent[0]) {
            Ok((0, Frame::Setup(setup))) => setup.honors_lease,
            other => panic!("{other:?}"),
        }
    };
    let settings = Settings::client();
    assert!(!proposes(&settings));
    assert_eq!(settings.set_lease(true), rsocket_result::Ok);
    assert!(proposes(&settings));
    assert_eq!(settings.set_lease(false), rsocket_result::Ok);
    assert!(!proposes(&settings));
}

#[test]
fn null_for_the_settings_is_a_result() {
    // SAFETY: NULL is what the function says it answers.
    let result = unsafe { rsocket_config_set_lease(null_mut(), true) };
    assert_eq!(result, rsocket_result::NullArgument);
}

#[test]
fn a_server_without_leases_turns_away_a_client_with_them() {
    let mut client = Side::new(&Settings::client().with_lease());
    client.run(&Batch::default());
    let mut server = Side::new(&Settings::server());
    server.unread.append(&mut client.wire);
    assert_eq!(
        kinds(&server.run(&Batch::default())),
        [RSOCKET_EVENT_CLOSED]
    );
    client.unread.append(&mut server.wire);
    assert_eq!(
        kinds(&client.run(&Batch::default())),
        [RSOCKET_EVENT_CLOSED]
    );
    let told = "lease is not supported".to_owned();
    let reason = (RSOCKET_ORIGIN_REMOTE, ErrorCode::UNSUPPORTED_SETUP.0, told);
    assert_eq!(client.close_reason(), Ok(reason));
}

#[test]
fn a_lease_is_granted_and_heard_on_either_side() {
    let metadata: [Option<&[u8]>; 3] = [None, Some(b""), Some(b"why")];
    for metadata in metadata {
        let mut pair = Pair::leasing();
        let batch = Batch::default().grant(TTL, 3, metadata);
        let seen = pair.server_does(&batch);
        let expected = heard(TTL, 3, metadata);
        assert_eq!((seen.client, seen.server), (vec![expected.clone()], vec![]));
        let seen = pair.client_does(&batch);
        assert_eq!((seen.client, seen.server), (vec![], vec![expected]));
    }
}

#[test]
fn a_grant_is_a_lease_frame() {
    let mut client = client();
    let batch = Batch::default()
        .grant(TTL, 3, None)
        .grant(0, 0, Some(b""))
        .grant(1, u32::MAX >> 1, Some(b"why"));
    assert_eq!(client.run(&batch), []);
    client.assert_sent(&[
        (0, lease_frame(TTL, 3, None)),
        (0, lease_frame(0, 0, Some(b""))),
        (0, lease_frame(1, u32::MAX >> 1, Some(b"why"))),
    ]);
}

#[test]
fn values_over_31_bits_are_cut() {
    let mut client = client();
    assert_eq!(
        client.run(&Batch::default().grant(u32::MAX, u32::MAX, None)),
        []
    );
    let most = u32::MAX >> 1;
    client.assert_sent(&[(0, lease_frame(most, most, None))]);
    let seen = client.receive(0, lease_frame(most, most, None));
    assert_eq!(seen, [heard(most, most, None)]);
}

#[test]
fn requests_of_every_kind_need_a_lease() {
    let mut pair = Pair::leasing();
    let no_lease = rsocket_result::NoLease;
    let forget = command(RSOCKET_COMMAND_FIRE_AND_FORGET, 10, 0);
    let requests = [
        Batch::default().request(7, None, b""),
        Batch::default().ask_stream(8, 1),
        Batch::default().ask_channel(9, 1, RSOCKET_FLAG_COMPLETE),
        Batch::default().push(forget),
    ];
    for (batch, token) in requests.iter().zip(7..) {
        let seen = pair.client_does(batch);
        assert_refused(&seen.client, token, 0, no_lease);
        assert_eq!(seen.server, []);
    }
    pair.server_does(&Batch::default().grant(TTL, 4, None));
    for batch in &requests {
        assert_eq!(pair.client_does(batch).server.len(), 1);
    }
    let seen = pair.client_does(&requests[3]);
    assert_refused(&seen.client, 10, 0, no_lease);
}

#[test]
fn a_request_that_is_refused_can_be_made_with_the_next_lease() {
    let mut client = client();
    assert_no_lease(&mut client);
    client.receive(0, lease_frame(TTL, 1, None));
    let again = client.run(&Batch::default().request(7, None, b""));
    assert_eq!(again, [], "under the same token");
    assert_eq!(
        kinds(&client.receive(1, answer_frame(b""))),
        [RSOCKET_EVENT_RESPONSE]
    );
}

/// The clock is the caller's, and nothing else tells the time.
#[test]
fn a_lease_ends_with_its_time() {
    let mut pair = Pair::leasing();
    pair.server_does(&Batch::default().grant(TTL, 100, None));
    pair.pass(u64::from(TTL) - 1);
    let seen = pair.client_does(&Batch::default().request(7, None, b""));
    assert_eq!(kinds(&seen.server), [RSOCKET_EVENT_REQUEST_RESPONSE]);
    pair.pass(1);
    assert_no_lease(&mut pair.client);
}

#[test]
fn the_last_lease_counts_and_one_of_nothing_stops_requests() {
    for nothing in [(TTL, 0), (0, 9)] {
        let mut client = client();
        client.receive(0, lease_frame(TTL, 9, None));
        client.receive(0, lease_frame(nothing.0, nothing.1, None));
        assert_no_lease(&mut client);
    }
}

#[test]
fn what_goes_beyond_a_lease_is_rejected_without_an_event() {
    let mut server = Side::new(&Settings::server().with_lease());
    let setup = Frame::Setup(Setup {
        version: Version { major: 1, minor: 0 },
        keepalive_interval_ms: 1_000,
        max_lifetime_ms: 10_000,
        resume_token: None,
        honors_lease: true,
        metadata_mime: b"a/b",
        data_mime: b"c/d",
        payload: PayloadRef::default(),
    });
    assert_eq!(kinds(&server.receive(0, setup)), [RSOCKET_EVENT_SETUP]);
    let grant = Batch::default().accept().grant(TTL, 1, None);
    assert_eq!(server.run(&grant), []);
    server.assert_sent(&[(0, lease_frame(TTL, 1, None))]);
    let within = server.receive(1, request_frame(b""));
    assert_eq!(kinds(&within), [RSOCKET_EVENT_REQUEST_RESPONSE]);
    assert_eq!(server.receive(3, request_frame(b"")), []);
    let rejected = Frame::Error(ErrorFrame {
        code: ErrorCode::REJECTED,
        data: b"no lease is left for this request",
    });
    server.assert_sent(&[(3, rejected)]);
}

#[test]
fn a_grant_where_leases_are_not_agreed_on_is_refused() {
    let grant = Batch::default().grant(TTL, 1, None);
    let not_ready = rsocket_result::NotReady;
    let mut client = Side::client();
    assert_refused(&client.run(&grant), 0, TTL, not_ready);
    client.assert_sent(&[]);
    // Nor does a lease from the peer mean anything then.
    assert_eq!(client.receive(0, lease_frame(TTL, 0, None)), []);
    assert_eq!(client.run(&Batch::default().request(7, None, b"")), []);
    // A server that could, with a client that does not.
    let mut server = Side::server_with(&Settings::server().with_lease());
    assert_refused(&server.run(&grant), 0, TTL, not_ready);
}

#[test]
fn a_grant_before_the_setup_is_accepted_is_refused() {
    let grant = Batch::default().grant(TTL, 1, None);
    let mut client = Side::new(&Settings::client().with_lease());
    client.run(&Batch::default());
    let mut server = Side::new(&Settings::server().with_lease());
    assert_refused(&server.run(&grant), 0, TTL, rsocket_result::NotReady);
    server.unread.append(&mut client.wire);
    assert_eq!(kinds(&server.run(&Batch::default())), [RSOCKET_EVENT_SETUP]);
    assert_refused(&server.run(&grant), 0, TTL, rsocket_result::NotReady);
    server.assert_sent(&[]);
}

#[test]
fn a_grant_after_the_end_is_refused() {
    let mut client = client();
    client.run(&Batch::default().tell(RSOCKET_COMMAND_CLOSE, 0, 0x101, b""));
    let seen = client.run(&Batch::default().grant(TTL, 1, None));
    assert_refused(&seen, 0, TTL, rsocket_result::Closed);
}

#[test]
fn metadata_of_a_lease_that_is_too_long_is_refused() {
    let longest = vec![b'm'; 16 << 10];
    let mut client = client();
    let batch = Batch::default().grant(TTL, 1, Some(&longest));
    assert_eq!(client.run(&batch), []);
    client.assert_sent(&[(0, lease_frame(TTL, 1, Some(&longest)))]);
    let too_long = [&longest[..], b"m"].concat();
    let seen = client.run(&Batch::default().grant(TTL, 1, Some(&too_long)));
    assert_refused(&seen, 0, TTL, rsocket_result::PayloadTooLarge);
    client.assert_sent(&[]);
}

#[test]
fn a_grant_whose_metadata_is_not_in_the_command_bytes_is_refused() {
    let grant = command(RSOCKET_COMMAND_GRANT_LEASE, 0, TTL);
    let outside = rsocket_command {
        data_len: 1,
        ..grant
    };
    let beyond = rsocket_command { offset: 1, ..grant };
    let held_by_the_caller = rsocket_command {
        flags: RSOCKET_FLAG_EXTERNAL,
        ..grant
    };
    let metadata_without_its_flag = rsocket_command {
        metadata_len: 1,
        ..grant
    };
    for grant in [
        outside,
        beyond,
        held_by_the_caller,
        metadata_without_its_flag,
    ] {
        let mut client = client();
        let seen = client.run(&Batch::default().push(grant));
        assert_refused(&seen, 0, TTL, rsocket_result::InvalidArgument);
        client.assert_sent(&[]);
    }
}
