//! The examples of RFC 6455, byte by byte.

use super::*;

/// Section 1.2.
#[test]
fn the_opening_handshake_of_the_introduction() {
    let mut server = End::server(ServerOptions {
        origins: super::super::Origins::Listed(vec!["http://example.com".to_owned()]),
        paths: vec!["/chat".to_owned()],
        subprotocols: vec!["chat".to_owned()],
        ..ServerOptions::default()
    });
    let request = format!(
        "GET /chat HTTP/1.1\r\n\
         Host: server.example.com\r\n\
         Upgrade: websocket\r\n\
         Connection: Upgrade\r\n\
         Sec-WebSocket-Key: {KEY}\r\n\
         Origin: http://example.com\r\n\
         Sec-WebSocket-Protocol: chat, superchat\r\n\
         Sec-WebSocket-Version: 13\r\n\r\n"
    );
    server
        .receive_byte_by_byte(request.as_bytes())
        .expect("this is the example");
    let response = format!(
        "HTTP/1.1 101 Switching Protocols\r\n\
         Upgrade: websocket\r\n\
         Connection: Upgrade\r\n\
         Sec-WebSocket-Accept: {ACCEPT}\r\n\
         Sec-WebSocket-Protocol: chat\r\n\r\n"
    );
    assert_eq!(String::from_utf8(server.take_wire()), Ok(response.clone()));

    let mut client = End::client(&ClientOptions {
        path: "/chat".to_owned(),
        subprotocols: vec!["chat".to_owned(), "superchat".to_owned()],
        ..ClientOptions::new("server.example.com")
    });
    client.start();
    client
        .receive_byte_by_byte(response.as_bytes())
        .expect("this is the example");
    assert!(client.layer.is_open());
}

/// Section 5.7. The examples of text are refused here, so they are binary.
// Conforms: framing/no-length-in-messages
#[test]
fn the_frames_of_the_examples() {
    let hello = b"Hello";
    let unmasked = [&[0x82, 0x05][..], hello].concat();
    let mut client = End::open(Role::Client);
    client.receive(&unmasked).expect("an unmasked message");
    assert_eq!(client.take_plain(), prefixed(hello));

    let masked = [
        0x82, 0x85, 0x37, 0xFA, 0x21, 0x3D, 0x7F, 0x9F, 0x4D, 0x51, 0x58,
    ];
    let mut server = End::open(Role::Server);
    server.receive(&masked).expect("a masked message");
    assert_eq!(server.take_plain(), prefixed(hello));

    client.send(&prefixed(hello)).expect("the client is open");
    assert_eq!(client.take_wire(), masked);
    server.send(&prefixed(hello)).expect("the server is open");
    assert_eq!(server.take_wire(), unmasked);
}

#[test]
fn a_fragmented_unmasked_message() {
    let mut client = End::open(Role::Client);
    let fragments = [0x02, 0x03, 0x48, 0x65, 0x6C, 0x80, 0x02, 0x6C, 0x6F];
    client.receive(&fragments).expect("a message in fragments");
    assert_eq!(client.take_plain(), prefixed(b"Hello"));
}

#[test]
fn a_ping_and_its_masked_pong() {
    let mut client = End::open(Role::Client);
    let ping = [0x89, 0x05, 0x48, 0x65, 0x6C, 0x6C, 0x6F];
    client.receive(&ping).expect("a ping");
    let pong = [
        0x8A, 0x85, 0x37, 0xFA, 0x21, 0x3D, 0x7F, 0x9F, 0x4D, 0x51, 0x58,
    ];
    assert_eq!(client.take_wire(), pong);
    assert_eq!(client.take_plain(), []);
}

#[test]
fn lengths_of_one_two_and_eight_bytes() {
    for (len, header) in [
        (0, &[0x82, 0][..]),
        (125, &[0x82, 125]),
        (126, &[0x82, 126, 0, 126]),
        (256, &[0x82, 0x7E, 0x01, 0x00]),
        (65535, &[0x82, 126, 0xFF, 0xFF]),
        (65536, &[0x82, 0x7F, 0, 0, 0, 0, 0, 1, 0, 0]),
    ] {
        let payload = vec![7; len];
        let message = [header, &payload].concat();
        let mut server = End::open(Role::Server);
        server
            .send(&prefixed(&payload))
            .expect("the server is open");
        assert!(server.take_wire() == message, "{len} bytes sent");
        let mut client = End::open(Role::Client);
        client.receive(&message).expect("a message");
        assert!(client.take_plain() == prefixed(&payload), "{len} received");
    }
}
