//! How a session is agreed on, and what RESUME and RESUME_OK say.

use super::resume::lose;
use super::*;
use crate::config::ResumeConfig;
use crate::error::ResumeError;
use crate::frame::{Resume, ResumeOk};

/// What a store keeps in these tests, in bytes.
pub(super) const STORE: usize = 16 << 10;

pub(super) fn token() -> Vec<u8> {
    b"a token".to_vec()
}

pub(super) fn resumable(mut config: Config) -> Config {
    config.resume = Some(ResumeConfig {
        token: token(),
        store_limit: STORE,
        session_timeout: Duration::from_secs(60),
    });
    config
}

fn resume_frame(last_received: u64, first_available: u64) -> Frame<'static> {
    Frame::Resume(Resume {
        version: Version { major: 1, minor: 0 },
        token: b"a token",
        last_received_server_position: last_received,
        first_available_client_position: first_available,
    })
}

fn resume_ok(position: u64) -> Frame<'static> {
    Frame::ResumeOk(ResumeOk {
        last_received_client_position: position,
    })
}

/// A client with a session that has lost its transport, and begins anew.
fn resuming_client() -> Alone {
    let mut client = Alone::client_with(&resumable(client_config()));
    client.request(1, b"four"); // 6 bytes of header and 4 of data.
    client.sent();
    assert!(client.connection.transport_lost(client.now, "gone"));
    assert_eq!(client.connection.begin_resume(client.now), Ok(()));
    client.assert_sent(&[(0, resume_frame(0, 0))]);
    client
}

fn resumable_server() -> Alone {
    let mut server = Alone::new(&resumable(server_config()));
    let setup = Setup {
        resume_token: Some(b"a token"),
        ..SETUP
    };
    assert_eq!(server.receive(0, Frame::Setup(setup)), Some(Seen::Setup));
    assert_eq!(server.connection.accept_setup(), Ok(()));
    assert!(server.connection.is_resumable());
    server
}

// Conforms: resume/token-source, resume/same-token
#[test]
fn a_client_proposes_its_token() {
    let mut client = Alone::new(&resumable(client_config()));
    client.assert_sent(&[(
        0,
        Frame::Setup(Setup {
            resume_token: Some(b"a token"),
            ..SETUP
        }),
    )]);
    assert!(client.connection.is_resumable());
}

#[test]
fn a_server_that_cannot_resume_turns_the_client_away() {
    let mut server = Alone::fresh_server();
    let setup = Setup {
        resume_token: Some(b"a token"),
        ..SETUP
    };
    assert_eq!(server.receive(0, Frame::Setup(setup)), Some(Seen::Closed));
    server.assert_aborted(ErrorCode::REJECTED_SETUP);
}

#[test]
fn a_client_that_does_not_propose_it_is_not_resumable() {
    let mut server = Alone::server_with(&resumable(server_config()));
    assert!(!server.connection.is_resumable());
    assert!(!server.connection.transport_lost(server.now, "gone"));
    assert!(server.connection.is_closed());
    assert_eq!(server.reason().origin, Origin::Transport);
}

// Conforms: resume/tracked-frames, resume/untracked-frames, resume/position-starts-at-0, resume/position-length, resume/position-received, resume/positions-sent, resume/client-received, resume/keepalive-position
#[test]
fn positions_count_the_bytes_of_tracked_frames() {
    let mut client = Alone::client_with(&resumable(client_config()));
    let stream = client.request(1, b"four"); // 10 bytes
    client.receive(0, ping(b"not tracked"));
    let pushed = client
        .connection
        .metadata_push(b"nor is this", &mut client.out);
    assert_eq!(pushed, Ok(()));
    client.sent();
    client.receive(stream, answer(PayloadRef::from_data(b"seven77"))); // 13 bytes
    client.connection.transport_lost(client.now, "gone");
    assert_eq!(client.connection.begin_resume(client.now), Ok(()));
    client.assert_sent(&[(0, resume_frame(13, 0))]);
    // The server has the request.
    assert_eq!(client.receive(0, resume_ok(10)), Some(Seen::Resumed));
    client.assert_sent(&[]);
    // A KEEPALIVE tells the position too.
    client.receive(0, ping(b"?"));
    client.assert_sent(&[(
        0,
        Frame::Keepalive(Keepalive {
            respond: false,
            last_received_position: 13,
            data: b"?",
        }),
    )]);
}

