//! Request-channel: two directions that end apart, or together with an error or the requester's CANCEL
//! (specification, "Request Channel").

use super::interactions::*;
use super::*;

/// A channel on stream 1 whose sides have asked each other for 9 items.
struct Channel {
    pair: Pair,
    slot: u64,
}

const MINE: StreamName = StreamName::User(7);

const ENDED: Result<(), SendError> = Err(SendError::NoSuchStream);

impl Channel {
    fn open() -> Self {
        let mut pair = Pair::connected();
        pair.client.ask_channel(7, 9);
        let seen = pair.ferry().server;
        let [Seen::Request { slot, .. }] = seen.as_slice() else {
            panic!("the server saw {seen:?}");
        };
        assert!(pair.server.connection.request_n(1, 9));
        pair.ferry();
        Self { pair, slot: *slot }
    }

    fn theirs(&self) -> StreamName {
        StreamName::Slot(self.slot)
    }

    fn ferry(&mut self) -> (Vec<Seen>, Vec<Seen>) {
        let both = self.pair.ferry();
        (both.client, both.server)
    }

    /// The server sends an item, and it arrives.
    #[track_caller]
    fn assert_server_sends(&mut self) {
        assert_eq!(self.pair.server.send(1, b"down"), Ok(()));
        let expected = got(MINE, b"down").into_iter().collect();
        assert_eq!(self.ferry(), (expected, vec![]));
    }

    /// The client sends an item, and it arrives.
    #[track_caller]
    fn assert_client_sends(&mut self) {
        assert_eq!(self.pair.client.send(1, b"up"), Ok(()));
        let expected = got(self.theirs(), b"up").into_iter().collect();
        assert_eq!(self.ferry(), (vec![], expected));
    }

    #[track_caller]
    fn assert_server_cannot_send(&mut self) {
        assert_eq!(self.pair.server.send(1, b""), ENDED);
        assert_eq!(self.pair.server.complete(1), ENDED);
    }

    #[track_caller]
    fn assert_client_cannot_send(&mut self) {
        assert_eq!(self.pair.client.send(1, b""), ENDED);
        assert_eq!(self.pair.client.complete(1), ENDED);
    }

    #[track_caller]
    fn assert_over(&mut self) {
        let (client, server) = (&mut self.pair.client, &mut self.pair.server);
        assert_eq!((client.open(), server.open()), ((0, 0), (0, 0)));
        self.assert_client_cannot_send();
        self.assert_server_cannot_send();
        assert!(!self.pair.client.connection.request_n(1, 1));
        assert!(!self.pair.server.connection.request_n(1, 1));
        assert!(!self.pair.client.connection.cancel(1, 7));
        assert!(!self.pair.server.connection.cancel_receiving(1));
        assert_eq!(self.ferry(), (vec![], vec![]), "nothing follows the end");
    }

    #[track_caller]
    fn assert_open(&self) {
        let (client, server) = (&self.pair.client, &self.pair.server);
        assert_eq!((client.open(), server.open()), ((1, 0), (0, 1)));
    }
}

// Conforms: request-channel/initial-n
#[test]
fn a_request_carries_the_first_item_and_the_first_grant() {
    let mut pair = Pair::connected();
    pair.client.ask_channel(7, 3);
    assert_eq!(
        pair.ferry().server,
        [Seen::Request {
            stream: 1,
            slot: 1 << 32,
            kind: RequestKind::RequestChannel,
            initial_n: 3,
            complete: false,
            payload: only_data(b"ask"),
        }]
    );
}

// Conforms: request-channel/one-request, request-channel/payload-any-time
#[test]
fn items_flow_both_ways() {
    let mut channel = Channel::open();
    channel.assert_client_sends();
    channel.assert_server_sends();
    channel.assert_client_sends();
    channel.assert_open();
}

// Conforms: stream-id/by-requester
#[test]
fn a_server_opens_channels_likewise() {
    let mut pair = Pair::connected();
    assert_eq!(pair.server.ask_channel(7, 3), 2);
    let seen = pair.ferry().client;
    assert!(matches!(seen[..], [Seen::Request { stream: 2, .. }]));
    assert!(pair.client.connection.request_n(2, 1));
    pair.ferry();
    assert_eq!(pair.server.send_last(2, b"up"), Ok(()));
    assert_eq!(pair.client.send_last(2, b"down"), Ok(()));
    let seen = pair.ferry();
    assert_eq!(
        seen.client,
        [got_end(1 << 32, Some(b"up")).expect("an end")]
    );
    let down = got_response(7, Some(b"down"));
    assert_eq!(seen.server, [down.expect("an end")]);
    assert_eq!((pair.client.open(), pair.server.open()), ((0, 0), (0, 0)));
}

