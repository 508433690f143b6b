//! The output: a sink without room changes nothing, small frames go ahead of payloads, and payloads that the driver
//! holds are referred to where they belong.

use super::sink::{HELD_DATA, HELD_METADATA};
use super::*;
use crate::sink::{ExternalBody, ExternalSpan, Part};

#[test]
fn without_room_no_call_changes_anything() {
    let mut server = Alone::server();
    server.receive(1, request_response(PayloadRef::default()));
    server.out.room = 0;
    let connection = &mut server.connection;
    for _ in 0..3 {
        assert_eq!(
            connection.request_response(7, &body(b""), &mut server.out),
            Err(SendError::Full)
        );
        assert_eq!(
            connection.fire_and_forget(&body(b""), &mut server.out),
            Err(SendError::Full)
        );
        assert_eq!(
            connection.respond(1, None, &mut server.out),
            Err(SendError::Full)
        );
        assert_eq!(
            connection.send_error(1, ErrorCode::INVALID, b"", &mut server.out),
            Err(SendError::Full)
        );
        assert_eq!(connection.outbound_streams(), 0);
        assert_eq!(connection.inbound_streams(), 1);
    }
    server.assert_sent(&[]);
    server.out.room = usize::MAX;
    assert_eq!(server.request(7, b""), 2);
    assert_eq!(server.respond(1, b""), Ok(()));
    assert_eq!(server.sent().len(), 2);
}

#[test]
fn small_frames_wait_for_room_in_order() {
    let mut server = Alone::server();
    server.out.room = 0;
    for data in [b"1", b"2", b"3"] {
        server.receive(0, ping(data));
    }
    server.assert_sent(&[]);
    assert!(server.connection.wants_transmit());
    server.out.room = 2;
    server.assert_sent(&[(0, pong(b"1")), (0, pong(b"2"))]);
    assert!(server.connection.wants_transmit());
    server.out.room = 1;
    server.assert_sent(&[(0, pong(b"3"))]);
    assert!(!server.connection.wants_transmit());
}

// Conforms: flow/stream-0-first
#[test]
fn small_frames_go_ahead_of_payloads() {
    let mut client = Alone::client();
    client.request(1, b"");
    client.sent();
    client.connection.cancel(1, 1);
    client.receive(0, ping(b""));
    client.request(2, b"");
    client.assert_sent(&[
        (1, Frame::Cancel(Cancel)),
        (0, pong(b"")),
        (3, request_response(PayloadRef::default())),
    ]);
}

#[test]
fn a_payload_is_not_sent_while_a_small_frame_waits_for_room() {
    let mut client = Alone::client();
    client.receive(0, ping(b"1"));
    client.receive(0, ping(b"2"));
    client.out.room = 1;
    let connection = &mut client.connection;
    let sent = connection.request_response(1, &body(b""), &mut client.out);
    assert_eq!(sent, Err(SendError::Full));
    client.assert_sent(&[(0, pong(b"1"))]);
}

#[test]
fn a_setup_that_waits_for_room_goes_first() {
    let mut client = Alone::new(&client_config());
    client.out.room = 0;
    client.sent();
    client.out.room = usize::MAX;
    client.request(1, b"");
    let sent = client.sent();
    assert!(matches!(Frame::decode(&sent[0]), Ok((0, Frame::Setup(_)))));
    assert_eq!(sent.len(), 2);
}

/// What is sent for a request whose payload the driver holds, and the spans in it.
fn sent_external(metadata_len: Option<usize>, data_len: usize) -> (Vec<u8>, Vec<ExternalSpan>) {
    let mut client = Alone::client();
    let body = Body::External(ExternalBody {
        token: 77,
        metadata_len,
        data_len,
    });
    let connection = &mut client.connection;
    let sent = connection.request_response(1, &body, &mut client.out);
    assert_eq!(sent, Ok(1));
    let frame = client.sent().remove(0);
    (frame, client.out.spans)
}

fn span(part: Part, len: usize, last: bool) -> ExternalSpan {
    ExternalSpan {
        token: 77,
        part,
        offset: 0,
        len,
        last,
    }
}

#[test]
fn a_held_payload_is_one_span_for_each_half_and_the_last_is_marked() {
    let (metadata, data) = (Part::Metadata, Part::Data);
    let table: [(Option<usize>, usize, &[ExternalSpan]); 6] = [
        (None, 5, &[span(data, 5, true)]),
        (Some(0), 5, &[span(data, 5, true)]),
        (Some(4), 0, &[span(metadata, 4, true)]),
        (Some(4), 5, &[span(metadata, 4, false), span(data, 5, true)]),
        (Some(0), 0, &[]),
        (None, 0, &[]),
    ];
    for (metadata_len, data_len, expected) in table {
        let (frame, spans) = sent_external(metadata_len, data_len);
        assert_eq!(spans, expected);
        let metadata = metadata_len.map(|len| vec![HELD_METADATA; len]);
        let data = vec![HELD_DATA; data_len];
        let payload = PayloadRef::new(metadata.as_deref(), &data);
        assert_eq!(Frame::decode(&frame), Ok((1, request_response(payload))));
    }
}

#[test]
fn an_answer_may_be_held_by_the_driver_too() {
    let mut server = Alone::server();
    server.receive(1, request_response(PayloadRef::default()));
    let body = Body::External(ExternalBody {
        token: 77,
        metadata_len: None,
        data_len: 3,
    });
    let connection = &mut server.connection;
    let sent = connection.respond(1, Some(&body), &mut server.out);
    assert_eq!(sent, Ok(()));
    assert_eq!(server.out.spans, [span(Part::Data, 3, true)]);
    server.assert_sent(&[(1, answer(PayloadRef::from_data(&[HELD_DATA; 3])))]);
}

#[test]
fn a_held_payload_without_room_is_not_referred_to() {
    let mut client = Alone::client();
    client.out.room = 0;
    let body = Body::External(ExternalBody {
        token: 77,
        metadata_len: Some(1),
        data_len: 1,
    });
    let connection = &mut client.connection;
    let sent = connection.fire_and_forget(&body, &mut client.out);
    assert_eq!(sent, Err(SendError::Full));
    assert_eq!(client.out.spans, []);
}
