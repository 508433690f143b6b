//! "Setup must come first, once; a rejected one is ERROR on stream 0 followed by close."

use super::*;
use crate::frame::{Lease, Resume};

const TIMEOUT: Duration = Duration::from_secs(10);

// Conforms: version/in-setup, setup/stream-0, setup/payload, setup/first-frame, setup/request-at-once
#[test]
fn a_client_sends_its_setup_first_with_what_it_was_configured_with() {
    let mut config = client_config();
    config.setup.metadata_mime = "message/x.rsocket.routing.v0".to_owned();
    config.setup.data_mime = "text/plain".to_owned();
    config.setup.metadata = Some(Vec::new());
    config.setup.data = b"hello".to_vec();
    let mut client = Alone::new(&config);
    client.request(1, b"early");
    client.assert_sent(&[
        (
            0,
            Frame::Setup(Setup {
                metadata_mime: b"message/x.rsocket.routing.v0",
                data_mime: b"text/plain",
                payload: PayloadRef::new(Some(b""), b"hello"),
                ..SETUP
            }),
        ),
        (1, request_response(PayloadRef::from_data(b"early"))),
    ]);
}

// Conforms: setup/keepalive-positive, setup/lifetime-positive
#[test]
fn a_client_sends_periods_and_mime_types_that_setup_can_carry() {
    let mut config = client_config();
    config.setup.keepalive_interval = Duration::ZERO;
    config.setup.max_lifetime = Duration::MAX;
    config.setup.data_mime = "x".repeat(300);
    let sent = Alone::new(&config).sent();
    let (0, Frame::Setup(setup)) = Frame::decode(&sent[0]).expect("decodes") else {
        panic!("not a SETUP: {sent:?}");
    };
    assert_eq!(setup.keepalive_interval_ms, 1);
    assert_eq!(setup.max_lifetime_ms, 0x7FFF_FFFF);
    assert_eq!(setup.data_mime.len(), 255);
}

// Conforms: payload/metadata-encoding, setup/mime-free, setup/mime-opaque, setup/payload
#[test]
fn a_server_hands_out_the_setup_as_it_came() {
    let setup = Setup {
        metadata_mime: b"a/b",
        data_mime: b"\xFF",
        payload: PayloadRef::new(Some(b""), b"token"),
        ..SETUP
    };
    let mut frame = Vec::new();
    Frame::Setup(setup).encode(0, &mut frame);
    let mut server = Alone::fresh_server();
    let event = server.connection.receive(server.now, &frame);
    assert_eq!(event, Some(Event::Setup(setup)));
    assert!(server.connection.awaits_decision());
}

// Conforms: setup/stream-0, setup/first-frame, setup/other-first-frame, setup/first-frame-on-stream
#[test]
fn any_other_first_frame_is_invalid_setup() {
    let frames = [
        (1, request_response(PayloadRef::from_data(b"too soon"))),
        (1, request_fnf(PayloadRef::from_data(b"too soon"))),
        (0, ping(b"")),
        (1, Frame::Cancel(Cancel)),
        (1, answer(PayloadRef::from_data(b""))),
        (0, error(ErrorCode::CONNECTION_CLOSE, "")),
        (1, Frame::Setup(SETUP)),
        (
            0,
            Frame::Unknown {
                frame_type: 0x20,
                flags: Flags::IGNORE,
                body: b"",
            },
        ),
    ];
    for (stream, frame) in frames {
        let mut server = Alone::fresh_server();
        assert_eq!(
            server.receive(stream, frame),
            Some(Seen::Closed),
            "{frame:?}"
        );
        server.assert_aborted(ErrorCode::INVALID_SETUP);
    }
}

// Conforms: setup/other-first-frame
#[test]
fn bytes_that_are_no_frame_before_setup_are_invalid_setup() {
    let mut server = Alone::fresh_server();
    assert_eq!(server.receive_bytes(b"GET /"), Some(Seen::Closed));
    server.assert_aborted(ErrorCode::INVALID_SETUP);
}