/// "In absence of ERROR or CANCEL, the stream is terminated after both ... have sent and received COMPLETE."
// Conforms: request-channel/both-complete, request-channel/ends-when-both-completed
// Conforms: request-channel/nothing-after-complete
#[test]
fn complete_ends_one_direction_and_both_end_the_channel() {
    let mut channel = Channel::open();
    assert_eq!(channel.pair.client.complete(1), Ok(()));
    let ended = got_end(channel.slot, None).into_iter().collect();
    assert_eq!(channel.ferry(), (vec![], ended));
    channel.assert_client_cannot_send();
    channel.assert_server_sends();
    channel.assert_open();
    assert_eq!(channel.pair.server.complete(1), Ok(()));
    let ended = got_response(7, None).into_iter().collect();
    assert_eq!(channel.ferry(), (ended, vec![]));
    channel.assert_over();
}

// Conforms: request-channel/both-complete, request-channel/ends-when-both-completed
#[test]
fn the_responder_may_complete_first() {
    let mut channel = Channel::open();
    assert_eq!(channel.pair.server.send_last(1, b"down"), Ok(()));
    let ended = got_response(7, Some(b"down")).into_iter().collect();
    assert_eq!(channel.ferry(), (ended, vec![]));
    channel.assert_server_cannot_send();
    channel.assert_client_sends();
    channel.assert_open();
    assert_eq!(channel.pair.client.send_last(1, b"up"), Ok(()));
    let ended = got_end(channel.slot, Some(b"up")).into_iter().collect();
    assert_eq!(channel.ferry(), (vec![], ended));
    channel.assert_over();
}

// Conforms: request-channel/ends-when-both-completed
#[test]
fn both_may_complete_at_once() {
    let mut channel = Channel::open();
    assert_eq!(channel.pair.client.complete(1), Ok(()));
    assert_eq!(channel.pair.server.complete(1), Ok(()));
    let (client, server) = channel.ferry();
    assert_eq!(client, [got_response(7, None).expect("an end")]);
    assert_eq!(server, [got_end(channel.slot, None).expect("an end")]);
    channel.assert_over();
}

// Conforms: request-channel/complete-flag, request-channel/nothing-after-complete
#[test]
fn a_request_may_be_the_requesters_only_item() {
    let mut pair = Pair::connected();
    let client = &mut pair.client;
    let asked = client
        .connection
        .request_channel(7, 9, &body(b"only"), true, &mut client.out);
    assert_eq!(asked, Ok(1));
    assert_eq!(client.send(1, b""), ENDED);
    let seen = pair.ferry().server;
    assert!(matches!(seen[..], [Seen::Request { complete: true, .. }]));
    assert!(!pair.server.connection.request_n(1, 1), "nothing comes");
    assert!(!pair.server.connection.cancel_receiving(1));
    assert_eq!(pair.server.send(1, b"a"), Ok(()));
    assert_eq!(pair.server.complete(1), Ok(()));
    let expected = [got(MINE, b"a"), got_response(7, None)];
    assert_eq!(pair.ferry().client, expected.map(Option::unwrap));
    assert_eq!((pair.client.open(), pair.server.open()), ((0, 0), (0, 0)));
}

// Conforms: request-channel/complete-flag, request-channel/complete-anywhere
#[test]
fn a_request_that_completes_says_so_in_its_frame() {
    let mut client = Alone::client();
    let connection = &mut client.connection;
    let asked = connection.request_channel(7, 9, &body(b"only"), true, &mut client.out);
    assert_eq!(asked, Ok(1));
    client.assert_sent(&[(1, request_channel_only(9, b"only"))]);
}

/// "CANCEL from a channel's responder ends our sending only."
#[test]
fn a_responder_that_wants_no_more_items_goes_on_sending_its_own() {
    let mut channel = Channel::open();
    assert!(channel.pair.server.connection.cancel_receiving(1));
    assert!(!channel.pair.server.connection.cancel_receiving(1), "twice");
    let told = vec![Seen::NoMoreWanted { user: 7 }];
    assert_eq!(channel.ferry(), (told, vec![]));
    channel.assert_client_cannot_send();
    assert!(!channel.pair.server.connection.request_n(1, 1));
    channel.assert_open();
    channel.assert_server_sends();
    assert!(channel.pair.client.connection.request_n(1, 1));
    let granted = Seen::Granted {
        name: channel.theirs(),
        n: 1,
    };
    assert_eq!(channel.ferry(), (vec![], vec![granted]));
    assert_eq!(channel.pair.server.complete(1), Ok(()));
    let ended = got_response(7, None).into_iter().collect();
    assert_eq!(channel.ferry(), (ended, vec![]));
    channel.assert_over();
}

