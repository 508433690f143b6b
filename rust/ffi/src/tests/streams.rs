//! Streams, channels and pushed metadata: every command, and every event that comes of it.

use rsocket_protocol::frame::{RequestChannel, RequestN, RequestStream};

use super::commands::assert_refused;
use super::*;

pub(super) fn request_stream(initial_n: u32, data: &[u8]) -> Frame<'_> {
    Frame::RequestStream(RequestStream {
        follows: false,
        initial_n,
        payload: PayloadRef::from_data(data),
    })
}

pub(super) fn request_channel(initial_n: u32, data: &[u8]) -> Frame<'_> {
    Frame::RequestChannel(RequestChannel {
        follows: false,
        complete: false,
        initial_n,
        payload: PayloadRef::from_data(data),
    })
}

pub(super) fn request_n(n: u32) -> Frame<'static> {
    Frame::RequestN(RequestN { n })
}

/// An item that others follow.
pub(super) fn item_frame(data: &[u8]) -> Frame<'_> {
    Frame::Payload(PayloadFrame {
        follows: false,
        complete: false,
        next: true,
        payload: PayloadRef::from_data(data),
    })
}

impl Batch {
    pub(super) fn ask_stream(self, token: u64, n: u32) -> Self {
        let ask = rsocket_command {
            code: n,
            ..command(RSOCKET_COMMAND_REQUEST_STREAM, token, 0)
        };
        self.with(ask, Some(b"m"), b"ask")
    }

    /// Starts a channel; `flags` may say that the request is its only item.
    pub(super) fn ask_channel(self, token: u64, n: u32, flags: u16) -> Self {
        let ask = rsocket_command {
            code: n,
            flags,
            ..command(RSOCKET_COMMAND_REQUEST_CHANNEL, token, 0)
        };
        self.with(ask, Some(b"m"), b"ask")
    }

    pub(super) fn item(self, stream: u32, data: &[u8]) -> Self {
        self.with(command(RSOCKET_COMMAND_ITEM, 0, stream), None, data)
    }

    fn last_item(self, stream: u32, data: &[u8]) -> Self {
        let item = rsocket_command {
            flags: RSOCKET_FLAG_COMPLETE,
            ..command(RSOCKET_COMMAND_ITEM, 0, stream)
        };
        self.with(item, None, data)
    }

    pub(super) fn ask_for(self, stream: u32, n: u32) -> Self {
        self.push(rsocket_command {
            code: n,
            ..command(RSOCKET_COMMAND_REQUEST_N, 0, stream)
        })
    }

    fn complete(self, stream: u32) -> Self {
        self.push(command(RSOCKET_COMMAND_COMPLETE, 0, stream))
    }

    fn metadata_push(self, metadata: &[u8]) -> Self {
        let push = command(RSOCKET_COMMAND_METADATA_PUSH, 0, 0);
        self.with(push, None, metadata)
    }
}

/// An event on stream 1.
fn on_stream(kind: u16, token: u64) -> Seen {
    Seen {
        kind,
        token,
        stream: 1,
        ..Seen::default()
    }
}

fn with_data(event: Seen, data: &[u8]) -> Seen {
    Seen {
        data: data.to_vec(),
        ..event
    }
}

/// Nothing follows from the peer, and no item came with that.
fn only_complete(kind: u16, token: u64) -> Seen {
    Seen {
        no_payload: true,
        complete: true,
        ..on_stream(kind, token)
    }
}

/// What the server calls its first request.
const SLOT: u64 = 1 << 32;

/// A pair whose client has asked for 2 items under the token 7, on stream 1.
fn streaming() -> Pair {
    let mut pair = Pair::connected();
    pair.client_does(&Batch::default().ask_stream(7, 2));
    pair
}

/// A pair with a channel under the token 7, on stream 1, whose sides have asked each other for 2 items.
fn channelling() -> Pair {
    let mut pair = Pair::connected();
    pair.client_does(&Batch::default().ask_channel(7, 2, 0));
    pair.server_does(&Batch::default().ask_for(1, 2));
    pair
}

#[test]
fn a_request_of_this_side_tells_its_stream_and_how_many_items_it_takes() {
    for (stream_kind, flags) in [
        (RSOCKET_EVENT_REQUEST_STREAM, RSOCKET_FLAG_COMPLETE),
        (RSOCKET_EVENT_REQUEST_CHANNEL, 0),
        (RSOCKET_EVENT_REQUEST_CHANNEL, RSOCKET_FLAG_COMPLETE),
    ] {
        let mut pair = Pair::connected();
        let batch = match stream_kind {
            RSOCKET_EVENT_REQUEST_STREAM => Batch::default().ask_stream(7, 3),
            _ => Batch::default().ask_channel(7, 3, flags),
        };
        let seen = pair.client_does(&batch);
        assert_eq!(seen.client, [on_stream(RSOCKET_EVENT_OPENED, 7)]);
        let asked = Seen {
            code: 3,
            metadata: Some(b"m".to_vec()),
            complete: flags == RSOCKET_FLAG_COMPLETE,
            ..with_data(on_stream(stream_kind, SLOT), b"ask")
        };
        assert_eq!(seen.server, [asked]);
    }
}

