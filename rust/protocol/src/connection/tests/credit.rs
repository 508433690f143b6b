//! "Credits are cumulative", in both directions of every stream; nothing is sent without, and a peer that does may do
//! so for a while (specification, "Flow Control").

use super::interactions::*;
use super::*;

const MINE: StreamName = StreamName::User(7);

const NO_CREDIT: Result<(), SendError> = Err(SendError::NoCredit);

// Conforms: flow/credit, flow/both-sides, flow/resumed-by-request-n
#[test]
fn no_more_items_are_sent_than_were_asked_for() {
    let mut server = Alone::server();
    let slot = server.asked(1, request_stream(2, b""));
    assert_eq!(server.send(1, b"a"), Ok(()));
    assert_eq!(server.send(1, b"b"), Ok(()));
    assert_eq!(server.send(1, b"c"), NO_CREDIT);
    assert_eq!(server.send_last(1, b"c"), NO_CREDIT);
    server.assert_sent(&[(1, item(b"a")), (1, item(b"b"))]);

    let name = StreamName::Slot(slot);
    let granted = server.receive(1, request_n(1));
    assert_eq!(granted, Some(Seen::Granted { name, n: 1 }));
    assert_eq!(server.send(1, b"c"), Ok(()));
    assert_eq!(server.send(1, b"d"), NO_CREDIT);
}

/// "`request(3)` and `request(2)` accumulates to a value of 5."
// Conforms: flow/cumulative, flow/not-revoked
#[test]
fn credits_add_up() {
    let mut server = Alone::server();
    server.asked(1, request_stream(1, b""));
    server.receive(1, request_n(3));
    server.receive(1, request_n(2));
    for _ in 0..6 {
        assert_eq!(server.send(1, b""), Ok(()));
    }
    assert_eq!(server.send(1, b""), NO_CREDIT);
}

// Conforms: flow/cumulative, flow/no-unbounded
#[test]
fn credits_of_all_that_can_be_asked_for_add_up_beyond_31_bits() {
    let mut server = Alone::server();
    let slot = server.asked(1, request_stream(0x7FFF_FFFF, b""));
    let (name, n) = (StreamName::Slot(slot), 0x7FFF_FFFF);
    for _ in 0..4 {
        let granted = server.receive(1, request_n(n));
        assert_eq!(granted, Some(Seen::Granted { name, n }));
    }
    let credit = server
        .connection
        .streams
        .get(1)
        .map(|open| open.send_credit);
    assert_eq!(credit, Some(5 * 0x7FFF_FFFF));
}

#[test]
fn an_item_that_is_not_sent_for_lack_of_room_uses_no_credit() {
    let mut server = Alone::server();
    server.asked(1, request_stream(1, b""));
    server.out.room = 0;
    assert_eq!(server.send(1, b"a"), Err(SendError::Full));
    server.out.room = usize::MAX;
    assert_eq!(server.send(1, b"a"), Ok(()));
    assert_eq!(server.send(1, b"b"), NO_CREDIT);
}

/// "A fragmented PAYLOAD frame counts as a single request(n) credit."
// Conforms: fragmentation/credit
#[test]
fn an_item_in_fragments_uses_one_credit() {
    let (client, server) = sending_fragments_of(64);
    let mut pair = Pair::with(&client, &server);
    pair.client.ask_stream(7, 2);
    pair.ferry();
    let long = [b'x'; 500];
    assert_eq!(pair.server.send(1, &long), Ok(()));
    let held = large(77, None, 500);
    assert_eq!(pair.server.send_body(1, &held), Ok(()));
    assert_eq!(pair.server.send(1, b""), NO_CREDIT);
    assert_eq!(pair.ferry().client.len(), 2);
    let open = pair.client.connection.streams.get(1).expect("it is open");
    assert_eq!((open.receive_credit, open.overrun), (0, 0));
}

/// "A Requester MUST NOT send PAYLOAD frames after the REQUEST_CHANNEL frame until the responder sends a REQUEST_N."
// Conforms: request-channel/waits-for-credit, flow/both-sides
#[test]
fn the_requester_of_a_channel_waits_for_the_responders_grant() {
    let mut client = Alone::client();
    client.ask_channel(7, 9);
    assert_eq!(client.send(1, b"a"), NO_CREDIT);
    let (name, n) = (MINE, 2);
    let granted = client.receive(1, request_n(n));
    assert_eq!(granted, Some(Seen::Granted { name, n }));
    assert_eq!(client.send(1, b"a"), Ok(()));
    assert_eq!(client.send_last(1, b"b"), Ok(()));
    assert_eq!(client.sent().len(), 3);
}

