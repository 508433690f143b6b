//! Little room: what did not fit is handed in again, and in the end it is the same as with plenty of room.

use rsocket_protocol::frame::{Keepalive, MetadataPush, RequestFnf};

use super::streams::{item_frame, request_channel, request_n, request_stream};
use super::*;

/// Ways to have little room. The output still holds the longest frame, of 40 bytes and its prefix.
const TIGHT: [Room; 4] = [
    Room {
        events: 2,
        ..PLENTY
    },
    Room {
        output: 43,
        ..PLENTY
    },
    Room {
        segments: 2,
        ..PLENTY
    },
    Room {
        events: 2,
        output: 43,
        segments: 2,
    },
];

/// Requests of every kind, whole and in fragments, items, grants, keepalives, metadata and cancels of a client.
fn traffic() -> Vec<u8> {
    let mut wire = Vec::new();
    for turn in 0..if cfg!(miri) { 3 } else { 30 } {
        let stream = 1 + 12 * turn;
        let payload = PayloadRef::new(Some(b"meta"), b"data");
        let first = RequestResponse {
            follows: true,
            payload,
        };
        let whole = RequestFnf {
            follows: false,
            payload,
        };
        wire.extend(prefixed(stream, request_frame(b"whole")));
        wire.extend(prefixed(stream + 2, Frame::RequestResponse(first)));
        wire.extend(prefixed(stream + 4, Frame::RequestFnf(whole)));
        wire.extend(prefixed(stream + 2, answer_frame(b" and more")));
        wire.extend(prefixed(0, ping()));
        wire.extend(prefixed(stream + 6, request_frame(b"")));
        wire.extend(prefixed(
            stream + 6,
            Frame::Cancel(rsocket_protocol::frame::Cancel),
        ));
        wire.extend(prefixed(stream + 8, request_stream(3, b"stream")));
        wire.extend(prefixed(stream + 8, request_n(2)));
        wire.extend(prefixed(stream + 10, request_channel(3, b"channel")));
        wire.extend(prefixed(stream + 10, item_frame(b"item")));
        wire.extend(prefixed(stream + 10, answer_frame(b"last")));
        let push = MetadataPush { metadata: b"push" };
        wire.extend(prefixed(0, Frame::MetadataPush(push)));
    }
    wire
}

fn ping() -> Frame<'static> {
    Frame::Keepalive(Keepalive {
        respond: true,
        last_received_position: 0,
        data: b"echo me",
    })
}

#[test]
fn received_bytes_give_the_same_events_and_echoes() {
    let receive = |room| {
        let mut server = Side::server();
        server.unread = traffic();
        let seen = server.run_with(&Batch::default(), room);
        assert_eq!(server.unread, []);
        (seen, server.sent())
    };
    let expected = receive(PLENTY);
    assert!(expected.0.len() > 10 && expected.1.len() > 2);
    for room in TIGHT {
        assert_eq!(receive(room), expected, "{room:?}");
    }
}

#[test]
fn received_bytes_may_come_one_at_a_time() {
    let mut expected = Side::server();
    expected.unread = traffic();
    let seen = expected.run(&Batch::default());
    let mut server = Side::server();
    let mut one_by_one = Vec::new();
    for byte in traffic() {
        server.unread.push(byte);
        let turn = server.drive(&Batch::default(), PLENTY).expect("drives");
        one_by_one.extend(turn.events);
    }
    assert_eq!((one_by_one, server.sent()), (seen, expected.sent()));
}

/// A server with three requests, and commands that answer them, ask, forget, withdraw, and make no sense.
fn busy_server() -> (Side, Batch) {
    let mut server = Side::server();
    for stream in [1, 3, 5] {
        server.receive(stream, request_frame(b""));
    }
    server.receive(7, request_channel(2, b""));
    let held = (b"held metadata".to_vec(), b"held data".to_vec());
    server.held.insert(77, held.clone());
    server.held.insert(78, held);
    let external = rsocket_command {
        metadata_len: 13,
        data_len: 9,
        flags: RSOCKET_FLAG_METADATA | RSOCKET_FLAG_EXTERNAL,
        ..command(RSOCKET_COMMAND_RESPOND, 77, 5)
    };
    let forget = command(RSOCKET_COMMAND_FIRE_AND_FORGET, 0, 0);
    let batch = Batch::default()
        .respond(1, Some(b"meta"), b"data")
        .respond(1, None, b"twice")
        .request(7, None, &[b'x'; 34])
        .tell(RSOCKET_COMMAND_RESPOND_ERROR, 3, 0x201, b"no")
        .cancel(7)
        .push(command(99, 5, 5))
        .push(external)
        .respond(5, None, b"twice")
        .with(forget, None, b"forget")
        .request(1 << 32 | 7, None, b"")
        .ask_stream(8, 1)
        .ask_for(7, 1)
        .item(7, b"an item")
        .push(rsocket_command {
            token: 78,
            stream: 7,
            kind: RSOCKET_COMMAND_ITEM,
            ..external
        })
        .item(7, b"one too many")
        .push(command(RSOCKET_COMMAND_COMPLETE, 0, 7))
        .push(command(RSOCKET_COMMAND_CANCEL_RECEIVING, 0, 7))
        .with(
            command(RSOCKET_COMMAND_METADATA_PUSH, 0, 0),
            None,
            b"metadata",
        );
    (server, batch)
}

