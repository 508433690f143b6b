//! Request-stream: any number of items, then exactly one end.

use super::interactions::*;
use super::*;

/// A server that was asked for a stream of up to 9 items on stream 1, and the slot.
fn asked() -> (Alone, u64) {
    let mut server = Alone::server();
    let slot = server.asked(1, request_stream(9, b""));
    (server, slot)
}

/// A client that asked for a stream of up to 9 items on stream 1 under the name 7.
fn asking() -> Alone {
    let mut client = Alone::client();
    assert_eq!(client.ask_stream(7, 9), 1);
    client.sent();
    client
}

const MINE: StreamName = StreamName::User(7);

// Conforms: request-stream/initial-n
#[test]
fn a_request_says_how_many_items_it_takes_to_begin_with() {
    let mut pair = Pair::connected();
    pair.client.ask_stream(7, 3);
    let seen = pair.ferry().server;
    assert_eq!(
        seen,
        [Seen::Request {
            stream: 1,
            slot: 1 << 32,
            kind: RequestKind::RequestStream,
            initial_n: 3,
            complete: true,
            payload: only_data(b"ask"),
        }]
    );
    assert_eq!((pair.client.open(), pair.server.open()), ((1, 0), (0, 1)));
}

// Conforms: payload/next, payload/complete, payload/empty-item, request-stream/completed
// Conforms: request-stream/requester-ends, request-stream/responder-ends, flow/order-in-stream
#[test]
fn items_arrive_in_order_and_the_last_one_ends_the_stream() {
    let mut pair = Pair::connected();
    pair.client.ask_stream(7, 3);
    pair.ferry();
    assert_eq!(pair.server.send(1, b"a"), Ok(()));
    assert_eq!(pair.server.send(1, b""), Ok(()));
    assert_eq!(pair.server.send_last(1, b"c"), Ok(()));
    let expected = [got(MINE, b"a"), got(MINE, b""), got_response(7, Some(b"c"))];
    assert_eq!(pair.ferry().client, expected.map(Option::unwrap));
    assert_eq!((pair.client.open(), pair.server.open()), ((0, 0), (0, 0)));
}

// Conforms: payload/next, payload/next-only, payload/neither
#[test]
fn an_item_is_one_payload_frame_with_next() {
    let (mut server, _) = asked();
    assert_eq!(server.send(1, b"a"), Ok(()));
    assert_eq!(server.send_last(1, b"b"), Ok(()));
    server.assert_sent(&[(1, item(b"a")), (1, answer(PayloadRef::from_data(b"b")))]);
}

// Conforms: payload/complete, payload/complete-only, payload/neither, request-stream/completed
#[test]
fn a_stream_may_end_without_an_item() {
    let (mut server, _) = asked();
    assert_eq!(server.complete(1), Ok(()));
    server.assert_sent(&[(1, COMPLETE)]);
    let mut client = asking();
    assert_eq!(client.receive(1, COMPLETE), got_response(7, None));
    assert_eq!((client.open(), server.open()), ((0, 0), (0, 0)));
}

#[test]
fn completing_needs_no_credit() {
    let mut server = Alone::server();
    server.receive(1, request_stream(1, b""));
    assert_eq!(server.send(1, b"a"), Ok(()));
    assert_eq!(server.send_last(1, b"b"), Err(SendError::NoCredit));
    assert_eq!(server.complete(1), Ok(()));
    server.assert_sent(&[(1, item(b"a")), (1, COMPLETE)]);
}

// Conforms: request-stream/failed, request-stream/requester-ends, request-stream/responder-ends
#[test]
fn an_error_ends_the_stream_after_the_items_before_it() {
    let mut pair = Pair::connected();
    pair.client.ask_stream(7, 3);
    pair.ferry();
    assert_eq!(pair.server.send(1, b"a"), Ok(()));
    assert_eq!(pair.server.fail(1), Ok(()));
    let failed = Seen::Failed {
        user: 7,
        code: ErrorCode::INVALID,
        message: "no".to_owned(),
    };
    assert_eq!(
        pair.ferry().client,
        [got(MINE, b"a").expect("an item"), failed]
    );
    assert_eq!((pair.client.open(), pair.server.open()), ((0, 0), (0, 0)));
}