// Conforms: request-channel/complete-anywhere
#[test]
fn the_requester_of_a_channel_may_complete_without_a_grant() {
    let mut client = Alone::client();
    client.ask_channel(7, 9);
    assert_eq!(client.complete(1), Ok(()));
    client.assert_sent(&[(1, request_channel(9, b"ask")), (1, COMPLETE)]);
}

// Conforms: request-channel/request-n-any-time, flow/both-sides
#[test]
fn each_side_of_a_channel_grants_for_its_own_direction() {
    let mut pair = Pair::connected();
    pair.client.ask_channel(7, 1);
    pair.ferry();
    assert!(pair.server.connection.request_n(1, 2));
    assert!(pair.client.connection.request_n(1, 3));
    let seen = pair.ferry();
    let name = StreamName::Slot(1 << 32);
    assert_eq!(seen.server, [Seen::Granted { name, n: 3 }]);
    assert_eq!(seen.client, [Seen::Granted { name: MINE, n: 2 }]);
    for (side, credit) in [(&mut pair.server, 4), (&mut pair.client, 2)] {
        for _ in 0..credit {
            assert_eq!(side.send(1, b""), Ok(()));
        }
        assert_eq!(side.send(1, b""), NO_CREDIT);
    }
}

// Conforms: request-n/positive, request-stream/request-n
#[test]
fn asking_for_more_sends_request_n() {
    let mut client = Alone::client();
    client.ask_stream(7, 1);
    client.sent();
    assert!(client.connection.request_n(1, 5));
    assert!(client.connection.request_n(1, 0), "asks for nothing");
    assert!(
        client.connection.request_n(1, u32::MAX),
        "is cut to 31 bits"
    );
    // What waits adds up, and a frame says at most 31 bits.
    client.assert_sent(&[(1, request_n(0x7FFF_FFFF)), (1, request_n(5))]);
}

#[test]
fn what_is_asked_for_while_there_is_no_room_adds_up_to_one_frame() {
    let mut client = Alone::client();
    client.ask_stream(7, 1);
    client.sent();
    client.out.room = 0;
    for _ in 0..100_000 {
        assert!(client.connection.request_n(1, 2));
    }
    client.assert_sent(&[]);
    client.out.room = usize::MAX;
    client.assert_sent(&[(1, request_n(200_000))]);
}

#[test]
fn asking_for_more_waits_for_no_room() {
    let mut client = Alone::client();
    client.ask_stream(7, 1);
    client.sent();
    client.out.room = 0;
    assert!(client.connection.request_n(1, 5));
    client.assert_sent(&[]);
    client.out.room = usize::MAX;
    client.assert_sent(&[(1, request_n(5))]);
}

// Conforms: request-n/positive, unexpected/anything-else
#[test]
fn a_request_n_that_makes_no_sense_is_ignored() {
    let mut server = Alone::server();
    server.asked(1, request_response(PayloadRef::default()));
    server.asked(3, request_stream(1, b""));
    assert_eq!(server.receive(0, request_n(1)), None, "the connection");
    assert_eq!(server.receive(1, request_n(1)), None, "a request-response");
    assert_eq!(server.receive(3, request_n(0)), None, "nothing");
    assert_eq!(server.receive(5, request_n(1)), None, "no stream");
    assert_eq!(server.send_last(3, b""), Ok(()));
    assert_eq!(server.receive(3, request_n(1)), None, "an ended stream");
    assert!(!server.connection.is_closed());
}

#[test]
fn there_is_nothing_to_ask_for_where_nothing_comes() {
    let mut server = Alone::server();
    server.asked(1, request_response(PayloadRef::default()));
    server.asked(3, request_stream(1, b""));
    server.asked(5, request_channel_only(1, b""));
    assert_eq!(server.request(7, b""), 2);
    server.sent();
    for stream in [0, 1, 2, 3, 5, 9] {
        assert!(!server.connection.request_n(stream, 1), "{stream}");
    }
    server.assert_sent(&[]);
}

