//! Why a connection is over.

use rsocket_protocol::frame::{ErrorCode, ErrorFrame};

use super::*;

#[test]
fn there_is_no_reason_while_the_connection_lives() {
    assert_eq!(Side::client().close_reason(), Err(rsocket_result::NotReady));
}

#[test]
fn the_user_closed_it() {
    let mut client = Side::client();
    let close = Batch::default().tell(RSOCKET_COMMAND_CLOSE, 0, 0x102, "done \u{2603}".as_bytes());
    let turn = client.drive(&close, PLENTY).expect("drives");
    assert_eq!(turn.progress.flags, RSOCKET_PROGRESS_CLOSED);
    assert_eq!(turn.progress.deadline_ns, u64::MAX);
    let told = (RSOCKET_ORIGIN_USER, 0x102, "done \u{2603}".to_owned());
    assert_eq!(client.close_reason(), Ok(told));
    let told = Frame::Error(ErrorFrame {
        code: ErrorCode::CONNECTION_CLOSE,
        data: "done \u{2603}".as_bytes(),
    });
    client.assert_sent(&[(0, told)]);
}

#[test]
fn the_peer_closed_it() {
    let mut client = Side::client();
    let close = Frame::Error(ErrorFrame {
        code: ErrorCode::CONNECTION_ERROR,
        data: b"broken",
    });
    assert_eq!(kinds(&client.receive(0, close)), [RSOCKET_EVENT_CLOSED]);
    let told = (RSOCKET_ORIGIN_REMOTE, 0x101, "broken".to_owned());
    assert_eq!(client.close_reason(), Ok(told));
    client.assert_sent(&[]);
}

#[test]
fn a_message_that_is_not_utf8_is_made_so() {
    let mut client = Side::client();
    let close = Batch::default().tell(RSOCKET_COMMAND_CLOSE, 0, 0x101, b"bad \xFF");
    client.run(&close);
    let (_, _, message) = client.close_reason().expect("it is over");
    assert_eq!(message, "bad \u{FFFD}");
}

#[test]
fn a_close_for_which_there_is_no_room_waits_to_be_sent() {
    let mut client = Side::client();
    let close = Batch::default().tell(RSOCKET_COMMAND_CLOSE, 0, 0x101, b"done");
    let room = Room {
        output: 5,
        ..PLENTY
    };
    let turn = client.drive(&close, room).expect("drives");
    assert_eq!(kinds(&turn.events), [RSOCKET_EVENT_CLOSED]);
    let both = RSOCKET_PROGRESS_CLOSED | RSOCKET_PROGRESS_MORE_OUTPUT;
    assert_eq!(turn.progress.flags, both);
    client.run(&Batch::default());
    assert_eq!(client.sent().len(), 1);
}