// Conforms: request-stream/responder-cancel-ends, request-stream/responder-ends
#[test]
fn nothing_is_sent_after_the_end() {
    type End = fn(&mut Alone);
    let ends: [End; 5] = [
        |server| assert_eq!(server.send_last(1, b""), Ok(())),
        |server| assert_eq!(server.complete(1), Ok(())),
        |server| assert_eq!(server.fail(1), Ok(())),
        |server| assert!(server.receive(1, Frame::Cancel(Cancel)).is_some()),
        |server| assert!(server.receive(1, error(ErrorCode::CANCELED, "")).is_some()),
    ];
    for end in ends {
        let (mut server, _) = asked();
        end(&mut server);
        server.sent();
        let ended = Err(SendError::NoSuchStream);
        assert_eq!(server.send(1, b"late"), ended);
        assert_eq!(server.send_last(1, b"late"), ended);
        assert_eq!(server.complete(1), ended);
        assert_eq!(server.fail(1), ended);
        assert!(!server.connection.request_n(1, 1));
        assert!(!server.connection.cancel_receiving(1));
        server.assert_sent(&[]);
    }
}

// Conforms: request-stream/requester-cancel-ends, request-stream/requester-ends, unexpected/payload-unknown
#[test]
fn nothing_is_told_after_the_end() {
    type End = fn(&mut Alone);
    let ends: [End; 4] = [
        |client| assert!(client.receive(1, COMPLETE).is_some()),
        |client| assert!(client.receive(1, answer(PayloadRef::default())).is_some()),
        |client| assert!(client.receive(1, error(ErrorCode::REJECTED, "")).is_some()),
        |client| assert!(client.connection.cancel(1, 7)),
    ];
    for end in ends {
        let mut client = asking();
        end(&mut client);
        client.sent();
        assert_eq!(client.open(), (0, 0));
        for late in [
            item(b"late"),
            fragment(b"late"),
            COMPLETE,
            error(ErrorCode::INVALID, ""),
            request_n(1),
            Frame::Cancel(Cancel),
        ] {
            assert_eq!(client.receive(1, late), None);
        }
        assert!(!client.connection.request_n(1, 1));
        assert!(!client.connection.cancel(1, 7));
        client.assert_sent(&[]);
    }
}

// Conforms: request-stream/cancelled, request-stream/responder-cancel-ends, request-stream/requester-cancel-ends
#[test]
fn a_withdrawn_stream_ends_on_both_sides() {
    let mut pair = Pair::connected();
    pair.client.ask_stream(7, 3);
    pair.ferry();
    assert!(pair.client.connection.cancel(1, 7));
    let slot = 1 << 32;
    assert_eq!(pair.ferry().server, [Seen::Cancelled { stream: 1, slot }]);
    assert_eq!((pair.client.open(), pair.server.open()), ((0, 0), (0, 0)));
}

/// Its own items are what could fail, and it has none.
#[test]
fn an_error_from_the_requester_withdraws_the_stream() {
    let (mut server, slot) = asked();
    let seen = server.receive(1, error(ErrorCode::APPLICATION_ERROR, ""));
    assert_eq!(seen, Some(Seen::Cancelled { stream: 1, slot }));
    assert_eq!(server.open(), (0, 0));
}

#[test]
fn the_requester_of_a_stream_sends_no_items() {
    let mut client = asking();
    let ended = Err(SendError::NoSuchStream);
    assert_eq!(client.send(1, b""), ended);
    assert_eq!(client.complete(1), ended);
    assert_eq!(client.fail(1), ended);
    assert!(!client.connection.cancel_receiving(1));
    client.assert_sent(&[]);
    assert_eq!(client.receive(1, item(b"a")), got(MINE, b"a"));
}

#[test]
fn a_cancel_or_a_grant_for_a_stream_of_this_side_is_ignored() {
    let mut client = asking();
    assert_eq!(client.receive(1, Frame::Cancel(Cancel)), None);
    assert_eq!(client.receive(1, request_n(5)), None);
    assert_eq!(client.receive(1, item(b"a")), got(MINE, b"a"));
}

#[test]
fn an_item_of_the_requester_is_ignored() {
    let (mut server, _) = asked();
    for frame in [item(b"?"), fragment(b"?"), COMPLETE] {
        assert_eq!(server.receive(1, frame), None);
    }
    assert_eq!(server.connection.reassembly.held(), 0);
    assert_eq!(server.send(1, b"a"), Ok(()));
}

