//! Going on after the loss of a transport: nothing is lost and nothing is doubled.

use super::resume_handshake::{STORE, resumable, token};
use super::*;

/// Takes the transport away, with all that was under way on it.
pub(super) fn lose(pair: &mut Pair) {
    for side in [&mut pair.client, &mut pair.server] {
        side.sent();
        assert!(side.connection.transport_lost(side.now, "gone"));
        assert!(side.connection.is_suspended());
    }
}

/// Connects the two again; what the server says to the RESUME.
pub(super) fn try_resume(pair: &mut Pair) -> Result<(), Seen> {
    let now = pair.client.now;
    assert_eq!(pair.client.connection.begin_resume(now), Ok(()));
    let mut fresh = Alone::new(&resumable(server_config()));
    let sent = pair.client.sent();
    assert_eq!(sent.len(), 1, "nothing but RESUME before it is answered");
    let Some(Seen::Resume {
        token: named,
        last_received,
        first_available,
    }) = fresh.receive_bytes(&sent[0])
    else {
        panic!("no RESUME");
    };
    assert_eq!(named, token());
    let resumed = pair
        .server
        .connection
        .resume(now, last_received, first_available);
    if let Err(error) = resumed {
        assert_eq!(fresh.connection.reject_resume(&error.to_string()), Ok(()));
        let refusal = fresh.sent();
        return Err(pair.client.receive_bytes(&refusal[0]).expect("an event"));
    }
    let answer = pair.server.out_first();
    assert_eq!(pair.client.receive_bytes(&answer), Some(Seen::Resumed));
    Ok(())
}

#[track_caller]
pub(super) fn resume(pair: &mut Pair) {
    assert_eq!(try_resume(pair), Ok(()));
    assert!(!pair.client.connection.is_suspended());
    assert!(!pair.server.connection.is_suspended());
}

pub(super) fn pair() -> Pair {
    Pair::with(&resumable(client_config()), &resumable(server_config()))
}

// Conforms: resume/client-retransmits, resume/state-kept
#[test]
fn a_request_that_was_lost_is_sent_again() {
    let mut pair = pair();
    pair.client.request(7, b"lost");
    lose(&mut pair);
    resume(&mut pair);
    let seen = pair.ferry();
    assert!(matches!(
        seen.server.as_slice(),
        [Seen::Request { payload, .. }] if *payload == only_data(b"lost")
    ));
}

// Conforms: resume/server-retransmits, resume/state-kept
#[test]
fn an_answer_that_was_lost_is_sent_again_and_the_request_is_not() {
    let mut pair = pair();
    let (stream, _) = pair.request(7, b"question");
    assert_eq!(pair.server.respond(stream, b"answer"), Ok(()));
    lose(&mut pair);
    resume(&mut pair);
    let expected = Both {
        client: vec![Seen::Response {
            user: 7,
            payload: Some(only_data(b"answer")),
        }],
        server: vec![],
    };
    assert_eq!(pair.ferry(), expected);
    assert_eq!(pair.client.connection.outbound_streams(), 0);
    assert_eq!(pair.server.connection.inbound_streams(), 0);
}

// Conforms: resume/position-received
#[test]
fn what_arrived_is_not_sent_again() {
    let mut pair = pair();
    let (stream, _) = pair.request(7, b"question");
    lose(&mut pair);
    resume(&mut pair);
    assert_eq!(pair.ferry(), Both::default());
    assert_eq!(pair.server.respond(stream, b"answer"), Ok(()));
    assert_eq!(pair.ferry().client.len(), 1);
}

#[test]
fn what_is_sent_while_there_is_no_transport_goes_out_afterwards_in_order() {
    let mut pair = pair();
    pair.client.request(1, b"before");
    lose(&mut pair);
    pair.client.request(2, b"meanwhile");
    let cancelled = pair.client.request(3, b"withdrawn");
    assert!(pair.client.connection.cancel(cancelled, 3));
    assert_eq!(pair.client.sent(), Vec::<Vec<u8>>::new());
    resume(&mut pair);
    let seen = pair.ferry().server;
    let payloads = seen.iter().map(|seen| match seen {
        Seen::Request { payload, .. } => payload.data.as_slice(),
        Seen::Cancelled { .. } => b"cancel",
        other => panic!("{other:?}"),
    });
    let expected: [&[u8]; 4] = [b"before", b"meanwhile", b"withdrawn", b"cancel"];
    assert_eq!(payloads.collect::<Vec<_>>(), expected);
}

