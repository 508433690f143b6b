//! Every kind of command, and every kind of event that comes of it.

use rsocket_protocol::frame::{Cancel, ErrorCode, ErrorFrame, RequestFnf};

use super::*;

#[test]
fn a_request_is_asked_and_answered() {
    let payloads: [(Option<&[u8]>, &[u8]); 5] = [
        (None, b""),
        (None, b"data"),
        (Some(b""), b""),
        (Some(b"meta"), b""),
        (Some(b"meta"), b"data"),
    ];
    for (metadata, data) in payloads {
        let mut pair = Pair::connected();
        let seen = pair.client_does(&Batch::default().request(7, metadata, data));
        let expected = Seen {
            kind: RSOCKET_EVENT_REQUEST_RESPONSE,
            token: seen.server[0].token,
            stream: 1,
            code: 1,
            complete: true,
            metadata: metadata.map(<[u8]>::to_vec),
            data: data.to_vec(),
            ..Seen::default()
        };
        assert_eq!((seen.client, seen.server), (vec![], vec![expected]));

        let seen = pair.server_does(&Batch::default().respond(1, metadata, data));
        let expected = Seen {
            kind: RSOCKET_EVENT_RESPONSE,
            token: 7,
            stream: 1,
            complete: true,
            metadata: metadata.map(<[u8]>::to_vec),
            data: data.to_vec(),
            ..Seen::default()
        };
        assert_eq!((seen.client, seen.server), (vec![expected], vec![]));
    }
}

#[test]
fn a_server_asks_a_client_likewise() {
    let mut pair = Pair::connected();
    let seen = pair.server_does(&Batch::default().request(9, None, b"?"));
    assert_eq!(
        (seen.client[0].stream, &*seen.client[0].data),
        (2, &b"?"[..])
    );
    let seen = pair.client_does(&Batch::default().respond(2, None, b"!"));
    assert_eq!(
        (seen.server[0].token, &*seen.server[0].data),
        (9, &b"!"[..])
    );
}

#[test]
fn completing_without_a_payload_is_not_an_empty_payload() {
    let mut pair = Pair::connected();
    pair.client_does(&Batch::default().request(7, None, b""));
    let nothing = rsocket_command {
        flags: RSOCKET_FLAG_NO_PAYLOAD,
        ..command(RSOCKET_COMMAND_RESPOND, 0, 1)
    };
    let seen = pair.server_does(&Batch::default().push(nothing));
    assert_eq!(
        seen.client,
        [Seen {
            kind: RSOCKET_EVENT_RESPONSE,
            token: 7,
            stream: 1,
            complete: true,
            no_payload: true,
            ..Seen::default()
        }]
    );
}

#[test]
fn a_fire_and_forget_arrives_and_nothing_comes_back() {
    let mut pair = Pair::connected();
    let forget = command(RSOCKET_COMMAND_FIRE_AND_FORGET, 7, 0);
    let seen = pair.client_does(&Batch::default().with(forget, Some(b"m"), b"d"));
    let expected = Seen {
        kind: RSOCKET_EVENT_FIRE_AND_FORGET,
        stream: 1,
        complete: true,
        metadata: Some(b"m".to_vec()),
        data: b"d".to_vec(),
        ..Seen::default()
    };
    assert_eq!((seen.client, seen.server), (vec![], vec![expected]));
}

#[test]
fn a_request_fails_with_code_and_message() {
    let mut pair = Pair::connected();
    pair.client_does(&Batch::default().request(7, None, b""));
    let batch = Batch::default().tell(RSOCKET_COMMAND_RESPOND_ERROR, 1, 0x201, b"no");
    assert_eq!(
        pair.server_does(&batch).client,
        [Seen {
            kind: RSOCKET_EVENT_FAILED,
            token: 7,
            stream: 1,
            code: 0x201,
            data: b"no".to_vec(),
            ..Seen::default()
        }]
    );
}