/// Some peers leave NEXT off; what has neither bytes nor flags is nothing.
#[test]
fn an_item_without_next_is_one_if_it_has_bytes() {
    let bare = |data| {
        Frame::Payload(PayloadFrame {
            follows: false,
            complete: false,
            next: false,
            payload: PayloadRef::from_data(data),
        })
    };
    let mut client = asking();
    assert_eq!(client.receive(1, bare(b"a")), got(MINE, b"a"));
    assert_eq!(client.receive(1, bare(b"")), None);
    assert_eq!(client.open(), (1, 0));
}

#[test]
fn an_item_may_arrive_in_fragments_between_others() {
    let mut client = asking();
    assert_eq!(client.receive(1, item(b"one")), got(MINE, b"one"));
    assert_eq!(client.receive(1, fragment(b"t")), None);
    assert_eq!(client.receive(1, fragment(b"w")), None);
    assert_eq!(client.receive(1, item(b"o")), got(MINE, b"two"));
    assert_eq!(client.receive(1, fragment(b"thr")), None);
    let last = answer(PayloadRef::from_data(b"ee"));
    assert_eq!(client.receive(1, last), got_response(7, Some(b"three")));
    assert_eq!(client.connection.reassembly.held(), 0);
}

/// "Value MUST be > 0."
// Conforms: error/invalid, request-stream/initial-n-positive, request-channel/initial-n-positive
#[test]
fn a_request_for_no_items_is_invalid() {
    for request in [request_stream(0, b""), request_channel(0, b"")] {
        let mut server = Alone::server();
        assert_eq!(server.receive(1, request), None);
        let told = error(ErrorCode::INVALID, "the initial request n must not be 0");
        server.assert_sent(&[(1, told)]);
        assert_eq!(server.open(), (0, 0));
    }
}

// Conforms: request-stream/initial-n-positive
#[test]
fn an_initial_request_out_of_range_is_clamped() {
    for (asked, sent) in [(0, 1), (1 << 31, 0x7FFF_FFFF), (u32::MAX, 0x7FFF_FFFF)] {
        let mut client = Alone::client();
        client.ask_stream(7, asked);
        client.assert_sent(&[(1, request_stream(sent, b"ask"))]);
    }
}

// Conforms: stream/id-not-reused
#[test]
fn requests_of_all_kinds_share_the_limits_and_the_ids() {
    let mut config = client_config();
    config.limits.max_outbound_streams = 2;
    let mut client = Alone::client_with(&config);
    assert_eq!((client.ask_stream(7, 1), client.ask_channel(8, 1)), (1, 3));
    let third = client
        .connection
        .request_stream(9, 1, &body(b""), &mut client.out);
    assert_eq!(third, Err(SendError::TooManyStreams));
    client.receive(1, COMPLETE);
    assert_eq!(client.request(9, b""), 5);

    let mut config = server_config();
    config.limits.max_inbound_streams = 2;
    let mut server = Alone::server_with(&config);
    server.asked(1, request_stream(1, b""));
    server.asked(3, request_channel(1, b""));
    assert_eq!(server.receive(5, request_stream(1, b"")), None);
    server.assert_sent(&[(5, error(ErrorCode::REJECTED, "too many requests are open"))]);
}

// Conforms: stream/ends-with-connection
#[test]
fn the_end_of_the_connection_ends_every_stream() {
    let mut pair = Pair::connected();
    pair.client.ask_stream(7, 3);
    pair.client.ask_channel(8, 3);
    pair.ferry();
    pair.client
        .connection
        .close(ErrorCode::CONNECTION_ERROR, "bye");
    assert_eq!(pair.ferry().server, [Seen::Closed]);
    assert_eq!((pair.client.open(), pair.server.open()), ((0, 0), (0, 0)));
    assert_eq!(pair.server.send(1, b""), Err(SendError::Closed));
    assert_eq!(pair.server.complete(3), Err(SendError::Closed));
}

#[test]
fn a_draining_connection_ends_with_the_end_of_its_last_stream() {
    let mut client = asking();
    let close = error(ErrorCode::CONNECTION_CLOSE, "bye");
    assert_eq!(client.receive(0, close), Some(Seen::Draining));
    let connection = &mut client.connection;
    let refused = connection.request_stream(8, 1, &body(b""), &mut client.out);
    assert_eq!(refused, Err(SendError::Draining));
    assert!(client.connection.request_n(1, 1), "what is open goes on");
    assert_eq!(client.receive(1, item(b"a")), got(MINE, b"a"));
    assert_eq!(client.tick(), None);
    assert_eq!(client.receive(1, COMPLETE), got_response(7, None));
    assert_eq!(client.run_to_deadline(), Some(Seen::Closed));
}