#[test]
fn without_resume_keepalives_tell_no_position() {
    let mut server = Alone::server();
    server.receive(1, request_response(PayloadRef::from_data(b"four")));
    server.receive(0, ping(b""));
    server.assert_sent(&[(0, pong(b""))]);
}

// Conforms: resume/ok-position, resume/server-accepts, resume/server-retransmits, resume/ok-stream-0, resume/by-client
#[test]
fn a_server_answers_with_its_position_and_sends_what_is_missing() {
    let mut server = resumable_server();
    server.receive(1, request_response(PayloadRef::from_data(b"four")));
    assert_eq!(server.respond(1, b"answer"), Ok(()));
    server.sent();
    assert!(server.connection.transport_lost(server.now, "gone"));
    assert_eq!(server.connection.resume(server.now, 0, 0), Ok(()));
    server.assert_sent(&[
        (0, resume_ok(10)),
        (1, answer(PayloadRef::from_data(b"answer"))),
    ]);
}

#[test]
fn a_resume_may_come_before_the_server_notices_the_loss() {
    let mut server = resumable_server();
    server.receive(1, request_response(PayloadRef::from_data(b"four")));
    assert_eq!(server.respond(1, b"answer"), Ok(()));
    assert_eq!(server.connection.resume(server.now, 0, 0), Ok(()));
    server.out.take(); // To the old transport.
    server.assert_sent(&[
        (0, resume_ok(10)),
        (1, answer(PayloadRef::from_data(b"answer"))),
    ]);
}

// Conforms: resume/positions-judged, resume/position-refused
#[test]
fn a_server_rejects_positions_that_cannot_be() {
    let cases = [
        (
            "the client gave up too much",
            0,
            11,
            ResumeError::ClientPositionGone,
        ),
        ("more than was sent", 13, 0, ResumeError::ServerPositionGone),
        (
            "in the middle of a frame",
            5,
            0,
            ResumeError::ServerPositionGone,
        ),
    ];
    for (name, last_received, first_available, expected) in cases {
        let mut server = resumable_server();
        server.receive(1, request_response(PayloadRef::from_data(b"four")));
        assert_eq!(server.respond(1, b"answer"), Ok(())); // 12 bytes
        server.sent();
        let resumed = server
            .connection
            .resume(server.now, last_received, first_available);
        assert_eq!(resumed, Err(expected), "{name}");
        assert!(!server.connection.is_closed(), "{name}");
    }
}

/// A client that has given an attempt up makes another, and the first may arrive after it.
#[test]
fn an_attempt_that_comes_late_does_not_end_what_another_resumed() {
    let mut pair = Pair::with(&resumable(client_config()), &resumable(server_config()));
    let (stream, _) = pair.request(1, b"question");
    assert_eq!(pair.server.respond(stream, b"answer"), Ok(()));
    assert_eq!(pair.ferry().client.len(), 1);
    lose(&mut pair);
    super::resume::resume(&mut pair);
    // The first answer has been released since.
    let late = pair.server.connection.resume(pair.server.now, 0, 0);
    assert_eq!(late, Err(ResumeError::ServerPositionGone));
    assert!(!pair.server.connection.is_suspended());
    let (stream, _) = pair.request(2, b"question");
    assert_eq!(pair.server.respond(stream, b"answer"), Ok(()));
    assert_eq!(pair.ferry().client.len(), 1);
}

#[test]
fn frames_that_were_recorded_but_never_sent_cannot_have_arrived() {
    let mut server = resumable_server();
    server.receive(1, request_response(PayloadRef::from_data(b"four")));
    assert!(server.connection.transport_lost(server.now, "gone"));
    assert_eq!(server.respond(1, b"answer"), Ok(()));
    let resumed = server.connection.resume(server.now, 12, 0);
    assert_eq!(resumed, Err(ResumeError::ServerPositionGone));
}