#[test]
fn a_server_asks_likewise() {
    let mut pair = Pair::connected();
    let seen = pair.server_does(&Batch::default().ask_stream(7, 1).ask_channel(8, 1, 0));
    let streams: Vec<(u16, u64, u32)> = seen
        .server
        .iter()
        .map(|event| (event.kind, event.token, event.stream))
        .collect();
    let opened = RSOCKET_EVENT_OPENED;
    assert_eq!(streams, [(opened, 7, 2), (opened, 8, 4)]);
    let asked = [RSOCKET_EVENT_REQUEST_STREAM, RSOCKET_EVENT_REQUEST_CHANNEL];
    assert_eq!(kinds(&seen.client), asked);
}

#[test]
fn items_arrive_and_the_last_one_says_so() {
    let mut pair = streaming();
    let item = on_stream(RSOCKET_EVENT_RESPONSE, 7);
    let seen = pair.server_does(&Batch::default().item(1, b"first"));
    assert_eq!(seen.client, [with_data(item.clone(), b"first")]);
    let seen = pair.server_does(&Batch::default().last_item(1, b"second"));
    let last = Seen {
        complete: true,
        ..with_data(item, b"second")
    };
    assert_eq!((seen.client, seen.server), (vec![last], vec![]));
}

#[test]
fn a_stream_completes_without_an_item() {
    let no_payload = rsocket_command {
        flags: RSOCKET_FLAG_NO_PAYLOAD,
        ..command(RSOCKET_COMMAND_RESPOND, 0, 1)
    };
    for batch in [
        Batch::default().complete(1),
        Batch::default().push(no_payload),
    ] {
        let seen = streaming().server_does(&batch);
        let end = only_complete(RSOCKET_EVENT_RESPONSE, 7);
        assert_eq!((seen.client, seen.server), (vec![end], vec![]));
    }
}

#[test]
fn an_item_that_was_not_asked_for_is_refused() {
    let mut pair = streaming();
    let batch = Batch::default()
        .item(1, b"a")
        .item(1, b"b")
        .item(1, b"c")
        .last_item(1, b"d");
    let seen = pair.server_does(&batch);
    assert_refused(&seen.server[..1], 0, 1, rsocket_result::NoCredit);
    assert_refused(&seen.server[1..], 0, 1, rsocket_result::NoCredit);
    assert_eq!(kinds(&seen.client), [RSOCKET_EVENT_RESPONSE; 2]);
}

#[test]
fn asking_for_more_is_told_to_the_responder_by_its_name() {
    let mut pair = streaming();
    let seen = pair.client_does(&Batch::default().ask_for(1, 5));
    let granted = Seen {
        code: 5,
        responder: true,
        ..on_stream(RSOCKET_EVENT_GRANTED, SLOT)
    };
    assert_eq!((seen.client, seen.server), (vec![], vec![granted]));
    let mut batch = Batch::default();
    for _ in 0..7 {
        batch = batch.item(1, b"");
    }
    assert_eq!(pair.server_does(&batch).server, []);
}

#[test]
fn asking_for_more_is_told_to_a_channels_requester_by_its_token() {
    let mut pair = channelling();
    let seen = pair.server_does(&Batch::default().ask_for(1, 5));
    let granted = Seen {
        code: 5,
        ..on_stream(RSOCKET_EVENT_GRANTED, 7)
    };
    assert_eq!((seen.client, seen.server), (vec![granted], vec![]));
}

/// Like CANCEL it may cross the end of its stream.
#[test]
fn asking_for_more_where_nothing_comes_is_nothing() {
    let mut pair = streaming();
    let batch = Batch::default().ask_for(1, 1).ask_for(9, 1).ask_for(0, 1);
    assert_eq!(pair.server_does(&batch), Both::default());
}

