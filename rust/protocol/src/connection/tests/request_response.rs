//! Request-response, from both sides.

use super::*;

// Conforms: request-response/answered, request-response/responder-answer-ends, request-response/requester-answer-ends
#[test]
fn a_request_gets_its_answer() {
    let mut pair = Pair::connected();
    let (stream, _) = pair.request(7, b"question");
    assert_eq!((stream, pair.client.connection.outbound_streams()), (1, 1));
    assert_eq!(pair.server.connection.inbound_streams(), 1);

    assert_eq!(pair.server.respond(stream, b"answer"), Ok(()));
    assert_eq!(
        pair.ferry().client,
        [Seen::Response {
            user: 7,
            payload: Some(only_data(b"answer")),
        }]
    );
    assert_eq!(pair.client.connection.outbound_streams(), 0);
    assert_eq!(pair.server.connection.inbound_streams(), 0);
}

// Conforms: payload/next-and-complete, payload/neither, request-response/answered
#[test]
fn an_answer_is_one_payload_frame_with_next_and_complete() {
    let mut server = asked(b"");
    answer_with(&mut server, Some(PayloadRef::from_data(b"answer")));
    server.assert_sent(&[(1, answer(PayloadRef::from_data(b"answer")))]);
}

/// A server that was asked on stream 1.
fn asked(data: &[u8]) -> Alone {
    let mut server = Alone::server();
    let seen = server.receive(1, request_response(PayloadRef::from_data(data)));
    assert!(matches!(seen, Some(Seen::Request { stream: 1, .. })));
    server
}

#[track_caller]
fn answer_with(server: &mut Alone, payload: Option<PayloadRef<'_>>) {
    let body = payload.map(Body::Inline);
    let sent = server.connection.respond(1, body.as_ref(), &mut server.out);
    assert_eq!(sent, Ok(()));
}

/// The four ways for a payload to be little, which stay apart on the way through.
// Conforms: payload/two-parts, payload/metadata-of-payload, payload/empty-item
#[test]
fn absent_and_empty_stay_apart_in_both_directions() {
    let payloads = [
        PayloadRef::new(None, b""),
        PayloadRef::new(Some(b""), b""),
        PayloadRef::new(Some(b"m"), b""),
        PayloadRef::new(Some(b""), b"d"),
        PayloadRef::new(Some(b"meta"), b"data"),
    ];
    for payload in payloads {
        let expected = owned(&InboundPayload::Borrowed(payload));
        let mut pair = Pair::connected();
        let client = &mut pair.client;
        let asked = client
            .connection
            .request_response(1, &Body::Inline(payload), &mut client.out);
        assert_eq!(asked, Ok(1));
        let seen = pair.ferry().server;
        let [Seen::Request { payload: got, .. }] = seen.as_slice() else {
            panic!("the server saw {seen:?}");
        };
        assert_eq!(got, &expected);

        answer_with(&mut pair.server, Some(payload));
        let payload = Some(expected);
        assert_eq!(pair.ferry().client, [Seen::Response { user: 1, payload }]);
    }
}

// Conforms: payload/complete-only, payload/empty-item
#[test]
fn completing_without_a_payload_is_not_an_empty_payload() {
    let mut server = asked(b"");
    answer_with(&mut server, None);
    let complete = PayloadFrame {
        follows: false,
        complete: true,
        next: false,
        payload: PayloadRef::default(),
    };
    server.assert_sent(&[(1, Frame::Payload(complete))]);

    let mut client = Alone::client();
    client.request(7, b"");
    let payload = None;
    assert_eq!(
        client.receive(1, Frame::Payload(complete)),
        Some(Seen::Response { user: 7, payload })
    );
}

// Conforms: unexpected/response-without-complete
#[test]
fn an_answer_without_complete_is_taken_as_complete() {
    let next_only = PayloadFrame {
        follows: false,
        complete: false,
        next: true,
        payload: PayloadRef::from_data(b"answer"),
    };
    assert_eq!(answered(next_only), Some(only_data(b"answer")));
}

#[test]
fn an_answer_without_next_has_a_payload_if_it_has_bytes() {
    let complete_only = PayloadFrame {
        follows: false,
        complete: true,
        next: false,
        payload: PayloadRef::from_data(b"answer"),
    };
    assert_eq!(answered(complete_only), Some(only_data(b"answer")));
    let neither = PayloadFrame {
        complete: false,
        ..complete_only
    };
    assert_eq!(answered(neither), Some(only_data(b"answer")));
    let nothing_at_all = PayloadFrame {
        payload: PayloadRef::default(),
        ..neither
    };
    assert_eq!(answered(nothing_at_all), None);
}