#[test]
fn commands_give_the_same_output() {
    let carry_out = |room| {
        let (mut server, batch) = busy_server();
        let seen = server.run_with(&batch, room);
        (seen, server.sent())
    };
    let expected = carry_out(PLENTY);
    let refused = RSOCKET_EVENT_REFUSED;
    let opened = RSOCKET_EVENT_OPENED;
    let kinds = kinds(&expected.0);
    assert_eq!(kinds, [refused, refused, refused, opened, refused]);
    assert_eq!(expected.1.len(), 14);
    for room in TIGHT {
        assert_eq!(carry_out(room), expected, "{room:?}");
    }
}

#[test]
fn each_call_says_how_far_it_came() {
    let mut client = Side::client();
    let batch = Batch::default()
        .request(1, None, b"12345")
        .request(2, None, b"12345")
        .request(3, None, b"12345");
    let room = Room {
        output: 2 * (3 + 6 + 5),
        ..PLENTY
    };
    let turn = client.drive(&batch, room).expect("drives");
    assert_eq!((turn.progress.commands_used, turn.output.len()), (2, 28));
    assert_eq!(
        turn.progress.flags, 0,
        "a command that waits is the caller's"
    );
}

#[test]
fn a_setup_for_which_there_is_no_room_is_an_error_and_stays() {
    let mut client = Side::new(&Settings::client());
    let none = Room {
        output: 10,
        ..PLENTY
    };
    for _ in 0..2 {
        let result = client.drive(&Batch::default(), none).err();
        assert_eq!(result, Some(rsocket_result::OutputTooSmall));
    }
    let turn = client.drive(&Batch::default(), PLENTY).expect("drives");
    assert!(turn.progress.output_len > 0);
}

#[test]
fn a_command_for_which_there_is_no_room_is_an_error_and_nothing_is_lost() {
    let mut client = Side::client();
    let batch = Batch::default().request(7, None, b"12345");
    let none = Room {
        output: 3 + 6 + 4,
        ..PLENTY
    };
    let result = client.drive(&batch, none).err();
    assert_eq!(result, Some(rsocket_result::OutputTooSmall));
    let enough = Room {
        output: 3 + 6 + 5,
        ..PLENTY
    };
    let turn = client.drive(&batch, enough).expect("drives");
    assert_eq!(turn.progress.commands_used, 1);
    client.assert_sent(&[(1, request_frame(b"12345"))]);
}

#[test]
fn an_answer_that_waits_for_room_is_told() {
    let mut server = Side::server();
    for _ in 0..3 {
        server.unread.extend(prefixed(0, ping()));
    }
    let one_echo = Room {
        output: 3 + 6 + 8 + 7,
        ..PLENTY
    };
    let flags: Vec<u32> = (0..3)
        .map(|_| server.drive(&Batch::default(), one_echo).expect("drives"))
        .map(|turn| turn.progress.flags)
        .collect();
    let more = RSOCKET_PROGRESS_MORE_OUTPUT;
    assert_eq!(flags, [more, more, 0]);
    assert_eq!(server.sent().len(), 3);
}

#[test]
fn without_room_for_two_events_nothing_is_taken_but_output_goes_on() {
    for events in [0, 1] {
        let mut client = Side::new(&Settings::client());
        client.unread = prefixed(2, request_frame(b""));
        let room = Room { events, ..PLENTY };
        let turn = client.drive(&Batch::default(), room).expect("drives");
        assert_eq!((turn.progress.received_used, turn.events), (0, vec![]));
        assert!(turn.progress.output_len > 0, "its SETUP");
        assert_eq!(
            kinds(&client.run(&Batch::default())),
            [RSOCKET_EVENT_REQUEST_RESPONSE]
        );
    }
}