// Conforms: resume/unknown-token, resume/error-codes
#[test]
fn a_server_rejects_a_session_that_it_does_not_know() {
    let mut server = Alone::new(&resumable(server_config()));
    let seen = server.receive(0, resume_frame(3, 4));
    let expected = Seen::Resume {
        token: token(),
        last_received: 3,
        first_available: 4,
    };
    assert_eq!(seen, Some(expected));
    assert!(server.connection.awaits_decision());
    assert_eq!(server.connection.accept_setup(), Err(SendError::NotReady));
    assert_eq!(server.connection.reject_resume("unknown"), Ok(()));
    server.assert_sent(&[(0, error(ErrorCode::REJECTED_RESUME, "unknown"))]);
    assert_eq!(server.reason().origin, Origin::User);
}

#[test]
fn nothing_can_be_rejected_that_was_not_asked() {
    let mut server = Alone::server();
    assert_eq!(
        server.connection.reject_resume("no"),
        Err(SendError::NotReady)
    );
}

#[test]
fn a_server_without_resume_rejects_it() {
    let mut server = Alone::fresh_server();
    assert_eq!(server.receive(0, resume_frame(0, 0)), Some(Seen::Closed));
    server.assert_aborted(ErrorCode::REJECTED_RESUME);
}

// Conforms: resume/nothing-renegotiated, resume/error-codes
#[test]
fn a_resume_of_another_version_is_rejected() {
    let mut server = Alone::new(&resumable(server_config()));
    let frame = Frame::Resume(Resume {
        version: Version { major: 2, minor: 0 },
        token: b"a token",
        last_received_server_position: 0,
        first_available_client_position: 0,
    });
    assert_eq!(server.receive(0, frame), Some(Seen::Closed));
    server.assert_aborted(ErrorCode::REJECTED_RESUME);
}

#[test]
fn a_malformed_resume_is_rejected() {
    let mut server = Alone::new(&resumable(server_config()));
    let header = FrameHeader {
        stream_id: 0,
        frame_type: 0x0D,
        flags: Flags::EMPTY,
    };
    assert_eq!(server.receive_raw(header, &[0, 1]), Some(Seen::Closed));
    server.assert_aborted(ErrorCode::REJECTED_RESUME);
}

// Conforms: resume/after-setup, resume/after-resume, resume/error-codes
#[test]
fn resume_after_setup_or_after_resume_ends_the_connection() {
    let mut server = resumable_server();
    assert_eq!(server.receive(0, resume_frame(0, 0)), Some(Seen::Closed));
    server.assert_aborted(ErrorCode::CONNECTION_ERROR);

    let mut server = resumable_server();
    assert_eq!(server.connection.resume(server.now, 0, 0), Ok(()));
    server.assert_sent(&[(0, resume_ok(0))]);
    assert_eq!(server.receive(0, resume_frame(0, 0)), Some(Seen::Closed));
    server.assert_aborted(ErrorCode::CONNECTION_ERROR);
}

// Conforms: resume/nothing-before-ok, resume/first-frame, resume/frame-stream-0, resume/same-token
#[test]
fn a_client_sends_nothing_before_resume_ok() {
    let mut client = resuming_client();
    client.request(2, b"meanwhile");
    client.pass(Duration::from_secs(5));
    assert_eq!(client.tick(), None);
    client.assert_sent(&[]);
    assert_eq!(client.receive(0, resume_ok(0)), Some(Seen::Resumed));
    client.assert_sent(&[
        (1, request_response(PayloadRef::from_data(b"four"))),
        (3, request_response(PayloadRef::from_data(b"meanwhile"))),
    ]);
}

