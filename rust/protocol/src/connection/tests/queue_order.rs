//! "Within a single stream, the frames have to be processed in order": what a stream has to say waits behind its
//! fragments. An error does not, and takes their place.

use super::interactions::*;
use super::*;
use crate::frame::FrameType;

const LONG: Body<'static> = large(77, None, 100);

const FIRST: Flags = Flags::FOLLOWS;

fn payload(flags: Flags) -> FrameHeader {
    frame(1, FrameType::Payload, flags | Flags::NEXT)
}

/// A server that sends frames of 64 bytes, was asked for 9 items on the channel 1 and has begun to send a long one.
fn sending() -> Alone {
    let (_, config) = sending_fragments_of(64);
    let mut server = Alone::server_with(&config);
    server.asked(1, request_channel(9, b""));
    assert!(server.connection.request_n(1, 9));
    server.sent();
    assert_eq!(server.send_body(1, &LONG), Ok(()));
    assert_eq!(server.write(1), [payload(FIRST)]);
    server
}

// Conforms: flow/order-in-stream
#[test]
fn items_wait_behind_the_fragments_of_the_one_before() {
    let mut server = sending();
    assert_eq!(server.send(1, b"short"), Ok(()));
    assert_eq!(server.send_body(1, &LONG), Ok(()));
    assert_eq!(server.send(1, &[b'x'; 100]), Ok(()));
    let rest = payload(Flags::EMPTY);
    let expected = [rest, rest, payload(FIRST), rest, payload(FIRST), rest];
    assert_eq!(server.write(9), expected);
}

// Conforms: flow/order-in-stream
#[test]
fn items_that_waited_arrive_in_order() {
    let (client, server) = sending_fragments_of(64);
    let mut pair = Pair::with(&client, &server);
    pair.client.ask_stream(7, 9);
    pair.ferry();
    let contents: [&[u8]; 5] = [&[b'a'; 500], b"b", &[b'c'; 60], b"", &[b'd'; 90]];
    pair.server.out.room = 1;
    for content in contents {
        assert_eq!(pair.server.send(1, content), Ok(()));
    }
    assert_eq!(pair.server.complete(1), Ok(()));
    pair.server.out.room = usize::MAX;
    let name = StreamName::User(7);
    let mut expected: Vec<Seen> = contents
        .iter()
        .filter_map(|content| got(name, content))
        .collect();
    expected.extend(got_response(7, None));
    assert_eq!(pair.ferry().client, expected);
}

#[test]
fn complete_waits_behind_fragments_and_ends_the_sending() {
    let mut server = sending();
    assert_eq!(server.complete(1), Ok(()));
    assert_eq!(server.send(1, b"late"), Err(SendError::NoSuchStream));
    assert_eq!(server.complete(1), Err(SendError::NoSuchStream));
    assert_eq!(server.fail(1), Err(SendError::NoSuchStream));
    let complete = frame(1, FrameType::Payload, Flags::COMPLETE);
    assert_eq!(server.write(9), [payload(Flags::EMPTY), complete]);
}

#[test]
fn a_stream_is_open_until_its_last_frame_is_written() {
    let mut server = sending();
    assert!(server.receive(1, COMPLETE).is_some());
    assert_eq!(server.complete(1), Ok(()));
    assert_eq!(server.open(), (0, 1));
    server.write(1);
    assert_eq!(server.open(), (0, 1));
    server.write(1);
    assert_eq!(server.open(), (0, 0));
}

#[test]
fn the_last_item_may_be_the_one_that_waits() {
    for last in [LONG, body(b"short")] {
        let mut server = sending();
        let connection = &mut server.connection;
        let sent = connection.send_item(1, &last, true, &mut server.out);
        assert_eq!(sent, Ok(()));
        assert_eq!(server.send(1, b"late"), Err(SendError::NoSuchStream));
        let written = server.write(9);
        let complete: Vec<bool> = written
            .iter()
            .map(|header| header.flags.contains(Flags::COMPLETE))
            .collect();
        assert!(complete.ends_with(&[false, true]), "{written:?}");
    }
}

/// The request may still be waiting, and a peer ignores a REQUEST_N for what it does not know.
#[test]
fn request_n_waits_behind_the_fragments_of_its_request() {
    let (config, _) = sending_fragments_of(64);
    let mut client = Alone::client_with(&config);
    let connection = &mut client.connection;
    let asked = connection.request_stream(7, 1, &LONG, &mut client.out);
    assert_eq!(asked, Ok(1));
    assert!(client.connection.request_n(1, 5));
    let expected = [
        frame(1, FrameType::RequestStream, FIRST),
        payload(Flags::EMPTY),
        frame(1, FrameType::RequestN, Flags::EMPTY),
    ];
    assert_eq!(client.write(9), expected);
}