// Conforms: resume/state-kept, resume/tracked-frames
#[test]
fn items_and_credit_go_on_where_they_were() {
    let mut pair = pair();
    let out = &mut pair.client.out;
    let stream = pair
        .client
        .connection
        .request_stream(5, 2, &body(b"items"), out)
        .expect("it is sent");
    pair.ferry();
    let send = |pair: &mut Pair, data: &[u8]| {
        let server = &mut pair.server;
        server
            .connection
            .send_item(stream, &body(data), false, &mut server.out)
    };
    assert_eq!(send(&mut pair, b"1"), Ok(()));
    lose(&mut pair);
    assert!(pair.client.connection.request_n(stream, 1));
    assert_eq!(send(&mut pair, b"2"), Ok(()));
    assert_eq!(send(&mut pair, b"3"), Err(SendError::NoCredit));
    resume(&mut pair);
    assert_eq!(pair.ferry().client.len(), 2);
    assert_eq!(send(&mut pair, b"3"), Ok(()));
    assert_eq!(send(&mut pair, b"4"), Err(SendError::NoCredit));
    assert_eq!(pair.ferry().client.len(), 1);
}

// Conforms: resume/whole-frames, resume/position-length
#[test]
fn a_payload_of_which_some_fragments_were_lost_arrives_whole() {
    let mut config = resumable(client_config());
    config.fragment_len = 64;
    let mut pair = Pair::with(&config, &resumable(server_config()));
    let data = [7; 1_000];
    pair.client.out.room = 4;
    pair.client.request(1, &data);
    let sent = pair.client.sent();
    assert_eq!(sent.len(), 4);
    for frame in &sent[..2] {
        assert_eq!(pair.server.receive_bytes(frame), None);
    }
    lose(&mut pair);
    pair.client.out.room = usize::MAX;
    resume(&mut pair);
    let seen = pair.ferry().server;
    assert!(matches!(
        seen.as_slice(),
        [Seen::Request { payload, .. }] if *payload == only_data(&data)
    ));
}

// Conforms: resume/token-lifetime, resume/client-positions-go-on, resume/server-positions-go-on
#[test]
fn a_transport_can_be_lost_again_while_frames_are_sent_again() {
    let mut pair = pair();
    for user in 0..10 {
        pair.client.request(user, b"lost");
    }
    lose(&mut pair);
    let mut arrived = 0;
    while arrived < 10 {
        resume(&mut pair);
        pair.client.out.room = 3;
        for frame in pair.client.sent().into_iter().take(2) {
            assert!(pair.server.receive_bytes(&frame).is_some());
            arrived += 1;
        }
        pair.client.out.room = usize::MAX;
        lose(&mut pair);
    }
    resume(&mut pair);
    assert_eq!(pair.ferry(), Both::default());
    assert_eq!(pair.server.connection.inbound_streams(), 10);
}

// Conforms: resume/untracked-frames
#[test]
fn frames_of_the_connection_are_not_sent_again() {
    let mut pair = pair();
    let client = &mut pair.client;
    let pushed = client.connection.metadata_push(b"news", &mut client.out);
    assert_eq!(pushed, Ok(()));
    lose(&mut pair);
    let client = &mut pair.client;
    let pushed = client.connection.metadata_push(b"news", &mut client.out);
    assert_eq!(pushed, Err(SendError::Suspended));
    resume(&mut pair);
    assert_eq!(pair.ferry(), Both::default());
}