// Conforms: resume/answer-awaited, resume/ok-stream-0
#[test]
fn a_client_takes_no_other_answer() {
    let answers = [
        (1, answer(PayloadRef::from_data(b""))),
        (0, ping(b"")),
        (1, resume_ok(0)),
    ];
    for (stream, frame) in answers {
        let mut client = resuming_client();
        assert_eq!(client.receive(stream, frame), Some(Seen::Closed));
        client.assert_aborted(ErrorCode::CONNECTION_ERROR);
    }
}

// Conforms: resume/rejection-final, resume/answer-awaited
#[test]
fn a_client_that_is_refused_does_not_try_again() {
    for code in [ErrorCode::REJECTED_RESUME, ErrorCode::CONNECTION_ERROR] {
        let mut client = resuming_client();
        let refusal = error(code, "who are you");
        assert_eq!(client.receive(0, refusal), Some(Seen::Closed));
        let reason = client.reason();
        assert_eq!((reason.origin, reason.code), (Origin::Remote, code));
        assert_eq!(reason.message, "who are you");
        client.assert_sent(&[]);
        let again = client.connection.begin_resume(client.now);
        assert_eq!(again, Err(SendError::Closed));
    }
}

// Conforms: resume/client-gives-up, resume/error-codes
#[test]
fn a_client_ends_a_session_that_the_server_wants_from_elsewhere() {
    for position in [5, 11, 1 << 40] {
        let mut client = resuming_client();
        assert_eq!(client.receive(0, resume_ok(position)), Some(Seen::Closed));
        client.assert_aborted(ErrorCode::CONNECTION_ERROR);
    }
}

#[test]
fn a_server_that_does_not_answer_is_given_up_and_tried_again() {
    let mut client = resuming_client();
    client.pass(Duration::from_secs(10));
    assert_eq!(client.tick(), Some(Seen::Suspended));
    assert!(client.connection.is_suspended());
    // What the old transport still brings is ignored.
    assert_eq!(client.receive(0, resume_ok(0)), None);
    assert_eq!(client.connection.begin_resume(client.now), Ok(()));
    client.assert_sent(&[(0, resume_frame(0, 0))]);
    assert_eq!(client.receive(0, resume_ok(10)), Some(Seen::Resumed));
}

#[test]
fn only_a_suspended_client_begins_to_resume() {
    let mut client = Alone::client_with(&resumable(client_config()));
    let begun = client.connection.begin_resume(client.now);
    assert_eq!(begun, Err(SendError::NotReady));
    let mut server = resumable_server();
    assert!(server.connection.transport_lost(server.now, "gone"));
    let begun = server.connection.begin_resume(server.now);
    assert_eq!(begun, Err(SendError::NotReady));
    let mut plain = Alone::client();
    assert!(!plain.connection.transport_lost(plain.now, "gone"));
    let begun = plain.connection.begin_resume(plain.now);
    assert_eq!(begun, Err(SendError::Closed));
}

#[test]
fn only_a_resumable_server_resumes() {
    let mut server = Alone::server();
    let resumed = server.connection.resume(server.now, 0, 0);
    assert_eq!(resumed, Err(ResumeError::NotResumable));
    assert!(!server.connection.is_closed());
    let mut client = Alone::client_with(&resumable(client_config()));
    let resumed = client.connection.resume(client.now, 0, 0);
    assert_eq!(resumed, Err(ResumeError::NotResumable));
}

#[test]
fn keepalives_start_again_with_the_transport() {
    let mut pair = Pair::with(&resumable(client_config()), &resumable(server_config()));
    lose(&mut pair);
    pair.client.pass(Duration::from_secs(30));
    assert_eq!(pair.client.tick(), None);
    pair.client.assert_sent(&[]);
    assert_eq!(pair.client.connection.begin_resume(pair.client.now), Ok(()));
    pair.client.assert_sent(&[(0, resume_frame(0, 0))]);
    assert_eq!(pair.client.receive(0, resume_ok(0)), Some(Seen::Resumed));
    assert_eq!(pair.client.run_to_deadline(), None);
    pair.client.assert_sent(&[(0, ping(b""))]);
}