/// What a client makes of `frame` as its answer; the stream has ended.
#[track_caller]
fn answered(frame: PayloadFrame<'_>) -> Option<OwnedPayload> {
    let mut client = Alone::client();
    client.request(7, b"");
    let Some(Seen::Response { user: 7, payload }) = client.receive(1, Frame::Payload(frame)) else {
        panic!("no response");
    };
    assert_eq!(client.connection.outbound_streams(), 0);
    payload
}

// Conforms: error/stream-0, request-response/failed, request-response/requester-answer-ends
#[test]
fn a_failed_request_carries_the_code_and_the_message() {
    for code in [
        ErrorCode::APPLICATION_ERROR,
        ErrorCode::REJECTED,
        ErrorCode::CANCELED,
        ErrorCode::INVALID,
        ErrorCode(0x301),
        ErrorCode(0),
    ] {
        let mut pair = Pair::connected();
        let (stream, _) = pair.request(7, b"");
        let server = &mut pair.server;
        let sent = server
            .connection
            .send_error(stream, code, b"no", &mut server.out);
        assert_eq!(sent, Ok(()));
        assert_eq!(
            pair.ferry().client,
            [Seen::Failed {
                user: 7,
                code,
                message: "no".to_owned(),
            }]
        );
        assert_eq!(pair.server.connection.inbound_streams(), 0);
    }
}

#[test]
fn a_long_error_message_is_cut() {
    let mut server = asked(b"");
    let message = "x".repeat(20 << 10);
    let sent =
        server
            .connection
            .send_error(1, ErrorCode::INVALID, message.as_bytes(), &mut server.out);
    assert_eq!(sent, Ok(()));
    server.assert_sent(&[(1, error(ErrorCode::INVALID, &message[..16 << 10]))]);
}

// Conforms: request-response/responder-answer-ends
#[test]
fn a_request_is_answered_once() {
    let mut server = asked(b"");
    answer_with(&mut server, None);
    let connection = &mut server.connection;
    let again = connection.respond(1, None, &mut server.out);
    assert_eq!(again, Err(SendError::NoSuchStream));
    let failed = connection.send_error(1, ErrorCode::INVALID, b"", &mut server.out);
    assert_eq!(failed, Err(SendError::NoSuchStream));
    assert_eq!(server.sent().len(), 1);
}

#[test]
fn a_request_of_this_side_cannot_be_answered_by_it() {
    let mut client = Alone::client();
    let stream = client.request(1, b"");
    let connection = &mut client.connection;
    let answered = connection.respond(stream, None, &mut client.out);
    assert_eq!(answered, Err(SendError::NoSuchStream));
    let never_was = connection.respond(99, None, &mut client.out);
    assert_eq!(never_was, Err(SendError::NoSuchStream));
}

// Conforms: stream/forgotten, request-response/cancelled, request-response/requester-cancel-ends
#[test]
fn a_withdrawn_request_sends_cancel_and_ignores_late_answers() {
    let mut client = Alone::client();
    let stream = client.request(7, b"");
    client.sent();
    assert!(client.connection.cancel(stream, 7));
    client.assert_sent(&[(1, Frame::Cancel(Cancel))]);
    assert_eq!(client.connection.outbound_streams(), 0);

    assert_eq!(
        client.receive(1, answer(PayloadRef::from_data(b"late"))),
        None
    );
    assert_eq!(client.receive(1, error(ErrorCode::REJECTED, "late")), None);
    client.assert_sent(&[]);
}

#[test]
fn only_the_one_who_named_a_request_can_withdraw_it_and_only_once() {
    let mut client = Alone::client();
    let stream = client.request(7, b"");
    client.sent();
    assert!(!client.connection.cancel(stream, 8), "another name");
    assert!(!client.connection.cancel(stream + 2, 7), "another stream");
    assert!(client.connection.cancel(stream, 7));
    assert!(!client.connection.cancel(stream, 7), "twice");
    client.assert_sent(&[(1, Frame::Cancel(Cancel))]);
}

#[test]
fn an_answered_request_cannot_be_withdrawn() {
    let mut client = Alone::client();
    let stream = client.request(7, b"");
    client.receive(stream, answer(PayloadRef::default()));
    client.sent();
    assert!(!client.connection.cancel(stream, 7));
    client.assert_sent(&[]);
}

// Conforms: request-response/responder-cancel-ends, request-response/no-late-response
#[test]
fn a_request_that_the_peer_withdraws_is_not_answered() {
    let mut pair = Pair::connected();
    let (stream, slot) = pair.request(7, b"");
    assert!(pair.client.connection.cancel(stream, 7));
    assert_eq!(pair.ferry().server, [Seen::Cancelled { stream, slot }]);
    let late = pair.server.respond(stream, b"late");
    assert_eq!(late, Err(SendError::NoSuchStream));
    assert_eq!(pair.ferry(), Both::default());
}