// Conforms: resume/positions-judged, resume/position-refused
#[test]
fn a_session_whose_frames_are_gone_is_rejected() {
    let mut pair = pair();
    let (stream, _) = pair.request(1, b"question");
    let answer = vec![0; 2 * STORE];
    assert_eq!(pair.server.respond(stream, &answer), Ok(()));
    lose(&mut pair);
    assert_eq!(try_resume(&mut pair), Err(Seen::Closed));
    let reason = pair.client.reason();
    assert_eq!(
        (reason.origin, reason.code),
        (Origin::Remote, ErrorCode::REJECTED_RESUME)
    );
    assert!(pair.server.connection.is_suspended());
    pair.server.pass(Duration::from_secs(60));
    assert_eq!(pair.server.tick(), Some(Seen::Closed));
    assert_eq!(pair.client.connection.outbound_streams(), 0);
}

// Conforms: resume/positions-judged, resume/position-refused
#[test]
fn a_client_that_gave_frames_up_is_rejected() {
    let mut pair = pair();
    let lost = vec![0; 2 * STORE];
    pair.client.request(1, &lost);
    lose(&mut pair);
    assert_eq!(try_resume(&mut pair), Err(Seen::Closed));
    assert_eq!(pair.client.reason().code, ErrorCode::REJECTED_RESUME);
}

#[test]
fn sending_waits_when_the_store_is_full_and_there_is_no_transport() {
    let mut pair = pair();
    pair.client.request(1, b"before");
    lose(&mut pair);
    let data = vec![0; STORE / 4];
    let mut accepted = 1;
    let full = loop {
        let client = &mut pair.client;
        let sent = client
            .connection
            .request_response(accepted + 1, &body(&data), &mut client.out);
        match sent {
            Ok(_) => accepted += 1,
            Err(error) => break error,
        }
    };
    assert_eq!((full, accepted), (SendError::Full, 4));
    assert!(!pair.client.connection.wants_transmit());
    resume(&mut pair);
    assert_eq!(pair.ferry().server.len(), 4);
    pair.client.request(9, &data);
}

#[test]
fn payloads_have_to_be_copied() {
    let mut pair = pair();
    let held = Body::External(crate::sink::ExternalBody {
        token: 1,
        metadata_len: None,
        data_len: 5,
    });
    let client = &mut pair.client;
    let sent = client
        .connection
        .request_response(1, &held, &mut client.out);
    assert_eq!(sent, Err(SendError::NotCopied));
    let sent = client.connection.fire_and_forget(&held, &mut client.out);
    assert_eq!(sent, Err(SendError::NotCopied));
}

// Conforms: resume/keepalive-trims
#[test]
fn a_keepalive_tells_the_position_and_lets_the_peer_forget() {
    let mut pair = pair();
    pair.client.request(1, &vec![0; STORE / 2]);
    pair.ferry();
    let silent = pair.pass(Duration::from_millis(1_500));
    assert_eq!(silent, Both::default());
    // Without the server's word the first request would have given way to these.
    pair.client.request(2, &vec![0; STORE / 2]);
    lose(&mut pair);
    resume(&mut pair);
    assert_eq!(pair.ferry().server.len(), 1);
}

#[test]
fn a_peer_is_asked_for_its_position_before_the_store_overflows() {
    let mut pair = pair();
    for user in 0..40 {
        let (stream, _) = pair.request(user, &vec![0; STORE / 8]);
        assert_eq!(pair.server.respond(stream, &vec![0; STORE / 8]), Ok(()));
        assert_eq!(pair.ferry().client.len(), 1);
    }
    pair.client.request(40, b"lost");
    lose(&mut pair);
    resume(&mut pair);
    assert_eq!(pair.ferry().server.len(), 1);
}

#[test]
fn a_position_that_was_never_sent_is_not_believed() {
    let mut pair = pair();
    pair.client.request(1, b"lost");
    pair.client.sent();
    let claim = Frame::Keepalive(Keepalive {
        respond: false,
        last_received_position: 1 << 40,
        data: b"",
    });
    assert_eq!(pair.client.receive(0, claim), None);
    lose(&mut pair);
    resume(&mut pair);
    assert_eq!(pair.ferry().server.len(), 1);
}