#[test]
fn a_responder_that_has_completed_ends_the_channel_by_wanting_no_more() {
    let mut channel = Channel::open();
    assert_eq!(channel.pair.server.complete(1), Ok(()));
    assert!(channel.pair.server.connection.cancel_receiving(1));
    // CANCEL goes ahead of COMPLETE only if COMPLETE waits.
    let (client, server) = channel.ferry();
    let told = [
        got_response(7, None).expect("an end"),
        Seen::NoMoreWanted { user: 7 },
    ];
    assert_eq!((client, server), (told.to_vec(), vec![]));
    channel.assert_over();
}

#[test]
fn items_that_cross_a_responders_cancel_are_ignored() {
    let mut channel = Channel::open();
    assert_eq!(channel.pair.client.send(1, b"crossing"), Ok(()));
    assert_eq!(channel.pair.client.send_last(1, b"crossing"), Ok(()));
    assert!(channel.pair.server.connection.cancel_receiving(1));
    // The requester had ended its sending already, so that there is nothing to tell it.
    assert_eq!(channel.ferry(), (vec![], vec![]));
    channel.assert_server_sends();
}

#[test]
fn a_responders_cancel_gives_back_a_payload_that_was_arriving() {
    let mut server = Alone::server();
    server.asked(1, request_channel(9, b""));
    assert!(server.connection.request_n(1, 9));
    assert_eq!(server.receive(1, fragment(b"half")), None);
    assert_eq!(server.connection.reassembly.held(), 4);
    assert!(server.connection.cancel_receiving(1));
    assert_eq!(server.connection.reassembly.held(), 0);
    assert_eq!(server.receive(1, item(b"rest")), None);
    assert_eq!(server.connection.reassembly.held(), 0);
}

#[test]
fn only_the_responder_of_a_channel_can_want_no_more() {
    let mut client = Alone::client();
    client.ask_channel(7, 9);
    assert!(!client.connection.cancel_receiving(1));
    let mut server = Alone::server();
    server.asked(1, request_stream(9, b""));
    server.asked(3, request_response(PayloadRef::default()));
    for stream in [1, 3, 5] {
        assert!(!server.connection.cancel_receiving(stream));
    }
    server.assert_sent(&[]);
}

// Conforms: request-channel/requester-cancels, request-channel/cancel-received, request-channel/cancel-sent
#[test]
fn a_requesters_cancel_ends_both_directions() {
    let mut channel = Channel::open();
    assert!(channel.pair.client.connection.cancel(1, 7));
    let slot = channel.slot;
    let told = vec![Seen::Cancelled { stream: 1, slot }];
    assert_eq!(channel.ferry(), (vec![], told));
    channel.assert_over();
}

// Conforms: request-channel/requester-cancels
#[test]
fn a_requester_that_has_completed_may_still_cancel() {
    let mut channel = Channel::open();
    assert_eq!(channel.pair.client.complete(1), Ok(()));
    channel.ferry();
    assert!(channel.pair.client.connection.cancel(1, 7));
    let slot = channel.slot;
    let told = vec![Seen::Cancelled { stream: 1, slot }];
    assert_eq!(channel.ferry(), (vec![], told));
    channel.assert_over();
}

/// "Upon sending an ERROR ..., the stream is terminated on both the Requester and Responder."
// Conforms: request-channel/requester-fails, request-channel/responder-fails, request-channel/error-received
// Conforms: request-channel/error-sent
#[test]
fn an_error_of_either_side_ends_both_directions() {
    let mut channel = Channel::open();
    assert_eq!(channel.pair.client.fail(1), Ok(()));
    let told = Seen::RequesterFailed {
        slot: channel.slot,
        code: ErrorCode::INVALID,
        message: "no".to_owned(),
    };
    assert_eq!(channel.ferry(), (vec![], vec![told]));
    channel.assert_over();

    let mut channel = Channel::open();
    assert_eq!(channel.pair.server.fail(1), Ok(()));
    let told = Seen::Failed {
        user: 7,
        code: ErrorCode::INVALID,
        message: "no".to_owned(),
    };
    assert_eq!(channel.ferry(), (vec![told], vec![]));
    channel.assert_over();
}