#[test]
fn the_answer_to_a_request_response_needs_no_grant() {
    let mut server = Alone::server();
    let seen = server.receive(1, request_response(PayloadRef::default()));
    assert!(matches!(seen, Some(Seen::Request { initial_n: 1, .. })));
    assert_eq!(
        server.send(1, b"answer"),
        Ok(()),
        "the only item is the last"
    );
    server.assert_sent(&[(1, answer(PayloadRef::from_data(b"answer")))]);
    assert_eq!(server.open(), (0, 0));
}

/// Some peers ignore REQUEST_N. They are told, on that stream alone, once they pass the limit.
#[test]
fn items_beyond_what_was_asked_for_are_taken_up_to_the_limit() {
    let mut config = client_config();
    config.limits.max_unrequested_items = 3;
    let mut client = Alone::client_with(&config);
    client.ask_stream(7, 2);
    client.ask_stream(8, 1);
    client.sent();
    for _ in 0..2 + 3 {
        assert_eq!(client.receive(1, item(b"")), got(MINE, b""));
    }
    let failed = Seen::Failed {
        user: 7,
        code: ErrorCode::INVALID,
        message: "more items were sent than were asked for".to_owned(),
    };
    assert_eq!(client.receive(1, item(b"")), Some(failed));
    client.assert_sent(&[(1, Frame::Cancel(Cancel))]);
    assert_eq!(client.receive(1, item(b"")), None);
    let other = StreamName::User(8);
    assert_eq!(client.receive(3, item(b"a")), got(other, b"a"));
}

#[test]
fn a_grant_makes_items_requested_again() {
    let mut config = client_config();
    config.limits.max_unrequested_items = 1;
    let mut client = Alone::client_with(&config);
    client.ask_stream(7, 1);
    for _ in 0..2 {
        assert_eq!(client.receive(1, item(b"")), got(MINE, b""));
    }
    assert!(client.connection.request_n(1, 2));
    for _ in 0..2 {
        assert_eq!(client.receive(1, item(b"")), got(MINE, b""));
    }
    let seen = client.receive(1, item(b""));
    assert!(matches!(seen, Some(Seen::Failed { user: 7, .. })));
}

#[test]
fn completing_is_no_item() {
    let mut config = client_config();
    config.limits.max_unrequested_items = 0;
    let mut client = Alone::client_with(&config);
    client.ask_stream(7, 1);
    assert_eq!(client.receive(1, item(b"")), got(MINE, b""));
    assert_eq!(client.receive(1, COMPLETE), got_response(7, None));
}

#[test]
fn a_requester_that_sends_too_much_fails_its_channel_alone() {
    let mut config = server_config();
    config.limits.max_unrequested_items = 1;
    let mut server = Alone::server_with(&config);
    let slot = server.asked(1, request_channel(9, b"the first one counts as granted"));
    let other = server.asked(3, request_channel(9, b""));
    assert_eq!(
        server.receive(1, item(b"")),
        got(StreamName::Slot(slot), b"")
    );
    let overrun = "more items were sent than were asked for";
    assert_eq!(
        server.receive(1, item(b"")),
        Some(Seen::RequesterFailed {
            slot,
            code: ErrorCode::INVALID,
            message: overrun.to_owned(),
        })
    );
    server.assert_sent(&[(1, error(ErrorCode::INVALID, overrun))]);
    assert_eq!(server.open(), (0, 1));
    assert_eq!(
        server.receive(3, item(b"a")),
        got(StreamName::Slot(other), b"a")
    );
}

/// Waiting for credit, for however long, is the application's affair.
// Conforms: flow/resumed-by-request-n, unexpected/no-request-n
#[test]
fn a_stream_that_is_not_asked_for_more_stays_open() {
    let mut pair = Pair::connected();
    pair.client.ask_stream(7, 1);
    pair.ferry();
    assert_eq!(pair.server.send(1, b"a"), Ok(()));
    assert_eq!(pair.server.send(1, b"b"), NO_CREDIT);
    pair.ferry();
    assert_eq!(pair.pass(Duration::from_secs(1_000)), Both::default());
    assert!(pair.client.connection.request_n(1, 1));
    pair.ferry();
    assert_eq!(pair.server.send(1, b"b"), Ok(()));
    assert_eq!(pair.ferry().client, [got(MINE, b"b").expect("an item")]);
}
