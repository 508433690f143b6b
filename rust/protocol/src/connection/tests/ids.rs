//! "Client stream ids are odd from 1, server ids even from 2; the reserved bit is masked; ids wrap and skip those in
//! use."

use super::*;
use crate::frame::{MAX_STREAM_ID, RequestStream};

// Conforms: stream-id/by-requester, stream-id/zero-reserved, stream-id/parity, stream-id/client-sequence
// Conforms: stream-id/server-sequence
#[test]
fn client_ids_are_odd_from_1_and_server_ids_even_from_2() {
    let (mut client, mut server) = (Alone::client(), Alone::server());
    for turn in 0..4 {
        assert_eq!(client.request(turn.into(), b""), 1 + 2 * turn);
        assert_eq!(server.request(turn.into(), b""), 2 + 2 * turn);
    }
}

// Conforms: stream-id/client-sequence, stream/id-not-reused
#[test]
fn fire_and_forget_uses_up_an_id() {
    let mut client = Alone::client();
    let sent = client
        .connection
        .fire_and_forget(&body(b""), &mut client.out);
    assert_eq!(sent, Ok(()));
    assert_eq!(client.request(1, b""), 3);
    client.assert_sent(&[
        (1, request_fnf(PayloadRef::default())),
        (3, request_response(PayloadRef::default())),
    ]);
}

// Conforms: stream-id/unique, stream-id/reuse, stream-id/wrap, stream-id/skip-in-use, stream-id/reuse-with-resume
#[test]
fn ids_wrap_and_skip_those_in_use() {
    let mut client = Alone::client();
    assert_eq!([client.request(1, b""), client.request(3, b"")], [1, 3]);
    client.connection.streams.set_next_id(MAX_STREAM_ID);
    assert_eq!(client.request(2, b""), MAX_STREAM_ID);
    assert_eq!(client.request(5, b""), 5);
    client.receive(3, answer(PayloadRef::default()));
    client.connection.streams.set_next_id(MAX_STREAM_ID - 2);
    assert_eq!(client.request(4, b""), MAX_STREAM_ID - 2);
    assert_eq!(client.request(6, b""), 3, "after both 2^31-1 and 1");

    let mut server = Alone::server();
    assert_eq!(server.request(1, b""), 2);
    server.connection.streams.set_next_id(MAX_STREAM_ID - 1);
    assert_eq!(server.request(2, b""), MAX_STREAM_ID - 1);
    assert_eq!(server.request(3, b""), 4);
}

#[test]
fn an_id_is_not_used_up_by_a_request_that_was_not_sent() {
    let mut client = Alone::client();
    client.out.room = 0;
    let connection = &mut client.connection;
    let full = connection.request_response(1, &body(b""), &mut client.out);
    assert_eq!(full, Err(SendError::Full));
    client.out.room = 1;
    assert_eq!(client.request(1, b""), 1);
}

// Conforms: stream-id/expect-reuse, stream/forgotten
#[test]
fn a_peer_may_use_an_id_again_once_its_stream_has_ended() {
    let mut server = Alone::server();
    for _ in 0..2 {
        let seen = server.receive(1, request_response(PayloadRef::default()));
        assert!(matches!(seen, Some(Seen::Request { stream: 1, .. })));
        let sent = server.connection.respond(1, None, &mut server.out);
        assert_eq!(sent, Ok(()));
    }
}

// Conforms: unexpected/request-in-use
#[test]
fn a_request_on_an_id_in_use_is_ignored() {
    let again = [
        request_response(PayloadRef::from_data(b"again")),
        request_fnf(PayloadRef::from_data(b"again")),
        Frame::RequestStream(RequestStream {
            follows: false,
            initial_n: 1,
            payload: PayloadRef::default(),
        }),
    ];
    for frame in again {
        let mut server = Alone::server();
        server.receive(1, request_response(PayloadRef::from_data(b"first")));
        assert_eq!(server.receive(1, frame), None);
        server.assert_sent(&[]);
        let sent = server.connection.respond(1, None, &mut server.out);
        assert_eq!(sent, Ok(()), "the first still waits");
    }
}

// Conforms: stream-id/parity
#[test]
fn a_request_with_an_id_of_this_side_is_rejected() {
    let mut server = Alone::server();
    assert_eq!(
        server.receive(2, request_response(PayloadRef::default())),
        None
    );
    let sent = server.sent();
    assert!(matches!(
        Frame::decode(&sent[0]),
        Ok((
            2,
            Frame::Error(ErrorFrame {
                code: ErrorCode::REJECTED,
                ..
            })
        ))
    ));
    assert_eq!(server.connection.inbound_streams(), 0);
}

// Conforms: header/reserved-bit
#[test]
fn the_reserved_bit_of_a_stream_id_is_masked() {
    let mut bytes = Vec::new();
    request_response(PayloadRef::default()).encode(5, &mut bytes);
    bytes[0] |= 0x80;
    let seen = Alone::server().receive_bytes(&bytes);
    assert!(matches!(seen, Some(Seen::Request { stream: 5, .. })));
}
