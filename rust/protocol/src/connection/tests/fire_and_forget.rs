//! Fire-and-forget: nothing comes back, so nothing is kept.

use super::*;

// Conforms: fire-and-forget/one-frame, fire-and-forget/responder-ends, fire-and-forget/requester-ends
#[test]
fn a_fire_and_forget_arrives_and_leaves_nothing_behind() {
    let mut pair = Pair::connected();
    let client = &mut pair.client;
    let body = Body::Inline(PayloadRef::new(Some(b"meta"), b"data"));
    let sent = client.connection.fire_and_forget(&body, &mut client.out);
    assert_eq!(sent, Ok(()));
    assert_eq!(client.connection.outbound_streams(), 0);
    assert_eq!(
        pair.ferry().server,
        [Seen::Request {
            stream: 1,
            slot: 0,
            kind: RequestKind::FireAndForget,
            initial_n: 0,
            complete: true,
            payload: OwnedPayload {
                metadata: Some(b"meta".to_vec()),
                data: b"data".to_vec(),
            },
        }]
    );
    assert_eq!(pair.server.connection.inbound_streams(), 0);
    assert_eq!(pair.ferry(), Both::default());
}

// Conforms: fire-and-forget/responder-ends
#[test]
fn a_fire_and_forget_cannot_be_answered() {
    let mut server = Alone::server();
    server.receive(1, request_fnf(PayloadRef::default()));
    let connection = &mut server.connection;
    let answered = connection.respond(1, None, &mut server.out);
    assert_eq!(answered, Err(SendError::NoSuchStream));
    let failed = connection.send_error(1, ErrorCode::INVALID, b"", &mut server.out);
    assert_eq!(failed, Err(SendError::NoSuchStream));
    server.assert_sent(&[]);
}

// Conforms: fire-and-forget/requester-ends, unexpected/error-unknown
#[test]
fn an_error_for_a_fire_and_forget_is_ignored() {
    let mut client = Alone::client();
    let sent = client
        .connection
        .fire_and_forget(&body(b""), &mut client.out);
    assert_eq!(sent, Ok(()));
    client.sent();
    assert_eq!(client.receive(1, error(ErrorCode::REJECTED, "")), None);
    client.assert_sent(&[]);
}

/// Whatever the reason, the peer has already forgotten the stream.
// Conforms: fire-and-forget/best-effort
#[test]
fn a_fire_and_forget_that_is_turned_away_is_not_answered() {
    let mut config = server_config();
    config.limits.max_inbound_streams = 1;
    config.limits.max_payload_len = 4;
    let mut server = Alone::server_with(&config);
    let first_fragment = Frame::RequestFnf(RequestFnf {
        follows: true,
        payload: PayloadRef::from_data(b"too long"),
    });
    assert_eq!(server.receive(1, first_fragment), None);
    server.receive(3, request_response(PayloadRef::default()));
    assert_eq!(server.receive(5, request_fnf(PayloadRef::default())), None);
    assert_eq!(server.receive(2, request_fnf(PayloadRef::default())), None);
    server.assert_sent(&[]);
}
