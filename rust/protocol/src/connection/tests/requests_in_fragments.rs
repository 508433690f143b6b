//! Streams and channels whose requests arrive in fragments: handed out when they are whole, with all that was granted
//! until then.

use super::interactions::*;
use super::*;
use crate::frame::{RequestChannel, RequestStream};

fn first_of_stream(initial_n: u32, data: &[u8]) -> Frame<'_> {
    Frame::RequestStream(RequestStream {
        follows: true,
        initial_n,
        payload: PayloadRef::from_data(data),
    })
}

fn first_of_channel(initial_n: u32, complete: bool, data: &[u8]) -> Frame<'_> {
    Frame::RequestChannel(RequestChannel {
        follows: true,
        complete,
        initial_n,
        payload: PayloadRef::from_data(data),
    })
}

fn last_and_complete(data: &[u8]) -> Frame<'_> {
    answer(PayloadRef::from_data(data))
}

/// What a request that was handed out says: kind, initial n, complete, payload.
type Told = (RequestKind, u32, bool, OwnedPayload);

#[track_caller]
fn told(seen: Option<Seen>) -> Told {
    match seen {
        Some(Seen::Request {
            kind,
            initial_n,
            complete,
            payload,
            ..
        }) => (kind, initial_n, complete, payload),
        other => panic!("saw {other:?}"),
    }
}

const STREAM: RequestKind = RequestKind::RequestStream;
const CHANNEL: RequestKind = RequestKind::RequestChannel;

// Conforms: fragmentation/request
#[test]
fn a_stream_is_handed_out_when_its_request_is_whole() {
    let mut server = Alone::server();
    assert_eq!(server.receive(1, first_of_stream(2, b"ab")), None);
    assert_eq!(server.receive(1, fragment(b"cd")), None);
    let whole = told(server.receive(1, item(b"ef")));
    assert_eq!(whole, (STREAM, 2, true, only_data(b"abcdef")));
    assert_eq!(server.connection.reassembly.held(), 0);
    assert_eq!(server.send(1, b""), Ok(()));
    assert_eq!(server.send(1, b""), Ok(()));
    assert_eq!(server.send(1, b""), Err(SendError::NoCredit));
    assert!(!server.connection.request_n(1, 1), "nothing comes");
}

// Conforms: fragmentation/request
#[test]
fn a_channel_is_handed_out_when_its_first_item_is_whole() {
    let mut server = Alone::server();
    assert_eq!(server.receive(1, first_of_channel(2, false, b"ab")), None);
    let whole = told(server.receive(1, item(b"cd")));
    assert_eq!(whole, (CHANNEL, 2, false, only_data(b"abcd")));
    assert!(server.connection.request_n(1, 1));
    let Some(Seen::Item {
        payload: Some(payload),
        complete: false,
        ..
    }) = server.receive(1, item(b"second"))
    else {
        panic!("the second item is one");
    };
    assert_eq!(payload, only_data(b"second"));
}

/// "COMPLETE belongs on the last fragment ...; some peers put COMPLETE on the first: accept that."
// Conforms: unexpected/follows-and-complete
#[test]
fn a_channels_only_item_says_so_on_its_first_or_last_fragment() {
    for (first, last) in [
        (first_of_channel(2, false, b"ab"), last_and_complete(b"cd")),
        (first_of_channel(2, true, b"ab"), item(b"cd")),
        (first_of_channel(2, true, b"ab"), last_and_complete(b"cd")),
    ] {
        let mut server = Alone::server();
        assert_eq!(server.receive(1, first), None);
        let whole = told(server.receive(1, last));
        assert_eq!(whole, (CHANNEL, 2, true, only_data(b"abcd")));
        assert!(!server.connection.request_n(1, 1), "nothing comes");
        assert_eq!(server.receive(1, item(b"late")), None);
        assert_eq!(server.complete(1), Ok(()));
        assert_eq!(server.open(), (0, 0));
    }
}

#[test]
fn what_is_granted_before_the_request_is_whole_is_told_with_it() {
    for first in [first_of_stream(2, b""), first_of_channel(2, false, b"")] {
        let mut server = Alone::server();
        server.receive(1, first);
        assert_eq!(server.receive(1, request_n(3)), None);
        assert_eq!(server.receive(1, fragment(b"")), None);
        assert_eq!(server.receive(1, request_n(4)), None);
        let (_, initial_n, ..) = told(server.receive(1, item(b"")));
        assert_eq!(initial_n, 9);
        for _ in 0..9 {
            assert_eq!(server.send(1, b""), Ok(()));
        }
        assert_eq!(server.send(1, b""), Err(SendError::NoCredit));
    }
}

#[test]
fn grants_that_exceed_what_can_be_told_are_told_as_the_most() {
    let mut server = Alone::server();
    server.receive(1, first_of_stream(0x7FFF_FFFF, b""));
    for _ in 0..4 {
        server.receive(1, request_n(0x7FFF_FFFF));
    }
    let (_, initial_n, ..) = told(server.receive(1, item(b"")));
    assert_eq!(initial_n, u32::MAX);
}