#[test]
fn a_channel_carries_items_both_ways_until_both_have_completed() {
    let mut pair = channelling();
    let seen = pair.client_does(&Batch::default().item(1, b"up"));
    let item = with_data(on_stream(RSOCKET_EVENT_ITEM, SLOT), b"up");
    assert_eq!((seen.client, seen.server), (vec![], vec![item]));
    let seen = pair.server_does(&Batch::default().item(1, b"down"));
    let item = with_data(on_stream(RSOCKET_EVENT_RESPONSE, 7), b"down");
    assert_eq!((seen.client, seen.server), (vec![item], vec![]));

    let seen = pair.client_does(&Batch::default().complete(1));
    let end = only_complete(RSOCKET_EVENT_ITEM, SLOT);
    assert_eq!((seen.client, seen.server), (vec![], vec![end]));
    let late = pair.client_does(&Batch::default().item(1, b"late"));
    assert_refused(&late.client, 0, 1, rsocket_result::NoSuchStream);

    let seen = pair.server_does(&Batch::default().last_item(1, b"last"));
    let last = Seen {
        complete: true,
        ..with_data(on_stream(RSOCKET_EVENT_RESPONSE, 7), b"last")
    };
    assert_eq!((seen.client, seen.server), (vec![last], vec![]));
    let late = pair.server_does(&Batch::default().complete(1));
    assert_refused(&late.server, 0, 1, rsocket_result::NoSuchStream);
}

#[test]
fn an_error_of_either_side_ends_both_directions() {
    let error = Batch::default().tell(RSOCKET_COMMAND_ERROR, 1, 0x201, b"no");
    let told = |kind, token| Seen {
        code: 0x201,
        ..with_data(on_stream(kind, token), b"no")
    };
    let mut pair = channelling();
    let seen = pair.client_does(&error);
    let failed = told(RSOCKET_EVENT_REQUESTER_FAILED, SLOT);
    assert_eq!((seen.client, seen.server), (vec![], vec![failed]));
    let late = pair.server_does(&Batch::default().item(1, b""));
    assert_refused(&late.server, 0, 1, rsocket_result::NoSuchStream);

    let mut pair = channelling();
    let seen = pair.server_does(&error);
    let failed = told(RSOCKET_EVENT_FAILED, 7);
    assert_eq!((seen.client, seen.server), (vec![failed], vec![]));
    let late = pair.client_does(&Batch::default().item(1, b""));
    assert_refused(&late.client, 0, 1, rsocket_result::NoSuchStream);
}

#[test]
fn a_withdrawn_stream_or_channel_is_told_to_the_other_side() {
    for mut pair in [streaming(), channelling()] {
        let seen = pair.client_does(&Batch::default().cancel(7));
        let cancelled = on_stream(RSOCKET_EVENT_CANCELLED, SLOT);
        assert_eq!((seen.client, seen.server), (vec![], vec![cancelled]));
        let late = pair.server_does(&Batch::default().item(1, b""));
        assert_refused(&late.server, 0, 1, rsocket_result::NoSuchStream);
    }
}

#[test]
fn a_responder_that_wants_no_more_items_goes_on_sending_its_own() {
    let mut pair = channelling();
    let no_more = command(RSOCKET_COMMAND_CANCEL_RECEIVING, 0, 1);
    let seen = pair.server_does(&Batch::default().push(no_more).push(no_more));
    let told = on_stream(RSOCKET_EVENT_NO_MORE_WANTED, 7);
    assert_eq!((seen.client, seen.server), (vec![told], vec![]));
    let late = pair.client_does(&Batch::default().item(1, b""));
    assert_refused(&late.client, 0, 1, rsocket_result::NoSuchStream);
    let seen = pair.server_does(&Batch::default().item(1, b"").complete(1));
    assert_eq!(kinds(&seen.client), [RSOCKET_EVENT_RESPONSE; 2]);
}

/// So that a batch can go on with a request before its stream is known.
#[test]
fn a_request_can_be_named_by_its_token_instead_of_its_stream() {
    let by_token = |kind| rsocket_command {
        code: 0x201,
        ..command(kind, 7, 0)
    };
    let mut pair = Pair::connected();
    let batch = Batch::default()
        .ask_channel(7, 1, 0)
        .push(rsocket_command {
            code: 4,
            ..by_token(RSOCKET_COMMAND_REQUEST_N)
        })
        .push(by_token(RSOCKET_COMMAND_COMPLETE));
    let seen = pair.client_does(&batch);
    assert_eq!(seen.client, [on_stream(RSOCKET_EVENT_OPENED, 7)]);
    let [asked, granted, end] = seen.server.as_slice() else {
        panic!("the server saw {:?}", seen.server);
    };
    assert_eq!(asked.kind, RSOCKET_EVENT_REQUEST_CHANNEL);
    assert_eq!((granted.kind, granted.code), (RSOCKET_EVENT_GRANTED, 4));
    assert_eq!(*end, only_complete(RSOCKET_EVENT_ITEM, SLOT));

    let mut pair = channelling();
    let seen = pair.client_does(&Batch::default().push(by_token(RSOCKET_COMMAND_ERROR)));
    assert_eq!(kinds(&seen.server), [RSOCKET_EVENT_REQUESTER_FAILED]);
}