#[test]
fn a_withdrawn_request_is_told_to_the_other_side_by_its_name_there() {
    let mut pair = Pair::connected();
    let asked = pair.client_does(&Batch::default().request(7, None, b""));
    let slot = asked.server[0].token;
    let seen = pair.client_does(&Batch::default().cancel(7));
    let expected = Seen {
        kind: RSOCKET_EVENT_CANCELLED,
        token: slot,
        stream: 1,
        ..Seen::default()
    };
    assert_eq!((seen.client, seen.server), (vec![], vec![expected]));
}

#[test]
fn an_answer_to_a_withdrawn_request_is_refused() {
    let mut pair = Pair::connected();
    pair.client_does(&Batch::default().request(7, None, b""));
    pair.client_does(&Batch::default().cancel(7));
    let seen = pair.server_does(&Batch::default().respond(1, None, b"late"));
    assert_refused(&seen.server, 0, 1, rsocket_result::NoSuchStream);
    assert_eq!(seen.client, []);
}

#[track_caller]
pub(super) fn assert_refused(seen: &[Seen], token: u64, stream: u32, why: rsocket_result) {
    let refused = Seen {
        kind: RSOCKET_EVENT_REFUSED,
        token,
        stream,
        code: why as u32,
        ..Seen::default()
    };
    assert_eq!(seen, [refused]);
}

#[test]
fn a_setup_is_accepted_or_rejected() {
    let mut client = Side::new(&Settings::client());
    let mut server = Side::new(&Settings::server());
    client.run(&Batch::default().request(7, None, b"early"));
    server.unread.append(&mut client.wire);
    assert_eq!(kinds(&server.run(&Batch::default())), [RSOCKET_EVENT_SETUP]);
    let accept = Batch::default().accept();
    assert_eq!(server.run(&accept).remove(0).data, b"early");
    assert_refused(&server.run(&accept), 0, 0, rsocket_result::NotReady);

    let mut client = Side::new(&Settings::client());
    let mut server = Side::new(&Settings::server());
    client.run(&Batch::default().request(7, None, b"early"));
    server.unread.append(&mut client.wire);
    server.run(&Batch::default());
    let reject = Batch::default().tell(RSOCKET_COMMAND_REJECT_SETUP, 0, 3, b"not you");
    assert_eq!(kinds(&server.run(&reject)), [RSOCKET_EVENT_CLOSED]);
    client.unread.append(&mut server.wire);
    assert_eq!(
        kinds(&client.run(&Batch::default())),
        [RSOCKET_EVENT_CLOSED]
    );
    let told = (RSOCKET_ORIGIN_REMOTE, 3, "not you".to_owned());
    assert_eq!(client.close_reason(), Ok(told));
}

#[test]
fn a_server_may_not_ask_before_it_has_accepted() {
    let mut server = Side::new(&Settings::server());
    let seen = server.run(&Batch::default().request(7, None, b""));
    assert_refused(&seen, 7, 0, rsocket_result::NotReady);
}

#[test]
fn close_is_told_to_both_sides() {
    let mut pair = Pair::connected();
    pair.client_does(&Batch::default().request(7, None, b""));
    let close = Batch::default().tell(RSOCKET_COMMAND_CLOSE, 0, 0x101, b"done");
    let seen = pair.client_does(&close);
    assert_eq!(kinds(&seen.client), [RSOCKET_EVENT_CLOSED]);
    assert_eq!(kinds(&seen.server), [RSOCKET_EVENT_CLOSED]);
}

#[test]
fn commands_after_the_end_are_refused() {
    let mut client = Side::client();
    let batch = Batch::default()
        .tell(RSOCKET_COMMAND_CLOSE, 0, 0x101, b"")
        .request(7, None, b"")
        .cancel(8)
        .tell(RSOCKET_COMMAND_CLOSE, 0, 0x101, b"again");
    let seen = client.run(&batch);
    assert_eq!(kinds(&seen), [RSOCKET_EVENT_CLOSED, RSOCKET_EVENT_REFUSED]);
    assert_refused(&seen[1..], 7, 0, rsocket_result::Closed);
}