#[test]
fn an_error_takes_the_place_of_what_waits() {
    let mut server = sending();
    let held = large(78, None, 100);
    assert_eq!(server.send_body(1, &held), Ok(()));
    assert_eq!(server.send(1, b"short"), Ok(()));
    assert!(server.connection.request_n(1, 1));
    server.out.room = usize::MAX;
    assert_eq!(server.fail(1), Ok(()));
    assert_eq!(server.released(), [77, 78]);
    server.assert_sent(&[(1, error(ErrorCode::INVALID, "no"))]);
    assert_eq!(
        (server.open(), server.connection.sending.queued()),
        ((0, 0), 0)
    );
}

/// The driver offers it again, and until then the stream goes on.
#[test]
fn an_error_without_room_drops_nothing() {
    let mut server = sending();
    server.out.room = 0;
    assert_eq!(server.fail(1), Err(SendError::Full));
    assert_eq!((server.released(), server.open()), (vec![], (0, 1)));
    assert_eq!(server.write(9), [payload(Flags::EMPTY)]);
}

// Conforms: fragmentation/cancel
#[test]
fn a_cancel_of_either_side_goes_ahead_and_drops_what_waits() {
    let (config, _) = sending_fragments_of(64);
    let mut client = Alone::client_with(&config);
    client.ask_channel(7, 9);
    client.receive(1, request_n(9));
    client.sent();
    assert_eq!(client.send_body(1, &LONG), Ok(()));
    assert_eq!(client.send(1, b"short"), Ok(()));
    client.write(1);
    assert!(client.connection.cancel(1, 7));
    assert_eq!(client.released(), [77]);
    let cancel = frame(1, FrameType::Cancel, Flags::EMPTY);
    assert_eq!(client.write(9), [cancel]);

    let mut server = sending();
    assert_eq!(server.send(1, b"short"), Ok(()));
    assert!(server.receive(1, Frame::Cancel(Cancel)).is_some());
    assert_eq!((server.released(), server.write(9)), (vec![77], vec![]));
}

/// Wanting no more says nothing about what this side sends.
#[test]
fn a_responder_that_wants_no_more_items_goes_on_with_its_fragments() {
    let mut server = sending();
    assert_eq!(server.send(1, b"short"), Ok(()));
    assert!(server.connection.cancel_receiving(1));
    let rest = payload(Flags::EMPTY);
    let cancel = frame(1, FrameType::Cancel, Flags::EMPTY);
    assert_eq!(server.write(9), [cancel, rest, rest]);
    assert_eq!(server.open(), (0, 1));
}

/// The peer wants no more items, and this side does: what it has asked for has to reach the peer.
#[test]
fn a_responders_cancel_drops_items_but_not_what_they_hold_up() {
    let (config, _) = sending_fragments_of(64);
    let mut client = Alone::client_with(&config);
    client.ask_channel(7, 1);
    client.receive(1, request_n(9));
    client.sent();
    assert_eq!(client.send_body(1, &LONG), Ok(()));
    client.write(1);
    assert!(client.connection.request_n(1, 5));
    assert_eq!(client.send(1, b"short"), Ok(()));
    let seen = client.receive(1, Frame::Cancel(Cancel));
    assert_eq!(seen, Some(Seen::NoMoreWanted { user: 7 }));
    assert_eq!(client.released(), [77]);
    client.out.room = usize::MAX;
    client.assert_sent(&[(1, request_n(5))]);
    assert_eq!(client.connection.sending.queued(), 0);
    let name = StreamName::User(7);
    for _ in 0..6 {
        assert_eq!(client.receive(1, item(b"")), got(name, b""));
    }
    let overrun = client.connection.streams.get(1).map(|open| open.overrun);
    assert_eq!(overrun, Some(0));
}

#[test]
fn the_peers_error_drops_what_waits() {
    let mut server = sending();
    assert_eq!(server.send(1, b"short"), Ok(()));
    let seen = server.receive(1, error(ErrorCode::APPLICATION_ERROR, "no"));
    assert!(matches!(seen, Some(Seen::RequesterFailed { .. })));
    assert_eq!((server.released(), server.write(9)), (vec![77], vec![]));
}

// Conforms: flow/order-in-stream
#[test]
fn what_waits_on_one_stream_holds_up_no_other() {
    let mut server = sending();
    server.asked(3, request_stream(9, b""));
    server.out.room = 1;
    assert_eq!(server.send(3, b"now"), Ok(()));
    server.out.room = 0;
    server.assert_sent(&[(3, item(b"now"))]);
}