#[test]
fn nothing_can_be_done_with_a_request_that_is_still_arriving() {
    for first in [first_of_stream(2, b"ab"), first_of_channel(2, false, b"ab")] {
        let mut server = Alone::server();
        server.receive(1, first);
        let unknown = Err(SendError::NoSuchStream);
        assert_eq!(server.send(1, b""), unknown);
        assert_eq!(server.complete(1), unknown);
        assert_eq!(server.fail(1), unknown);
        assert!(!server.connection.request_n(1, 1));
        assert!(!server.connection.cancel_receiving(1));
        server.assert_sent(&[]);
        told(server.receive(1, item(b"cd")));
    }
}

// Conforms: fragmentation/request-cancel
#[test]
fn a_request_that_is_withdrawn_before_it_is_whole_was_never_there() {
    for first in [first_of_stream(2, b"ab"), first_of_channel(2, false, b"ab")] {
        for withdrawal in [Frame::Cancel(Cancel), error(ErrorCode::CANCELED, "")] {
            let mut server = Alone::server();
            server.receive(1, first);
            assert_eq!(
                (server.open(), server.connection.reassembly.held()),
                ((0, 1), 2)
            );
            assert_eq!(server.receive(1, withdrawal), None);
            assert_eq!(
                (server.open(), server.connection.reassembly.held()),
                ((0, 0), 0)
            );
            assert_eq!(server.receive(1, item(b"rest")), None);
            server.assert_sent(&[]);
        }
    }
}

#[test]
fn a_request_over_the_limit_is_rejected_alone() {
    let mut config = server_config();
    config.limits.max_payload_len = 5;
    for first in [
        first_of_stream(2, b"abc"),
        first_of_channel(2, false, b"abc"),
    ] {
        let mut server = Alone::server_with(&config);
        server.receive(1, first);
        assert_eq!(server.receive(1, item(b"def")), None);
        let rejected = error(ErrorCode::REJECTED, "the fragmented payload is too long");
        server.assert_sent(&[(1, rejected)]);
        assert_eq!(
            (server.open(), server.connection.reassembly.held()),
            ((0, 0), 0)
        );
    }
}

#[test]
fn an_item_over_the_limit_fails_its_channel_alone() {
    let mut config = server_config();
    config.limits.max_payload_len = 5;
    let mut server = Alone::server_with(&config);
    let slot = server.asked(1, request_channel(9, b""));
    assert!(server.connection.request_n(1, 9));
    server.sent();
    assert_eq!(server.receive(1, fragment(b"abc")), None);
    let failed = server.receive(1, fragment(b"def"));
    let too_long = "the fragmented payload is too long";
    assert_eq!(
        failed,
        Some(Seen::RequesterFailed {
            slot,
            code: ErrorCode::INVALID,
            message: too_long.to_owned(),
        })
    );
    server.assert_sent(&[(1, error(ErrorCode::INVALID, too_long))]);
    assert_eq!(
        (server.open(), server.connection.reassembly.held()),
        ((0, 0), 0)
    );
}

#[test]
fn a_request_for_no_items_is_invalid_at_its_first_fragment() {
    let mut server = Alone::server();
    assert_eq!(server.receive(1, first_of_stream(0, b"ab")), None);
    let told = error(ErrorCode::INVALID, "the initial request n must not be 0");
    server.assert_sent(&[(1, told)]);
    assert_eq!(server.receive(1, item(b"rest")), None);
    assert_eq!(server.open(), (0, 0));
}

/// From one engine to the other, with grants, items and an end that overtake nothing.
// Conforms: flow/order-in-stream
#[test]
fn a_request_its_grants_and_its_items_arrive_in_the_order_they_were_made() {
    let (client, server) = sending_fragments_of(64);
    let mut pair = Pair::with(&client, &server);
    let client = &mut pair.client;
    let asked =
        client
            .connection
            .request_channel(7, 2, &large(1, None, 300), false, &mut client.out);
    assert_eq!(asked, Ok(1));
    assert!(client.connection.request_n(1, 3));
    assert_eq!(client.complete(1), Ok(()));
    let seen = pair.ferry().server;
    let [
        Seen::Request {
            slot,
            complete,
            initial_n,
            ..
        },
        Seen::Granted { n: 3, .. },
        end,
    ] = seen.as_slice()
    else {
        panic!("the server saw {seen:?}");
    };
    assert_eq!((*complete, *initial_n), (false, 2));
    assert_eq!(Some(end), got_end(*slot, None).as_ref());
}

// Conforms: fragmentation/request-cancel
#[test]
fn a_request_that_is_withdrawn_among_its_fragments_leaves_nothing_on_either_side() {
    let (client, server) = sending_fragments_of(64);
    let mut pair = Pair::with(&client, &server);
    let client = &mut pair.client;
    let asked = client
        .connection
        .request_stream(7, 2, &large(1, None, 300), &mut client.out);
    assert_eq!(asked, Ok(1));
    client.out.room = 2;
    for frame in client.sent() {
        assert_eq!(pair.server.receive_bytes(&frame), None);
    }
    assert_eq!(pair.server.open(), (0, 1));
    pair.client.out.room = usize::MAX;
    assert!(pair.client.connection.cancel(1, 7));
    assert_eq!(pair.client.released(), [1]);
    assert_eq!(pair.ferry(), Both::default());
    assert_eq!((pair.client.open(), pair.server.open()), ((0, 0), (0, 0)));
    assert_eq!(pair.server.connection.reassembly.held(), 0);
}