/// Like CANCEL, such a command may cross the end of its request.
#[test]
fn a_command_that_names_a_request_that_is_not_open_is_nothing() {
    let batch = |token| {
        let error = command(RSOCKET_COMMAND_ERROR, token, 0);
        Batch::default()
            .push(command(RSOCKET_COMMAND_REQUEST_N, token, 0))
            .push(command(RSOCKET_COMMAND_COMPLETE, token, 0))
            .with(error, None, b"no")
    };
    for token in [7 + (1 << 32), 8, 0, u64::MAX] {
        let mut pair = channelling();
        assert_eq!(pair.client_does(&batch(token)), Both::default());
        let seen = pair.client_does(&Batch::default().item(1, b""));
        assert_eq!(seen.client, [], "the channel goes on");
    }
    let mut pair = channelling();
    pair.client_does(&Batch::default().cancel(7));
    assert_eq!(pair.client_does(&batch(7)), Both::default());
}

#[test]
fn a_command_that_names_no_stream_at_all_is_refused_where_it_has_to_name_one() {
    let mut server = Side::server();
    server.receive(1, request_stream(1, b""));
    for kind in [
        RSOCKET_COMMAND_ITEM,
        RSOCKET_COMMAND_RESPOND,
        RSOCKET_COMMAND_RESPOND_ERROR,
    ] {
        let seen = server.run(&Batch::default().push(command(kind, 0, 0)));
        assert_refused(&seen, 0, 0, rsocket_result::NoSuchStream);
    }
}

/// The tokens of payloads and of nothing at all are any numbers.
#[test]
fn only_requests_take_memory_for_their_tokens() {
    let mut client = Side::client();
    let forget = command(RSOCKET_COMMAND_FIRE_AND_FORGET, 0xF_0000, 0);
    let more = command(RSOCKET_COMMAND_REQUEST_N, 0xF_0000, 0);
    let batch = Batch::default()
        .request(3, None, b"")
        .push(forget)
        .push(more);
    assert_eq!(client.run(&batch), []);
    // SAFETY: the handle is live.
    let entered = unsafe {
        enter(client.connection, |engine| {
            assert_eq!(engine.requests.len(), 4);
            Ok(())
        })
    };
    assert_eq!(entered, rsocket_result::Ok);
}

#[test]
fn a_request_that_is_refused_opens_nothing() {
    let settings = Settings::client().limit(RSOCKET_LIMIT_OUTBOUND_STREAMS, 1);
    let mut client = Side::new(&settings);
    let batch = Batch::default().ask_stream(0, 1).ask_channel(1 << 32, 1, 0);
    let seen = client.run(&batch);
    assert_eq!(seen[0], on_stream(RSOCKET_EVENT_OPENED, 0));
    assert_refused(&seen[1..], 1 << 32, 0, rsocket_result::TooManyStreams);
    let out_of_bounds = client.run(&Batch::default().ask_stream(1, 1));
    assert_refused(&out_of_bounds, 1, 0, rsocket_result::InvalidArgument);
}

#[test]
fn metadata_is_pushed_both_ways() {
    let mut pair = Pair::connected();
    let push = |metadata: &[u8]| Seen {
        kind: RSOCKET_EVENT_METADATA_PUSH,
        metadata: Some(metadata.to_vec()),
        ..Seen::default()
    };
    let seen = pair.client_does(&Batch::default().metadata_push(b"meta"));
    assert_eq!((seen.client, seen.server), (vec![], vec![push(b"meta")]));
    let seen = pair.server_does(&Batch::default().metadata_push(b""));
    assert_eq!((seen.client, seen.server), (vec![push(b"")], vec![]));
}

#[test]
fn metadata_that_is_too_long_is_refused() {
    let longest = vec![b'm'; 32 << 10];
    let mut client = Side::client();
    assert_eq!(client.run(&Batch::default().metadata_push(&longest)), []);
    assert_eq!(client.sent().len(), 1);
    let too_long = [&longest[..], b"m"].concat();
    let seen = client.run(&Batch::default().metadata_push(&too_long));
    assert_refused(&seen, 0, 0, rsocket_result::PayloadTooLarge);
}

#[test]
fn nothing_is_pushed_before_the_setup_is_accepted() {
    let mut server = Side::new(&Settings::server());
    let seen = server.run(&Batch::default().metadata_push(b""));
    assert_refused(&seen, 0, 0, rsocket_result::NotReady);
}

#[test]
fn an_item_in_fragments_is_in_the_arena() {
    let mut client = Side::client();
    client.run(&Batch::default().ask_stream(7, 2));
    let first = Frame::Payload(PayloadFrame {
        follows: true,
        complete: false,
        next: true,
        payload: PayloadRef::from_data(b"in two "),
    });
    assert_eq!(client.receive(1, first), []);
    let seen = client.receive(1, item_frame(b"pieces"));
    let expected = Seen {
        arena: true,
        ..with_data(on_stream(RSOCKET_EVENT_RESPONSE, 7), b"in two pieces")
    };
    assert_eq!(seen, [expected]);
}
