//! What a resumable connection sends besides what it sends again, and when.

use super::resume::{lose, pair, resume};
use super::resume_handshake::{STORE, resumable, token};
use super::*;
use crate::frame::{Frame, ResumeOk};

/// Lets one side write so many frames and no more.
fn sent_of(side: &mut Alone, frames: usize) -> Vec<Vec<u8>> {
    side.out.room = frames;
    let sent = side.sent();
    side.out.room = usize::MAX;
    sent
}

/// A server that has answered twice to nobody, and is resumed by a client that has neither answer.
fn server_with_two_answers() -> Alone {
    let mut server = Alone::new(&resumable(server_config()));
    let setup = Setup {
        resume_token: Some(&token()),
        ..SETUP
    };
    assert_eq!(server.receive(0, Frame::Setup(setup)), Some(Seen::Setup));
    assert_eq!(server.connection.accept_setup(), Ok(()));
    for stream in [1, 3] {
        let request = request_response(PayloadRef::from_data(b"four"));
        assert!(server.receive(stream, request).is_some());
        assert_eq!(server.respond(stream, b"answer"), Ok(())); // 12 bytes
    }
    server.sent();
    assert!(server.connection.transport_lost(server.now, "gone"));
    assert_eq!(server.connection.resume(server.now, 0, 0), Ok(()));
    server
}