// Conforms: error/invalid-setup, setup/refused
#[test]
fn a_malformed_setup_is_invalid_setup() {
    let mut bytes = Vec::new();
    Frame::Setup(SETUP).encode(0, &mut bytes);
    for len in FrameHeader::LEN..bytes.len() {
        let mut server = Alone::fresh_server();
        assert_eq!(server.receive_bytes(&bytes[..len]), Some(Seen::Closed));
        server.assert_aborted(ErrorCode::INVALID_SETUP);
    }
}

// Conforms: version/servers-choice, error/unsupported-setup, setup/refused
#[test]
fn another_major_version_is_unsupported_setup() {
    for major in [0, 2, u16::MAX] {
        let version = Version { major, minor: 0 };
        refuses(Setup { version, ..SETUP }, ErrorCode::UNSUPPORTED_SETUP);
    }
}

// Conforms: version/servers-choice
#[test]
fn another_minor_version_is_the_drivers_to_judge() {
    let version = Version { major: 1, minor: 7 };
    let mut server = Alone::fresh_server();
    let setup = Frame::Setup(Setup { version, ..SETUP });
    assert_eq!(server.receive(0, setup), Some(Seen::Setup));
}

// Conforms: setup/keepalive-positive, setup/lifetime-positive, error/invalid-setup, setup/refused
#[test]
fn a_zero_keepalive_interval_or_lifetime_is_invalid_setup() {
    let no_interval = Setup {
        keepalive_interval_ms: 0,
        ..SETUP
    };
    let no_lifetime = Setup {
        max_lifetime_ms: 0,
        ..SETUP
    };
    refuses(no_interval, ErrorCode::INVALID_SETUP);
    refuses(no_lifetime, ErrorCode::INVALID_SETUP);
}

// Conforms: setup/resume-refused, resume/optional
#[test]
fn resume_in_setup_is_rejected_setup() {
    let resume_token = Some(b"token".as_slice());
    let setup = Setup {
        resume_token,
        ..SETUP
    };
    refuses(setup, ErrorCode::REJECTED_SETUP);
}

// Conforms: error/unsupported-setup, setup/refused, setup/leased-client-rejected, setup/leased-server-rejected
#[test]
fn lease_in_setup_is_unsupported_setup() {
    let setup = Setup {
        honors_lease: true,
        ..SETUP
    };
    refuses(setup, ErrorCode::UNSUPPORTED_SETUP);
}

#[track_caller]
fn refuses(setup: Setup<'_>, code: ErrorCode) {
    let mut server = Alone::fresh_server();
    assert_eq!(server.receive(0, Frame::Setup(setup)), Some(Seen::Closed));
    server.assert_aborted(code);
}

const RESUME: Resume<'static> = Resume {
    version: Version { major: 1, minor: 0 },
    token: b"token",
    last_received_server_position: 0,
    first_available_client_position: 0,
};

// Conforms: error/rejected-resume, resume/optional, resume/impossible, resume/unsupported
#[test]
fn resume_instead_of_setup_is_rejected_resume() {
    let mut server = Alone::fresh_server();
    assert_eq!(server.receive(0, Frame::Resume(RESUME)), Some(Seen::Closed));
    server.assert_aborted(ErrorCode::REJECTED_RESUME);
}

// Conforms: resume/after-setup
#[test]
fn resume_after_setup_is_a_connection_error() {
    let mut server = Alone::server();
    assert_eq!(server.receive(0, Frame::Resume(RESUME)), Some(Seen::Closed));
    server.assert_aborted(ErrorCode::CONNECTION_ERROR);
}

// Conforms: setup/server-requests, setup/client-request-accepted, setup/server-request-accepted
#[test]
fn an_accepted_setup_lets_both_sides_request() {
    let mut pair = Pair::connected();
    pair.client.request(1, b"from the client");
    pair.server.request(2, b"from the server");
    let seen = pair.ferry();
    assert!(matches!(seen.server[..], [Seen::Request { stream: 1, .. }]));
    assert!(matches!(seen.client[..], [Seen::Request { stream: 2, .. }]));
}

// Conforms: setup/server-requests, setup/no-request-before, setup/server-request-rejected
#[test]
fn a_server_sends_no_request_before_it_has_accepted() {
    let mut server = Alone::fresh_server();
    let request = |server: &mut Alone| {
        let connection = &mut server.connection;
        connection.request_response(1, &body(b""), &mut server.out)
    };
    assert_eq!(request(&mut server), Err(SendError::NotReady));
    server.receive(0, Frame::Setup(SETUP));
    assert_eq!(request(&mut server), Err(SendError::NotReady));
    let fnf = server
        .connection
        .fire_and_forget(&body(b""), &mut server.out);
    assert_eq!(fnf, Err(SendError::NotReady));
    server.connection.accept_setup().expect("accepts");
    assert_eq!(request(&mut server), Ok(2));
}