#[test]
fn an_error_from_the_requester_withdraws_its_request() {
    let mut server = asked(b"");
    let error = error(ErrorCode::APPLICATION_ERROR, "never mind");
    let seen = server.receive(1, error);
    assert!(matches!(seen, Some(Seen::Cancelled { stream: 1, .. })));
    assert_eq!(server.connection.inbound_streams(), 0);
    server.assert_sent(&[]);
}

// Conforms: stream/forgotten, unexpected/cancel-unknown, unexpected/error-unknown, unexpected/payload-unknown
#[test]
fn frames_for_streams_that_ended_or_never_were_are_ignored() {
    for stream in [0, 1, 2, 99, 0x7FFF_FFFF] {
        for mut side in [Alone::client(), Alone::server()] {
            assert_eq!(side.receive(stream, Frame::Cancel(Cancel)), None);
            assert_eq!(side.receive(stream, answer(PayloadRef::default())), None);
            if stream != 0 {
                assert_eq!(side.receive(stream, error(ErrorCode::INVALID, "")), None);
            }
            side.assert_sent(&[]);
        }
    }
}

// Conforms: unexpected/anything-else
#[test]
fn a_payload_for_a_request_of_the_peer_is_ignored() {
    let mut server = asked(b"");
    assert_eq!(server.receive(1, answer(PayloadRef::from_data(b"?"))), None);
    answer_with(&mut server, None);
}

// Conforms: unexpected/anything-else
#[test]
fn a_cancel_for_a_request_of_this_side_is_ignored() {
    let mut client = Alone::client();
    client.request(7, b"");
    assert_eq!(client.receive(1, Frame::Cancel(Cancel)), None);
    let answered = client.receive(1, answer(PayloadRef::default()));
    assert!(matches!(answered, Some(Seen::Response { user: 7, .. })));
}

#[test]
fn slots_are_dense_and_a_reused_one_has_another_generation() {
    let mut server = Alone::server();
    let ask = |server: &mut Alone, stream| match server
        .receive(stream, request_response(PayloadRef::default()))
    {
        Some(Seen::Request { slot, .. }) => slot,
        other => panic!("saw {other:?}"),
    };
    let first = ask(&mut server, 1);
    let second = ask(&mut server, 3);
    assert_eq!((first as u32, second as u32), (0, 1));
    answer_with(&mut server, None);
    let third = ask(&mut server, 5);
    assert_eq!(third as u32, 0);
    assert_ne!(third, first);
}

/// A responder may pass on why another connection ended, which does not concern this one.
// Conforms: error/connection-codes
#[test]
fn a_code_for_the_connection_is_an_application_error_on_a_stream() {
    for code in [
        ErrorCode::INVALID_SETUP,
        ErrorCode::UNSUPPORTED_SETUP,
        ErrorCode::REJECTED_SETUP,
        ErrorCode::REJECTED_RESUME,
        ErrorCode::CONNECTION_ERROR,
        ErrorCode::CONNECTION_CLOSE,
    ] {
        let mut server = asked(b"");
        let failed = server
            .connection
            .send_error(1, code, b"gone", &mut server.out);
        assert_eq!(failed, Ok(()));
        server.assert_sent(&[(1, error(ErrorCode::APPLICATION_ERROR, "gone"))]);
    }
}

// Conforms: error/data-utf8
#[test]
fn a_long_error_message_is_cut_between_characters() {
    const MAX: usize = 16 << 10;
    for character in ["\u{E4}", "\u{2603}", "\u{1F980}"] {
        for shift in 0..4 {
            let message = "x".repeat(shift) + &character.repeat(MAX);
            let mut server = asked(b"");
            let failed = server.connection.send_error(
                1,
                ErrorCode::INVALID,
                message.as_bytes(),
                &mut server.out,
            );
            assert_eq!(failed, Ok(()));
            server.connection.close(ErrorCode::INVALID_SETUP, &message);
            for frame in server.sent() {
                let Ok((_, Frame::Error(frame))) = Frame::decode(&frame) else {
                    panic!("not an ERROR");
                };
                let cut = str::from_utf8(frame.data).expect("it is UTF-8 still");
                assert!(message.starts_with(cut));
                assert!((MAX - 3..=MAX).contains(&cut.len()));
            }
        }
    }
}

/// There is nothing to keep together in bytes that are no text.
#[test]
fn a_long_error_message_that_is_no_text_is_cut_too() {
    let mut server = asked(b"");
    let message = [0x80; 20 << 10];
    let failed = server
        .connection
        .send_error(1, ErrorCode::INVALID, &message, &mut server.out);
    assert_eq!(failed, Ok(()));
    let sent = server.sent();
    assert!(sent[0].len() > 16 << 10, "{}", sent[0].len());
}
