//! What one side may make the other hold, and what happens to a request that passes a limit.

use super::*;
use crate::frame::MAX_FRAME_LEN;
use crate::sink::ExternalBody;

// Conforms: error/rejected
#[test]
fn a_request_over_the_inbound_limit_is_rejected_and_the_others_go_on() {
    let mut config = server_config();
    config.limits.max_inbound_streams = 2;
    let mut server = Alone::server_with(&config);
    server.receive(1, request_response(PayloadRef::default()));
    server.receive(3, request_response(PayloadRef::default()));
    assert_eq!(
        server.receive(5, request_response(PayloadRef::default())),
        None
    );
    assert_eq!(server.connection.inbound_streams(), 2);
    server.assert_sent(&[(5, error(ErrorCode::REJECTED, "too many requests are open"))]);

    assert_eq!(server.respond(1, b""), Ok(()));
    let seen = server.receive(7, request_response(PayloadRef::default()));
    assert!(matches!(seen, Some(Seen::Request { stream: 7, .. })));
}

#[test]
fn the_inbound_limit_does_not_concern_whole_fire_and_forgets() {
    let mut config = server_config();
    config.limits.max_inbound_streams = 2;
    let mut server = Alone::server_with(&config);
    for stream in [1, 3, 5, 7] {
        let seen = server.receive(stream, request_fnf(PayloadRef::default()));
        assert!(matches!(seen, Some(Seen::Request { slot: 0, .. })));
    }
}

// Conforms: stream-id/all-in-use
#[test]
fn a_request_over_the_outbound_limit_is_refused_here() {
    let mut config = client_config();
    config.limits.max_outbound_streams = 2;
    let mut client = Alone::client_with(&config);
    client.request(1, b"");
    client.request(2, b"");
    client.sent();
    let connection = &mut client.connection;
    let third = connection.request_response(3, &body(b""), &mut client.out);
    assert_eq!(third, Err(SendError::TooManyStreams));
    let fnf = connection.fire_and_forget(&body(b""), &mut client.out);
    assert_eq!(fnf, Ok(()), "it opens no stream");
    client.receive(1, answer(PayloadRef::default()));
    assert_eq!(client.request(3, b""), 7);
}

#[test]
fn a_payload_over_the_limit_fails_alone() {
    let mut config = client_config();
    config.limits.max_payload_len = MAX_FRAME_LEN;
    let large = vec![0; MAX_FRAME_LEN + 1];
    let half = MAX_FRAME_LEN / 2;
    for payload in [
        PayloadRef::from_data(&large),
        PayloadRef::new(Some(b""), &large),
        PayloadRef::new(Some(&large), b""),
        PayloadRef::new(Some(&large[..half]), &large[..half + 2]),
    ] {
        let large = Body::Inline(payload);
        let mut client = Alone::client_with(&config);
        let connection = &mut client.connection;
        let refused = Err(SendError::PayloadTooLarge);
        let out = &mut client.out;
        assert_eq!(connection.request_response(1, &large, out), refused);
        assert_eq!(connection.request_stream(1, 1, &large, out), refused);
        let channel = connection.request_channel(1, 1, &large, false, out);
        assert_eq!(channel, refused);
        let forgotten = connection.fire_and_forget(&large, out);
        assert_eq!(forgotten, Err(SendError::PayloadTooLarge));
        assert_eq!(connection.outbound_streams(), 0);
        client.assert_sent(&[]);
        assert_eq!(client.request(1, b""), 1, "the connection goes on");
    }
}

// Conforms: framing/max-frame
#[test]
fn the_longest_payload_that_fits_a_frame_is_sent() {
    let longest = Body::External(ExternalBody {
        token: 1,
        metadata_len: Some(3),
        data_len: MAX_FRAME_LEN - FrameHeader::LEN - 6,
    });
    let mut client = Alone::client();
    let connection = &mut client.connection;
    let sent = connection.request_response(1, &longest, &mut client.out);
    assert_eq!(sent, Ok(1));
    assert_eq!(client.sent()[0].len(), MAX_FRAME_LEN);
}

#[test]
fn an_answer_over_the_limit_leaves_the_request_to_be_answered() {
    let mut config = server_config();
    config.limits.max_payload_len = MAX_FRAME_LEN;
    let mut server = Alone::server_with(&config);
    server.receive(1, request_response(PayloadRef::default()));
    let large = vec![0; MAX_FRAME_LEN + 1];
    let large = Body::Inline(PayloadRef::from_data(&large));
    let connection = &mut server.connection;
    let refused = connection.respond(1, Some(&large), &mut server.out);
    assert_eq!(refused, Err(SendError::PayloadTooLarge));
    let failed = connection.send_error(1, ErrorCode::INVALID, b"too large", &mut server.out);
    assert_eq!(failed, Ok(()));
    server.assert_sent(&[(1, error(ErrorCode::INVALID, "too large"))]);
}

/// The layer below finds it, since it alone sees lengths; what follows cannot be found.
#[test]
fn a_frame_that_the_layer_below_refuses_ends_the_connection() {
    let mut server = Alone::server();
    server.receive(1, request_response(PayloadRef::default()));
    let event = server.connection.fail("a frame of 20 bytes is too long");
    assert_eq!(event, Event::Closed);
    server.assert_aborted(ErrorCode::CONNECTION_ERROR);
}

#[test]
fn a_flood_of_rejections_that_are_not_read_is_a_connection_error() {
    let mut config = server_config();
    config.limits.max_inbound_streams = 0;
    config.limits.max_control_bytes = 1_000;
    let mut server = Alone::server_with(&config);
    let closed = (0..1_000).find_map(|turn| {
        let request = request_response(PayloadRef::default());
        server.receive(1 + 2 * turn, request)
    });
    assert_eq!(closed, Some(Seen::Closed));
    assert_eq!(server.reason().code, ErrorCode::CONNECTION_ERROR);
    let last = server.sent().pop().expect("something was sent");
    assert!(matches!(
        Frame::decode(&last),
        Ok((
            0,
            Frame::Error(ErrorFrame {
                code: ErrorCode::CONNECTION_ERROR,
                ..
            })
        ))
    ));
}
