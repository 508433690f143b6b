//! How a connection ends: by either side, at once or after its streams, and nothing afterwards.

use super::*;

// Conforms: error/connection-close-receiver
#[test]
fn connection_close_waits_for_the_streams_under_way() {
    let mut server = Alone::server();
    server.receive(1, request_response(PayloadRef::default()));
    let own = server.request(7, b"");
    server.sent();

    let close = error(ErrorCode::CONNECTION_CLOSE, "bye");
    assert_eq!(server.receive(0, close), Some(Seen::Draining));
    assert_eq!(server.connection.close_reason(), None, "it is not over");
    assert_eq!(server.tick(), None);

    assert_eq!(server.respond(1, b"answer"), Ok(()));
    server.assert_sent(&[(1, answer(PayloadRef::from_data(b"answer")))]);
    assert_eq!(server.tick(), None, "one stream is left");

    let seen = server.receive(own, answer(PayloadRef::default()));
    assert!(matches!(seen, Some(Seen::Response { user: 7, .. })));
    assert_eq!(server.run_to_deadline(), Some(Seen::Closed));
    server.assert_sent(&[]);
    assert_eq!(
        server.reason(),
        CloseReason {
            origin: Origin::Remote,
            code: ErrorCode::CONNECTION_CLOSE,
            message: "bye".into(),
        }
    );
}

#[test]
fn connection_close_without_streams_ends_at_once() {
    let mut client = Alone::client();
    let close = error(ErrorCode::CONNECTION_CLOSE, "");
    assert_eq!(client.receive(0, close), Some(Seen::Closed));
    assert_eq!(client.reason().code, ErrorCode::CONNECTION_CLOSE);
}

/// A client whose peer closes while request 7 is open.
fn draining() -> Alone {
    let mut client = Alone::client();
    client.request(7, b"");
    client.sent();
    let close = error(ErrorCode::CONNECTION_CLOSE, "bye");
    assert_eq!(client.receive(0, close), Some(Seen::Draining));
    client
}

// Conforms: error/connection-close-requests
#[test]
fn a_draining_connection_takes_no_new_requests_of_this_side() {
    let mut client = draining();
    let connection = &mut client.connection;
    let request = connection.request_response(8, &body(b""), &mut client.out);
    assert_eq!(request, Err(SendError::Draining));
    let fnf = connection.fire_and_forget(&body(b""), &mut client.out);
    assert_eq!(fnf, Err(SendError::Draining));
    client.assert_sent(&[]);
}

// Conforms: error/connection-close-requests, error/rejected
#[test]
fn a_draining_connection_rejects_new_requests_of_the_peer() {
    let mut client = draining();
    assert_eq!(
        client.receive(2, request_response(PayloadRef::default())),
        None
    );
    assert_eq!(client.receive(4, request_fnf(PayloadRef::default())), None);
    client.assert_sent(&[(2, error(ErrorCode::REJECTED, "the connection is closing"))]);
}

#[test]
fn draining_is_told_once() {
    let mut client = draining();
    let again = error(ErrorCode::CONNECTION_CLOSE, "bye again");
    assert_eq!(client.receive(0, again), None);
}

#[test]
fn a_withdrawn_request_lets_a_draining_connection_end() {
    let mut client = draining();
    assert!(client.connection.cancel(1, 7));
    assert_eq!(client.run_to_deadline(), Some(Seen::Closed));
}

#[test]
fn a_draining_connection_still_watches_its_peer() {
    let mut client = draining();
    let seen = (0..20).find_map(|_| client.run_to_deadline());
    assert_eq!(seen, Some(Seen::Closed), "it fell silent");
}

// Conforms: header/stream-0, error/stream-0, error/connection-error
#[test]
fn connection_error_ends_everything_at_once() {
    for mut side in [Alone::client(), Alone::server()] {
        side.request(7, b"");
        side.sent();
        let failed = error(ErrorCode::CONNECTION_ERROR, "broken \u{2603}");
        assert_eq!(side.receive(0, failed), Some(Seen::Closed));
        assert_eq!(side.connection.outbound_streams(), 0);
        assert_eq!(
            side.reason(),
            CloseReason {
                origin: Origin::Remote,
                code: ErrorCode::CONNECTION_ERROR,
                message: "broken \u{2603}".into(),
            }
        );
        side.assert_sent(&[]);
    }
}

// Conforms: error/data-utf8
#[test]
fn a_message_of_the_peer_need_not_be_text() {
    let mut client = Alone::client();
    let frame = Frame::Error(ErrorFrame {
        code: ErrorCode::CONNECTION_ERROR,
        data: b"bad \xFF",
    });
    client.receive(0, frame);
    assert_eq!(client.reason().message, "bad \u{FFFD}");
}

// Conforms: error/connection-error
#[test]
fn close_tells_the_peer_and_drops_all_streams() {
    let mut pair = Pair::connected();
    pair.request(7, b"");
    let connection = &mut pair.client.connection;
    connection.close(ErrorCode::CONNECTION_ERROR, "done");
    assert!(connection.is_closed());
    assert_eq!(connection.outbound_streams(), 0);
    assert_eq!(pair.client.reason().origin, Origin::User);
    assert_eq!(pair.ferry().server, [Seen::Closed]);
    let reason = pair.server.reason();
    assert_eq!((reason.origin, &*reason.message), (Origin::Remote, "done"));
}