// Conforms: error/rejected-setup, setup/refused, setup/negotiation, setup/server-request-rejected
#[test]
fn a_rejected_setup_is_an_error_on_stream_0_and_the_end() {
    let mut server = Alone::fresh_server();
    server.receive(0, Frame::Setup(SETUP));
    let rejected = server
        .connection
        .reject_setup(ErrorCode::REJECTED_SETUP, "not you");
    assert_eq!(rejected, Ok(()));
    server.assert_sent(&[(0, error(ErrorCode::REJECTED_SETUP, "not you"))]);
    assert!(server.connection.is_closed());
    assert_eq!(server.reason().origin, Origin::User);
    assert_eq!(
        server.receive(1, request_response(PayloadRef::default())),
        None
    );
}

// Conforms: setup/rejected-sign, setup/negotiation, setup/client-request-rejected
#[test]
fn a_client_whose_setup_is_rejected_closes_with_that_code_and_message() {
    for code in [
        ErrorCode::INVALID_SETUP,
        ErrorCode::UNSUPPORTED_SETUP,
        ErrorCode::REJECTED_SETUP,
    ] {
        let mut client = Alone::client();
        client.request(1, b"in flight");
        client.sent();
        assert_eq!(
            client.receive(0, error(code, "not you")),
            Some(Seen::Closed)
        );
        assert_eq!(
            client.reason(),
            CloseReason {
                origin: Origin::Remote,
                code,
                message: "not you".into(),
            }
        );
        assert_eq!(client.sent(), Vec::<Vec<u8>>::new(), "nothing to add");
        let connection = &mut client.connection;
        let later = connection.request_response(2, &body(b""), &mut client.out);
        assert_eq!(later, Err(SendError::Closed));
    }
}

/// "A client assumes a SETUP is accepted if it receives a response to a request, a LEASE frame, or if it sees a
/// REQUEST type", and then ignores the errors that reject one.
// Conforms: setup/accepted-signs, unexpected/client-setup-error
#[test]
fn a_client_whose_setup_was_accepted_ignores_setup_errors() {
    let lease = Frame::Lease(Lease {
        ttl_ms: 1,
        requests: 1,
        metadata: None,
    });
    let signs = [
        (1, answer(PayloadRef::default())),
        (1, error(ErrorCode::APPLICATION_ERROR, "no")),
        (0, lease),
        (2, request_response(PayloadRef::default())),
        (2, request_fnf(PayloadRef::default())),
    ];
    for (stream, sign) in signs {
        let mut client = Alone::client();
        client.request(1, b"");
        client.receive(stream, sign);
        let late = error(ErrorCode::REJECTED_SETUP, "too late");
        assert_eq!(client.receive(0, late), None, "after {sign:?}");
        assert!(!client.connection.is_closed());
    }
}

// Conforms: setup/accepted-signs
#[test]
fn a_keepalive_does_not_say_that_the_setup_was_accepted() {
    let mut client = Alone::client();
    client.receive(0, pong(b""));
    let rejection = error(ErrorCode::REJECTED_SETUP, "not you");
    assert_eq!(client.receive(0, rejection), Some(Seen::Closed));
}

#[test]
fn a_decision_without_a_setup_is_refused() {
    let mut server = Alone::fresh_server();
    let connection = &mut server.connection;
    assert_eq!(connection.accept_setup(), Err(SendError::NotReady));
    let rejected = connection.reject_setup(ErrorCode::REJECTED_SETUP, "");
    assert_eq!(rejected, Err(SendError::NotReady));
    let mut server = Alone::server();
    assert_eq!(server.connection.accept_setup(), Err(SendError::NotReady));
    let mut client = Alone::client();
    assert_eq!(client.connection.accept_setup(), Err(SendError::NotReady));
}