#[test]
fn a_draining_connection_refuses_requests_and_closes_after_the_last_answer() {
    let mut client = Side::client();
    client.run(&Batch::default().request(7, None, b""));
    let close = Frame::Error(ErrorFrame {
        code: ErrorCode::CONNECTION_CLOSE,
        data: b"bye",
    });
    assert_eq!(kinds(&client.receive(0, close)), [RSOCKET_EVENT_DRAINING]);
    assert_eq!(client.close_reason(), Err(rsocket_result::NotReady));
    let refused = client.run(&Batch::default().request(8, None, b""));
    assert_refused(&refused, 8, 0, rsocket_result::Draining);
    let last = client.receive(1, answer_frame(b"!"));
    assert_eq!(kinds(&last), [RSOCKET_EVENT_RESPONSE, RSOCKET_EVENT_CLOSED]);
    let told = (RSOCKET_ORIGIN_REMOTE, 0x102, "bye".to_owned());
    assert_eq!(client.close_reason(), Ok(told));
}

#[test]
fn too_many_requests_are_refused() {
    let settings = Settings::client().limit(RSOCKET_LIMIT_OUTBOUND_STREAMS, 2);
    let mut client = Side::new(&settings);
    let batch = Batch::default().request(0, None, b"").request(1, None, b"");
    assert_eq!(client.run(&batch), []);
    let seen = client.run(&Batch::default().request(1 << 32, None, b""));
    assert_refused(&seen, 1 << 32, 0, rsocket_result::TooManyStreams);
}

#[test]
fn a_payload_over_the_limit_is_refused_alone() {
    let settings = Settings::client().limit(RSOCKET_LIMIT_PAYLOAD_LEN, 200 << 10);
    let mut client = Side::new(&settings);
    client.run(&Batch::default());
    client.sent();
    let large = vec![0; (200 << 10) + 1];
    let external = rsocket_command {
        data_len: large.len() as u32,
        flags: RSOCKET_FLAG_EXTERNAL,
        ..command(RSOCKET_COMMAND_REQUEST_STREAM, 9, 0)
    };
    let batch = Batch::default()
        .request(7, None, &large)
        .request(8, None, b"")
        .push(external);
    let seen = client.run(&batch);
    assert_refused(&seen[..1], 7, 0, rsocket_result::PayloadTooLarge);
    assert_refused(&seen[1..], 9, 0, rsocket_result::PayloadTooLarge);
    client.assert_sent(&[(1, request_frame(b""))]);
}

/// The caller has to hold it itself, or to have more room.
#[test]
fn a_copied_payload_that_fits_no_output_is_an_error_and_stays() {
    let mut client = Side::client();
    let batch = Batch::default().request(7, None, &[0; 100 << 10]);
    let result = client.drive(&batch, PLENTY).err();
    assert_eq!(result, Some(rsocket_result::OutputTooSmall));
    let room = Room {
        output: 128 << 10,
        ..PLENTY
    };
    assert_eq!(client.run_with(&batch, room), []);
    assert_eq!(client.sent().len(), 1);
}

#[test]
fn a_batch_is_carried_out_in_order() {
    let mut client = Side::client();
    let forget = command(RSOCKET_COMMAND_FIRE_AND_FORGET, 0, 0);
    let batch = Batch::default()
        .request(1, None, b"first")
        .with(forget, None, b"second")
        .cancel(1)
        .request(2, None, b"third");
    assert_eq!(client.run(&batch), []);
    let second = Frame::RequestFnf(RequestFnf {
        follows: false,
        payload: PayloadRef::from_data(b"second"),
    });
    client.assert_sent(&[
        (1, request_frame(b"first")),
        (3, second),
        (1, Frame::Cancel(Cancel)),
        (5, request_frame(b"third")),
    ]);
}
