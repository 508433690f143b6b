//! Any bytes to either side of a WebSocket, before and after its handshake: nothing panics, what comes out is within limits and
//! does not depend on how the bytes were cut, and what one side sends the other receives.

#![no_main]

use std::sync::Arc;

use arbitrary::Arbitrary;
use bytes::BytesMut;
use libfuzzer_sys::fuzz_target;
use rsocket_transport::layer::{Layer, LayerError};
use rsocket_transport::length_prefix::{Split, split};
use rsocket_transport::websocket::{ClientOptions, ServerOptions, WebSocket};

/// Bytes of the longest message.
const LIMIT: usize = 1 << 12;

#[derive(Arbitrary, Debug)]
struct Case<'a> {
    server: bool,
    opened: bool,
    cut: u8,
    bytes: &'a [u8],
    frames: Vec<&'a [u8]>,
}

fuzz_target!(|case: Case<'_>| {
    let whole = receive(end(&case), case.bytes, usize::MAX);
    let cut = receive(end(&case), case.bytes, usize::from(case.cut) + 1);
    assert_eq!(whole.0, cut.0, "what came out");
    // A head that arrives in pieces is not judged at each.
    if case.opened {
        assert_eq!(whole.1, cut.1, "the outcome");
    }
    within_limits(&whole.0);
    round_trip(&case);
});

/// A side that any bytes can be given to.
fn end(case: &Case<'_>) -> WebSocket {
    let (client, server) = match case.opened {
        true => pair(),
        false => {
            let (client, server, _) = ends();
            (client, server)
        }
    };
    if case.server { server } else { client }
}

/// Both sides, of which the client has asked for a WebSocket with these bytes.
fn ends() -> (WebSocket, WebSocket, BytesMut) {
    let client = WebSocket::client(&ClientOptions {
        max_message_len: LIMIT,
        ..ClientOptions::new("localhost")
    });
    let server = WebSocket::server(Arc::new(ServerOptions {
        max_message_len: LIMIT,
        ..ServerOptions::default()
    }));
    let (mut client, mut asked) = (client.expect("the options are good"), BytesMut::new());
    client.start(&mut asked).expect("it has not begun");
    (client, server, asked)
}

/// Both sides after their handshake.
fn pair() -> (WebSocket, WebSocket) {
    let (mut client, mut server, mut asked) = ends();
    let (mut answered, mut plain) = (BytesMut::new(), BytesMut::new());
    server
        .receive(&asked, &mut plain, &mut answered)
        .expect("the request is good");
    client
        .receive(&answered, &mut plain, &mut asked)
        .expect("the answer is good");
    assert!(client.is_open() && server.is_open() && plain.is_empty());
    (client, server)
}

type Received = (BytesMut, Result<(), LayerError>);

/// Gives a side bytes in pieces, until it fails. Whether it fails, and with what, is the outcome.
fn receive(mut to: WebSocket, bytes: &[u8], cut: usize) -> Received {
    let (mut plain, mut wire) = (BytesMut::new(), BytesMut::new());
    for piece in bytes.chunks(cut) {
        let outcome = to.receive(piece, &mut plain, &mut wire);
        if outcome.is_err() {
            return (plain, outcome);
        }
    }
    // A Ping of two bytes is answered by six of a client, and any head by at most a short page.
    assert!(
        wire.len() <= 3 * bytes.len() + LIMIT,
        "{} bytes were answered",
        wire.len()
    );
    let outcome = to.end();
    (plain, outcome)
}

/// What comes out of a layer are frames with their lengths; the last may be a part of one.
fn within_limits(plain: &BytesMut) {
    let mut rest = &plain[..];
    loop {
        match split(rest, LIMIT) {
            Ok(Split::Frame { consumed, .. }) => rest = &rest[consumed..],
            Ok(Split::Incomplete { .. }) => return,
            Err(error) => panic!("{error}"),
        }
    }
}

/// What is sent arrives, either way.
fn round_trip(case: &Case<'_>) {
    let (client, server) = pair();
    let (mut from, to) = if case.server {
        (server, client)
    } else {
        (client, server)
    };
    let (mut plain, mut wire) = (BytesMut::new(), BytesMut::new());
    for frame in case.frames.iter().filter(|frame| frame.len() <= LIMIT) {
        let len = u32::try_from(frame.len())
            .expect("it is within the limit")
            .to_be_bytes();
        plain.extend_from_slice(&len[1..]);
        plain.extend_from_slice(frame);
    }
    for piece in plain.chunks(usize::from(case.cut) + 1) {
        from.send(piece, &mut wire).expect("it is open");
    }
    from.close(&mut wire);
    let (got, outcome) = receive(to, &wire, usize::from(case.cut) + 7);
    assert_eq!(outcome, Ok(()));
    assert_eq!(got, plain);
}