fn answers() -> [(u32, Frame<'static>); 2] {
    [1, 3].map(|stream| (stream, answer(PayloadRef::from_data(b"answer"))))
}

fn resume_ok() -> (u32, Frame<'static>) {
    let last_received_client_position = 20;
    (
        0,
        Frame::ResumeOk(ResumeOk {
            last_received_client_position,
        }),
    )
}

// Conforms: resume/keepalive-trims
#[test]
fn a_client_that_claims_what_is_still_to_be_sent_again_is_not_believed() {
    let mut server = server_with_two_answers();
    assert_eq!(sent_of(&mut server, 1).len(), 1);
    // It had the first answer once, so it says now. It said otherwise in its RESUME.
    let claim = Frame::Keepalive(Keepalive {
        respond: false,
        last_received_position: 24,
        data: b"",
    });
    assert_eq!(server.receive(0, claim), None);
    server.assert_sent(&answers());
    assert!(!server.connection.wants_transmit());
}

// Conforms: flow/stream-0-first
#[test]
fn keepalives_do_not_wait_for_what_is_sent_again() {
    let mut server = server_with_two_answers();
    server.receive(0, ping(b"?"));
    let echo = Frame::Keepalive(Keepalive {
        respond: false,
        last_received_position: 20,
        data: b"?",
    });
    let [first, second] = answers();
    server.assert_sent(&[resume_ok(), (0, echo), first, second]);
}

#[test]
fn what_a_stream_says_waits_for_what_is_sent_again() {
    let mut server = server_with_two_answers();
    // Refused on its own stream, as the id is not one of a client's.
    server.receive(4, request_response(PayloadRef::from_data(b"")));
    server.receive(0, ping(b""));
    let echo = Frame::Keepalive(Keepalive {
        respond: false,
        last_received_position: 26,
        data: b"",
    });
    let refused = error(
        ErrorCode::REJECTED,
        "the stream id belongs to the other side",
    );
    let [first, second] = answers();
    server.assert_sent(&[resume_ok(), (0, echo), first, second, (4, refused)]);
}

#[test]
fn nothing_follows_the_error_that_ends_a_connection() {
    let mut pair = pair();
    pair.client.request(1, &vec![0; STORE / 2]);
    let client = &mut pair.client;
    client.out.take();
    client.connection.close(ErrorCode::CONNECTION_ERROR, "done");
    client.assert_sent(&[(0, error(ErrorCode::CONNECTION_ERROR, "done"))]);
}

#[test]
fn a_connection_that_wants_to_know_the_position_says_so() {
    let mut pair = pair();
    pair.ferry();
    let client = &mut pair.client;
    client.request(1, &vec![0; STORE / 2]);
    assert_eq!(client.out.take().len(), 1);
    assert!(client.connection.wants_transmit());
    assert!(client.connection.transmit_one(&mut client.out));
    assert_eq!(client.out.take().len(), 1, "a KEEPALIVE");
    assert!(!client.connection.wants_transmit());
}

#[test]
fn a_connection_that_may_transmit_leaves_nothing_to_ask() {
    let mut config = resumable(client_config());
    config.fragment_len = 64;
    let mut client = Alone::client_with(&config);
    client.out.room = 1;
    client.request(1, &vec![0; STORE / 2]);
    client.out.room = usize::MAX;
    client.connection.transmit(&mut client.out);
    assert!(!client.connection.wants_transmit());
}

#[test]
fn what_was_answered_without_a_transport_goes_out_before_a_draining_connection_ends() {
    let mut pair = pair();
    let (stream, _) = pair.request(1, b"question");
    let ends = error(ErrorCode::CONNECTION_CLOSE, "after this");
    assert_eq!(pair.server.receive(0, ends), Some(Seen::Draining));
    lose(&mut pair);
    assert_eq!(pair.server.respond(stream, b"answer"), Ok(()));
    assert_eq!(pair.server.tick(), None);
    resume(&mut pair);
    assert_eq!(pair.server.tick(), None);
    assert_eq!(pair.ferry().client.len(), 1);
    assert_eq!(pair.server.run_to_deadline(), Some(Seen::Closed));
}

#[test]
fn a_draining_connection_without_a_transport_ends_with_its_session() {
    let mut pair = pair();
    let (stream, _) = pair.request(1, b"question");
    let ends = error(ErrorCode::CONNECTION_CLOSE, "after this");
    assert_eq!(pair.server.receive(0, ends), Some(Seen::Draining));
    lose(&mut pair);
    assert_eq!(pair.server.respond(stream, b"answer"), Ok(()));
    let lost = pair.server.now;
    assert_eq!(pair.server.run_to_deadline(), Some(Seen::Closed));
    assert_eq!(pair.server.now, lost + Duration::from_secs(60));
    assert_eq!(pair.server.reason().code, ErrorCode::CONNECTION_CLOSE);
}

#[test]
fn a_connection_that_is_over_has_nothing_to_send_without_a_transport() {
    let mut pair = pair();
    let client = &mut pair.client;
    client.connection.close(ErrorCode::CONNECTION_CLOSE, "done");
    assert!(client.connection.wants_transmit());
    assert!(!client.connection.transport_lost(client.now, "gone"));
    assert!(!client.connection.wants_transmit());
    assert_eq!(client.reason().origin, Origin::User);
}

#[test]
fn what_could_not_be_sent_on_a_lost_transport_is_not_held_against_the_next() {
    let mut config = resumable(client_config());
    config.limits.max_control_bytes = 50;
    let mut pair = Pair::with(&config, &resumable(server_config()));
    pair.client.out.room = 0;
    for _ in 0..9 {
        assert_eq!(pair.client.run_to_deadline(), None, "a KEEPALIVE is due");
    }
    pair.client.out.room = usize::MAX;
    lose(&mut pair);
    resume(&mut pair);
    pair.client.receive(0, ping(b""));
    assert!(!pair.client.connection.is_closed());
}

// Conforms: resume/answer-awaited, resume/error-codes
#[test]
fn a_client_that_is_not_answered_is_told_of_the_end_and_nothing_else() {
    let mut server = server_with_two_answers();
    server.receive(0, ping(b"?"));
    server.receive(4, request_response(PayloadRef::from_data(b"")));
    let connection = &mut server.connection;
    connection.close(ErrorCode::CONNECTION_ERROR, "enough");
    server.assert_sent(&[(0, error(ErrorCode::CONNECTION_ERROR, "enough"))]);
}