#[test]
fn silence_suspends() {
    let mut pair = pair();
    let (stream, _) = pair.request(1, b"question");
    for side in [&mut pair.client, &mut pair.server] {
        side.pass(Duration::from_secs(10));
        assert_eq!(side.tick(), Some(Seen::Suspended));
        assert_eq!(side.sent(), Vec::<Vec<u8>>::new());
    }
    resume(&mut pair);
    assert_eq!(pair.server.respond(stream, b"answer"), Ok(()));
    assert_eq!(pair.ferry().client.len(), 1);
    // Both watch each other again, from now on.
    assert_eq!(pair.pass(Duration::from_secs(30)), Both::default());
}

// Conforms: resume/lifetime-extended, resume/token-not-replayed
#[test]
fn a_session_ends_when_nobody_comes_back() {
    let mut pair = pair();
    pair.client.request(1, b"question");
    lose(&mut pair);
    for side in [&mut pair.client, &mut pair.server] {
        side.pass(Duration::from_secs(59));
        assert_eq!(side.tick(), None);
        side.pass(Duration::from_secs(1));
        assert_eq!(side.tick(), Some(Seen::Closed));
        assert_eq!(side.reason().origin, Origin::Transport);
        assert_eq!(side.connection.poll_timeout(), None);
    }
    assert_eq!(pair.client.connection.outbound_streams(), 0);
}

#[test]
fn a_suspended_connection_can_be_closed() {
    let mut pair = pair();
    pair.client.request(1, b"question");
    lose(&mut pair);
    let client = &mut pair.client;
    client.connection.close(ErrorCode::CONNECTION_CLOSE, "done");
    assert!(client.connection.is_closed());
    assert_eq!(client.sent(), Vec::<Vec<u8>>::new());
    let refused = client.connection.begin_resume(client.now);
    assert_eq!(refused, Err(SendError::Closed));
}

// Conforms: resume/lease-ends, resume/lease-begins-anew
#[test]
fn leases_begin_anew() {
    let (mut client, mut server) = (resumable(client_config()), resumable(server_config()));
    (client.lease, server.lease) = (true, true);
    let mut pair = Pair::with(&client, &server);
    let grant = |pair: &mut Pair| {
        let (ttl, now) = (Duration::from_secs(100), pair.server.now);
        pair.server.connection.grant_lease(ttl, 5, None, now)
    };
    assert_eq!(grant(&mut pair), Ok(()));
    pair.ferry();
    pair.client.request(1, b"lost");
    lose(&mut pair);
    assert_eq!(grant(&mut pair), Err(SendError::Suspended));
    resume(&mut pair);
    // What was requested under the old lease is served.
    assert_eq!(pair.ferry().server.len(), 1);
    let client = &mut pair.client;
    let sent = client
        .connection
        .request_response(2, &body(b""), &mut client.out);
    assert_eq!(sent, Err(SendError::NoLease));
    assert_eq!(grant(&mut pair), Ok(()));
    pair.ferry();
    pair.client.request(2, b"");
}

#[test]
fn a_store_of_ones_own_is_used() {
    #[derive(Debug)]
    struct Counting(
        crate::MemoryStore,
        std::sync::Arc<std::sync::atomic::AtomicUsize>,
    );
    impl crate::FrameStore for Counting {
        fn first(&self) -> u64 {
            self.0.first()
        }
        fn end(&self) -> u64 {
            self.0.end()
        }
        fn has_room(&self, len: usize) -> bool {
            self.0.has_room(len)
        }
        fn append(&mut self, frame: &[u8]) {
            self.1.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            self.0.append(frame);
        }
        fn release(&mut self, position: u64) {
            self.0.release(position);
        }
        fn frame_at(&mut self, position: u64) -> Option<&[u8]> {
            self.0.frame_at(position)
        }
    }
    let count = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let mut pair = pair();
    let store = Counting(crate::MemoryStore::new(STORE), count.clone());
    assert!(pair.client.connection.use_frame_store(Box::new(store)));
    pair.client.request(1, b"kept");
    assert_eq!(count.load(std::sync::atomic::Ordering::Relaxed), 1);
    let late = Box::new(crate::MemoryStore::new(STORE));
    assert!(!pair.client.connection.use_frame_store(late));
}