#[test]
fn a_frame_before_the_decision_is_the_drivers_mistake() {
    let mut server = Alone::fresh_server();
    server.receive(0, Frame::Setup(SETUP));
    assert_eq!(server.receive(0, ping(b"")), Some(Seen::Closed));
    server.assert_aborted(ErrorCode::CONNECTION_ERROR);
}

#[test]
fn a_server_waits_for_setup_until_its_timeout() {
    let mut server = Alone::fresh_server();
    assert_eq!(server.connection.poll_timeout(), Some(server.now + TIMEOUT));
    server.pass(TIMEOUT - Duration::from_nanos(1));
    assert_eq!(server.tick(), None);
    server.pass(Duration::from_nanos(1));
    assert_eq!(server.tick(), Some(Seen::Closed));
    server.assert_aborted(ErrorCode::INVALID_SETUP);
}

#[test]
fn a_setup_in_time_ends_the_setup_timeout() {
    let mut server = Alone::server();
    let lifetime = Duration::from_millis(SETUP.max_lifetime_ms.into());
    assert_eq!(
        server.connection.poll_timeout(),
        Some(server.now + lifetime)
    );
    server.pass(TIMEOUT - Duration::from_nanos(1));
    assert_eq!(server.tick(), None);
}

// Conforms: unexpected/second-setup
#[test]
fn a_second_setup_is_ignored() {
    let mut server = Alone::server();
    let other = Setup {
        version: Version { major: 9, minor: 9 },
        max_lifetime_ms: 1,
        ..SETUP
    };
    assert_eq!(server.receive(0, Frame::Setup(other)), None);
    server.assert_sent(&[]);
    server.pass(Duration::from_secs(9));
    assert_eq!(server.tick(), None, "the first one's lifetime holds");
}

// Conforms: unexpected/client-setup
#[test]
fn a_client_ignores_setup() {
    let mut client = Alone::client();
    assert_eq!(client.receive(0, Frame::Setup(SETUP)), None);
    client.assert_sent(&[]);
}

// Conforms: unexpected/server-setup-error
#[test]
fn a_server_ignores_errors_that_only_a_server_may_send() {
    for code in [
        ErrorCode::INVALID_SETUP,
        ErrorCode::UNSUPPORTED_SETUP,
        ErrorCode::REJECTED_SETUP,
        ErrorCode::REJECTED_RESUME,
    ] {
        let mut server = Alone::server();
        assert_eq!(server.receive(0, error(code, "")), None);
        assert!(!server.connection.is_closed());
        server.assert_sent(&[]);
    }
}

// Conforms: error/stream-codes, setup/refused
#[test]
fn a_setup_is_rejected_with_a_code_for_setups() {
    for code in [
        ErrorCode::REJECTED_RESUME,
        ErrorCode::CONNECTION_CLOSE,
        ErrorCode::INVALID,
        ErrorCode(0x301),
    ] {
        let mut server = Alone::fresh_server();
        server.receive(0, Frame::Setup(SETUP));
        assert_eq!(server.connection.reject_setup(code, "no"), Ok(()));
        assert_eq!(server.reason().code, ErrorCode::REJECTED_SETUP);
        server.assert_sent(&[(0, error(ErrorCode::REJECTED_SETUP, "no"))]);
    }
}

// Conforms: setup/first-frame-on-stream
#[test]
fn a_resume_on_a_stream_is_invalid_setup() {
    let mut server = Alone::fresh_server();
    assert_eq!(server.receive(1, Frame::Resume(RESUME)), Some(Seen::Closed));
    server.assert_aborted(ErrorCode::INVALID_SETUP);
}

// Conforms: setup/no-payload-before
#[test]
fn a_server_sends_no_payload_before_it_has_accepted() {
    let mut deciding = Alone::fresh_server();
    deciding.receive(0, Frame::Setup(SETUP));
    assert!(deciding.connection.awaits_decision());
    for mut server in [Alone::fresh_server(), deciding] {
        for stream in [0, 1, 2] {
            let connection = &mut server.connection;
            let nothing = Err(SendError::NoSuchStream);
            let item = connection.send_item(stream, &body(b"early"), false, &mut server.out);
            assert_eq!(item, nothing);
            assert_eq!(connection.complete(stream, &mut server.out), nothing);
        }
        server.assert_sent(&[]);
    }
}