// Conforms: request-channel/requester-fails-late
#[test]
fn an_error_of_the_requester_reaches_a_responder_that_has_completed() {
    let mut channel = Channel::open();
    assert_eq!(channel.pair.server.complete(1), Ok(()));
    channel.ferry();
    assert_eq!(channel.pair.client.fail(1), Ok(()));
    let (client, server) = channel.ferry();
    assert_eq!(client, []);
    assert!(matches!(server[..], [Seen::RequesterFailed { .. }]));
    channel.assert_over();
}

// Conforms: request-channel/responder-fails-late
#[test]
fn an_error_of_the_responder_reaches_a_requester_that_has_completed() {
    let mut channel = Channel::open();
    assert_eq!(channel.pair.client.complete(1), Ok(()));
    channel.ferry();
    assert_eq!(channel.pair.server.fail(1), Ok(()));
    let (client, server) = channel.ferry();
    assert!(matches!(client[..], [Seen::Failed { user: 7, .. }]));
    assert_eq!(server, []);
    channel.assert_over();
}

/// Its sending is over, so that there is nothing whose failure it could tell; it can withdraw, or want no more.
#[test]
fn a_side_that_has_completed_cannot_fail_the_channel() {
    let mut channel = Channel::open();
    assert_eq!(channel.pair.client.complete(1), Ok(()));
    assert_eq!(channel.pair.client.fail(1), ENDED);
    channel.ferry();
    channel.assert_server_sends();
}

#[test]
fn items_after_the_peers_complete_are_ignored() {
    let mut server = Alone::server();
    let slot = server.asked(1, request_channel(9, b""));
    assert!(server.connection.request_n(1, 9));
    assert_eq!(server.receive(1, COMPLETE), got_end(slot, None));
    for late in [item(b"late"), fragment(b"late"), COMPLETE] {
        assert_eq!(server.receive(1, late), None);
    }
    assert_eq!(server.connection.reassembly.held(), 0);
    assert_eq!(server.send(1, b"a"), Ok(()));
}

/// "An implementation MUST only send a single initial REQUEST_CHANNEL frame."
// Conforms: request-channel/single-initial, unexpected/request-in-use
#[test]
fn a_second_request_on_the_stream_is_ignored() {
    let mut server = Alone::server();
    server.asked(1, request_channel(1, b""));
    assert_eq!(server.receive(1, request_channel(9, b"again")), None);
    assert_eq!(server.send(1, b"a"), Ok(()));
    assert_eq!(server.send(1, b"b"), Err(SendError::NoCredit));
}

/// The driver of each side has ended its part, and waits for nothing that could still be told.
#[test]
fn a_channel_whose_last_item_waits_to_be_sent_is_over_for_its_driver() {
    let farewells = [
        Frame::Cancel(Cancel),
        error(ErrorCode::APPLICATION_ERROR, "late"),
    ];
    for farewell in farewells {
        let mut server = Alone::server();
        server.asked(1, request_channel_only(9, b""));
        let connection = &mut server.connection;
        let last = large(77, None, MAX_FRAME_LEN);
        let sent = connection.send_item(1, &last, true, &mut server.out);
        assert_eq!(sent, Ok(()));
        server.write(1);
        assert_eq!(server.receive(1, farewell), None, "{farewell:?}");
        assert_eq!((server.released(), server.open()), (vec![77], (0, 0)));

        let mut client = Alone::client();
        client.ask_channel(7, 9);
        client.receive(1, request_n(9));
        client.sent();
        let connection = &mut client.connection;
        let sent = connection.send_item(1, &last, true, &mut client.out);
        assert_eq!(sent, Ok(()));
        client.write(1);
        assert_eq!(client.receive(1, COMPLETE), got_response(7, None));
        assert_eq!(client.receive(1, farewell), None, "{farewell:?}");
        assert_eq!((client.released(), client.open()), (vec![77], (0, 0)));
    }
}

/// It has said itself that nothing follows, so that it need not be told.
#[test]
fn a_cancel_of_the_responder_drops_a_last_item_that_waits() {
    let mut client = Alone::client();
    client.ask_channel(7, 9);
    client.receive(1, request_n(9));
    client.sent();
    let connection = &mut client.connection;
    let last = large(77, None, MAX_FRAME_LEN);
    let sent = connection.send_item(1, &last, true, &mut client.out);
    assert_eq!(sent, Ok(()));
    client.write(1);
    assert_eq!(client.receive(1, Frame::Cancel(Cancel)), None);
    assert_eq!((client.released(), client.write(9)), (vec![77], vec![]));
    assert_eq!(client.receive(1, COMPLETE), got_response(7, None));
    assert_eq!(client.open(), (0, 0));
}