// Conforms: transport/close, stream/ends-with-connection
#[test]
fn a_lost_transport_ends_everything_and_leaves_nothing_to_send() {
    let mut client = Alone::new(&client_config());
    assert!(client.connection.wants_transmit(), "its SETUP");
    client.connection.transport_closed("reset by peer");
    assert!(client.connection.is_closed());
    client.assert_sent(&[]);
    let reason = client.reason();
    assert_eq!(reason.origin, Origin::Transport);
    assert_eq!(reason.message, "reset by peer");
}

#[test]
fn the_first_reason_stays() {
    let mut client = Alone::client();
    client
        .connection
        .close(ErrorCode::CONNECTION_ERROR, "first");
    client
        .connection
        .close(ErrorCode::CONNECTION_CLOSE, "second");
    client.connection.transport_closed("third");
    assert_eq!(client.reason().message, "first");
}

/// The peer began it, and whoever asks why wants to know that.
#[test]
fn the_first_reason_stays_while_draining_too() {
    let ends: [End; 3] = [
        |client| client.connection.transport_closed("reset by peer"),
        |client| {
            client
                .connection
                .close(ErrorCode::CONNECTION_ERROR, "enough")
        },
        |client| drop(client.receive(0, error(ErrorCode::CONNECTION_ERROR, "after all"))),
    ];
    for end in ends {
        let mut client = draining();
        end(&mut client);
        assert!(client.connection.is_closed());
        assert_eq!(client.connection.outbound_streams(), 0);
        assert_eq!(client.reason().message, "bye");
    }
}

type End = fn(&mut Alone);

// Conforms: transport/close
#[test]
fn nothing_happens_after_the_end() {
    let ends: [End; 5] = [
        |side| side.connection.close(ErrorCode::CONNECTION_CLOSE, ""),
        |side| side.connection.transport_closed(""),
        |side| drop(side.receive(0, error(ErrorCode::CONNECTION_ERROR, ""))),
        |side| drop(side.receive_bytes(b"")),
        |side| drop(side.connection.fail("")),
    ];
    for end in ends {
        let mut side = Alone::server();
        side.receive(1, request_response(PayloadRef::default()));
        let own = side.request(7, b"");
        end(&mut side);
        side.sent();
        assert_eq!(side.receive(own, answer(PayloadRef::default())), None);
        assert_eq!(
            side.receive(3, request_response(PayloadRef::default())),
            None
        );
        assert_eq!(side.receive(0, ping(b"")), None);
        assert_eq!(side.receive_bytes(b""), None);
        side.pass(Duration::from_secs(1 << 20));
        assert_eq!(side.connection.poll_timeout(), None);
        assert_eq!(side.tick(), None);
        assert!(!side.connection.cancel(own, 7));
        assert_eq!(side.respond(1, b""), Err(SendError::Closed));
        let connection = &mut side.connection;
        let failed = connection.send_error(1, ErrorCode::INVALID, b"", &mut side.out);
        assert_eq!(failed, Err(SendError::Closed));
        let request = connection.request_response(8, &body(b""), &mut side.out);
        assert_eq!(request, Err(SendError::Closed));
        let fnf = connection.fire_and_forget(&body(b""), &mut side.out);
        assert_eq!(fnf, Err(SendError::Closed));
        connection.fail("again");
        connection.close(ErrorCode::CONNECTION_ERROR, "again");
        side.assert_sent(&[]);
    }
}

/// CONNECTION_CLOSE promises to wait for open streams: who does not wait has to say something else.
// Conforms: error/connection-close-sender
#[test]
fn a_close_that_ends_streams_is_a_connection_error_on_the_wire() {
    let under_way: [End; 3] = [
        |client| {
            client.request(7, b"");
        },
        |client| drop(client.receive(2, request_response(PayloadRef::default()))),
        |client| {
            client.out.room = 0;
            let long = interactions::large(77, None, MAX_FRAME_LEN);
            let sent = client.connection.fire_and_forget(&long, &mut client.out);
            assert_eq!(sent, Ok(()));
        },
    ];
    for begin in under_way {
        let mut client = Alone::client();
        begin(&mut client);
        client.out.room = usize::MAX;
        client.out.take();
        let connection = &mut client.connection;
        connection.close(ErrorCode::CONNECTION_CLOSE, "done");
        assert_eq!(client.reason().code, ErrorCode::CONNECTION_ERROR);
        client.assert_sent(&[(0, error(ErrorCode::CONNECTION_ERROR, "done"))]);
    }
}

// Conforms: error/connection-close-sender
#[test]
fn a_close_that_ends_no_stream_is_connection_close() {
    let mut client = Alone::client();
    client.request(7, b"");
    client.receive(1, answer(PayloadRef::default()));
    client.sent();
    let connection = &mut client.connection;
    connection.close(ErrorCode::CONNECTION_CLOSE, "done");
    assert_eq!(client.reason().code, ErrorCode::CONNECTION_CLOSE);
    client.assert_sent(&[(0, error(ErrorCode::CONNECTION_CLOSE, "done"))]);
}

// Conforms: error/stream-codes
#[test]
fn a_code_for_streams_does_not_end_the_connection() {
    for code in [
        ErrorCode::APPLICATION_ERROR,
        ErrorCode::REJECTED,
        ErrorCode::CANCELED,
        ErrorCode::INVALID,
    ] {
        let mut client = Alone::client();
        client.connection.close(code, "done");
        assert_eq!(client.reason().code, ErrorCode::CONNECTION_ERROR);
        client.assert_sent(&[(0, error(ErrorCode::CONNECTION_ERROR, "done"))]);
    }
}
