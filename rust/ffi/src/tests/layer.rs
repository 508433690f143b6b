//! A layer between a connection and its transport: WebSocket, from a caller's place.

use std::thread;

use super::*;
use crate::layer::{self, *};
use crate::websocket::*;

/// A layer, freed with the test, and what it has brought so far.
struct TestLayer {
    layer: *mut rsocket_layer,
    plain: Vec<u8>,
    wire: Vec<u8>,
    flags: u32,
}

/// What to ask for, or whom to let in.
#[derive(Default)]
struct Lines<'a> {
    host: &'a str,
    path: &'a str,
    headers: &'a str,
    subprotocols: &'a str,
    origins: &'a str,
    max_message_len: u64,
    max_head_len: u64,
}

fn new_client(lines: &Lines<'_>) -> Result<TestLayer, rsocket_result> {
    let [host, path, headers, subprotocols] =
        [lines.host, lines.path, lines.headers, lines.subprotocols];
    let mut layer = null_mut();
    // SAFETY: the slices and the place are valid.
    let result = unsafe {
        rsocket_layer_new_websocket_client(
            host.as_ptr(),
            host.len(),
            path.as_ptr(),
            path.len(),
            headers.as_ptr(),
            headers.len(),
            subprotocols.as_ptr(),
            subprotocols.len(),
            lines.max_message_len,
            &mut layer,
        )
    };
    TestLayer::of(result, layer)
}

fn new_server(lines: &Lines<'_>) -> Result<TestLayer, rsocket_result> {
    let [host, path, origins, subprotocols] =
        [lines.host, lines.path, lines.origins, lines.subprotocols];
    let mut layer = null_mut();
    // SAFETY: the slices and the place are valid.
    let result = unsafe {
        rsocket_layer_new_websocket_server(
            origins.as_ptr(),
            origins.len(),
            host.as_ptr(),
            host.len(),
            path.as_ptr(),
            path.len(),
            subprotocols.as_ptr(),
            subprotocols.len(),
            lines.max_message_len,
            lines.max_head_len,
            &mut layer,
        )
    };
    TestLayer::of(result, layer)
}

fn client() -> TestLayer {
    let lines = Lines {
        host: "localhost:7878",
        path: "/rsocket?a=b",
        headers: "Authorization: Bearer abc\nX-More:1\r\n",
        subprotocols: "rsocket\n",
        ..Lines::default()
    };
    new_client(&lines).expect("the lines are good")
}

fn server() -> TestLayer {
    let lines = Lines {
        host: "localhost\nexample.com",
        path: "/rsocket\n/other",
        subprotocols: "rsocket",
        ..Lines::default()
    };
    new_server(&lines).expect("the lines are good")
}

impl TestLayer {
    fn of(result: rsocket_result, layer: *mut rsocket_layer) -> Result<Self, rsocket_result> {
        if result != rsocket_result::Ok {
            assert!(layer.is_null(), "written although it failed");
            return Err(result);
        }
        Ok(Self {
            layer,
            plain: Vec::new(),
            wire: Vec::new(),
            flags: 0,
        })
    }

    fn call(
        &mut self,
        function: impl FnOnce(*mut rsocket_layer, *mut rsocket_layer_output) -> rsocket_result,
    ) -> rsocket_result {
        let mut output = MaybeUninit::uninit();
        let result = function(self.layer, output.as_mut_ptr());
        if result == rsocket_result::Ok {
            // SAFETY: written on success.
            let output: rsocket_layer_output = unsafe { output.assume_init() };
            self.plain.extend(copy(output.plain, output.plain_len));
            self.wire.extend(copy(output.wire, output.wire_len));
            self.flags = output.flags;
        }
        result
    }

    fn start(&mut self) -> rsocket_result {
        // SAFETY: the handle is live and the place is valid.
        self.call(|layer, output| unsafe { rsocket_layer_start(layer, output) })
    }

    fn receive(&mut self, bytes: &[u8]) -> rsocket_result {
        let (bytes, len) = (bytes.as_ptr(), bytes.len());
        // SAFETY: the handle is live, the bytes and the place are valid.
        self.call(|layer, output| unsafe { rsocket_layer_receive(layer, bytes, len, output) })
    }

    fn send(&mut self, plain: &[u8]) -> rsocket_result {
        let (plain, len) = (plain.as_ptr(), plain.len());
        // SAFETY: the handle is live, the bytes and the place are valid.
        self.call(|layer, output| unsafe { rsocket_layer_send(layer, plain, len, output) })
    }

    fn close(&mut self) -> rsocket_result {
        // SAFETY: the handle is live and the place is valid.
        self.call(|layer, output| unsafe { rsocket_layer_close(layer, output) })
    }

    fn last_output(&mut self) -> rsocket_result {
        // SAFETY: the handle is live and the place is valid.
        self.call(|layer, output| unsafe { rsocket_layer_last_output(layer, output) })
    }

    fn end(&self) -> rsocket_result {
        // SAFETY: the handle is live.
        unsafe { rsocket_layer_end(self.layer) }
    }

    fn last_error(&self) -> Result<(rsocket_result, String), rsocket_result> {
        let mut error = MaybeUninit::uninit();
        // SAFETY: the handle is live and the place is valid.
        let result = unsafe { rsocket_layer_last_error(self.layer, error.as_mut_ptr()) };
        if result != rsocket_result::Ok {
            return Err(result);
        }
        // SAFETY: written on success.
        let error: rsocket_layer_error = unsafe { error.assume_init() };
        let message = copy(error.message, error.message_len);
        let message = String::from_utf8(message).expect("errors are UTF-8");
        Ok((error.result, message))
    }

    fn is_open(&self) -> bool {
        self.flags & RSOCKET_LAYER_OPEN != 0
    }

    fn is_closed_by_peer(&self) -> bool {
        self.flags & RSOCKET_LAYER_CLOSED_BY_PEER != 0
    }
}

impl Drop for TestLayer {
    fn drop(&mut self) {
        // SAFETY: live, and not used afterwards.
        unsafe { rsocket_layer_free(self.layer) };
    }
}

/// Carries what is on the wires until nothing is.
fn carry(one: &mut TestLayer, other: &mut TestLayer) {
    while !one.wire.is_empty() || !other.wire.is_empty() {
        let (there, back) = (
            std::mem::take(&mut one.wire),
            std::mem::take(&mut other.wire),
        );
        assert_eq!(other.receive(&there), rsocket_result::Ok);
        assert_eq!(one.receive(&back), rsocket_result::Ok);
    }
}

fn connected() -> (TestLayer, TestLayer) {
    let (mut client, mut server) = (client(), server());
    assert_eq!(client.start(), rsocket_result::Ok);
    assert_eq!(server.start(), rsocket_result::Ok);
    carry(&mut client, &mut server);
    assert!(client.is_open() && server.is_open());
    (client, server)
}

#[test]
fn connections_talk_through_layers() {
    let (mut near, mut far) = connected();
    let mut client = Side::new(&Settings::client());
    let mut server = Side::new(&Settings::server());
    let mut cross = |client: &mut Side, server: &mut Side| {
        client.run(&Batch::default());
        assert_eq!(
            near.send(&std::mem::take(&mut client.wire)),
            rsocket_result::Ok
        );
        assert_eq!(
            far.send(&std::mem::take(&mut server.wire)),
            rsocket_result::Ok
        );
        carry(&mut near, &mut far);
        client.unread.append(&mut near.plain);
        server.unread.append(&mut far.plain);
        (client.run(&Batch::default()), server.run(&Batch::default()))
    };
    let (_, seen) = cross(&mut client, &mut server);
    assert_eq!(kinds(&seen), [RSOCKET_EVENT_SETUP]);
    server.run(&Batch::default().accept());
    client.run(&Batch::default().request(1, None, b"question"));
    let (_, seen) = cross(&mut client, &mut server);
    assert_eq!(seen[0].data, b"question");
    server.run(&Batch::default().respond(seen[0].stream, None, b"answer"));
    let (seen, _) = cross(&mut client, &mut server);
    assert_eq!((seen[0].token, &seen[0].data[..]), (1, &b"answer"[..]));
}

#[test]
fn the_request_has_what_the_lines_say() {
    let mut client = client();
    assert_eq!(client.start(), rsocket_result::Ok);
    let request = String::from_utf8(client.wire.clone()).expect("text");
    assert!(request.starts_with("GET /rsocket?a=b HTTP/1.1\r\nHost: localhost:7878\r\n"));
    for line in [
        "authorization: Bearer abc",
        "x-more: 1",
        "Sec-WebSocket-Protocol: rsocket",
    ] {
        assert!(
            request.contains(&format!("\r\n{line}\r\n")),
            "{line} in {request}"
        );
    }
}

#[test]
fn both_sides_close() {
    let (mut client, mut server) = connected();
    assert_eq!(client.end(), rsocket_result::CutOff);
    assert_eq!(client.close(), rsocket_result::Ok);
    assert!(!client.is_open());
    carry(&mut client, &mut server);
    assert!(client.is_closed_by_peer() && server.is_closed_by_peer());
    assert_eq!(client.close(), rsocket_result::Ok);
    assert_eq!(client.wire, []);
    assert_eq!(client.end(), rsocket_result::Ok);
    assert_eq!(server.send(b"\0\0\x01x"), rsocket_result::NotOpen);
    let (result, _) = server.last_error().expect("it failed");
    assert_eq!(result, rsocket_result::NotOpen);
}

#[test]
fn a_failure_is_told_with_what_is_left_to_say() {
    let (mut client, mut server) = connected();
    assert_eq!(
        client.last_error().map(|_| ()),
        Err(rsocket_result::NotReady)
    );
    let good_and_bad = [&[0x82, 1, b'x'][..], &[0x81, 1, b'x']].concat();
    assert_eq!(client.receive(&good_and_bad), rsocket_result::LayerProtocol);
    assert_eq!(
        (&client.plain[..], &client.wire[..]),
        (&[][..], &[][..]),
        "written"
    );
    assert_eq!(client.last_output(), rsocket_result::Ok);
    assert_eq!(client.plain, b"\0\0\x01x");
    let (result, message) = client.last_error().expect("it failed");
    assert_eq!(result, rsocket_result::LayerProtocol);
    assert_eq!(message, "a text message; RSocket's are binary");
    let close = std::mem::take(&mut client.wire);
    assert_eq!(server.receive(&close), rsocket_result::ClosedWithError);
    let (_, message) = server.last_error().expect("it failed");
    assert!(message.contains("1003"), "{message}");
    assert_eq!(client.receive(b""), rsocket_result::NotOpen);
    assert_eq!(client.last_output(), rsocket_result::Ok);
    assert_eq!(client.wire, []);
}

#[test]
fn a_refused_client_gets_a_status() {
    let mut server = server();
    let request = b"GET /none HTTP/1.1\r\nHost: localhost\r\n\r\n";
    assert_eq!(server.receive(request), rsocket_result::HandshakeRefused);
    assert_eq!(server.last_output(), rsocket_result::Ok);
    assert!(server.wire.starts_with(b"HTTP/1.1 404 Not Found\r\n"));
    let response = std::mem::take(&mut server.wire);
    let mut client = client();
    assert_eq!(client.start(), rsocket_result::Ok);
    assert_eq!(client.receive(&response), rsocket_result::HandshakeRefused);
    let (_, message) = client.last_error().expect("it failed");
    assert_eq!(message, "the server answered 404 Not Found");
}

#[test]
fn origins_are_those_of_the_lines() {
    for (origins, let_in) in [
        ("", false),
        ("https://other.example", false),
        ("https://other.example\nhttps://page.example\n", true),
        ("*", true),
    ] {
        let mut client = new_client(&Lines {
            host: "localhost",
            headers: "Origin: https://page.example",
            ..Lines::default()
        })
        .expect("the lines are good");
        let mut server = new_server(&Lines {
            origins,
            ..Lines::default()
        })
        .expect("the lines are good");
        assert_eq!(client.start(), rsocket_result::Ok);
        let expected = if let_in {
            rsocket_result::Ok
        } else {
            rsocket_result::HandshakeRefused
        };
        assert_eq!(server.receive(&client.wire), expected, "{origins:?}");
    }
}

#[test]
fn limits_are_those_of_the_arguments() {
    let mut server = new_server(&Lines {
        max_head_len: 20,
        ..Lines::default()
    })
    .expect("the lines are good");
    let request = b"GET / HTTP/1.1\r\nHost: localhost\r\n";
    assert_eq!(server.receive(request), rsocket_result::HandshakeRefused);
    let mut client = new_client(&Lines {
        host: "localhost",
        max_message_len: 10,
        ..Lines::default()
    })
    .expect("the lines are good");
    let mut server = new_server(&Lines::default()).expect("the lines are good");
    assert_eq!(client.start(), rsocket_result::Ok);
    carry(&mut client, &mut server);
    assert_eq!(
        server.send(&[&[0, 0, 11][..], &[0; 11]].concat()),
        rsocket_result::Ok
    );
    let message = std::mem::take(&mut server.wire);
    assert_eq!(client.receive(&message), rsocket_result::MessageTooLong);
}

#[test]
fn lines_that_fit_no_request_are_invalid() {
    let good = || Lines {
        host: "localhost",
        ..Lines::default()
    };
    for lines in [
        Lines { host: "", ..good() },
        Lines {
            host: "a b",
            ..good()
        },
        Lines {
            path: "x",
            ..good()
        },
        Lines {
            headers: "no colon",
            ..good()
        },
        Lines {
            headers: "Host: other",
            ..good()
        },
        Lines {
            headers: "A: b\rC: d",
            ..good()
        },
        Lines {
            subprotocols: "a b",
            ..good()
        },
    ] {
        let made = new_client(&lines).map(|_| ());
        assert_eq!(made, Err(rsocket_result::InvalidArgument));
    }
    let mut layer = null_mut();
    // SAFETY: the bytes and the place are valid.
    let result = unsafe {
        rsocket_layer_new_websocket_client(
            b"\xFF".as_ptr(),
            1,
            null(),
            0,
            null(),
            0,
            null(),
            0,
            0,
            &mut layer,
        )
    };
    assert_eq!(
        (result, layer),
        (rsocket_result::InvalidArgument, null_mut())
    );
}

#[test]
fn null_is_a_result() {
    let null_argument = rsocket_result::NullArgument;
    let server = server();
    let mut output = MaybeUninit::uninit();
    let output: *mut rsocket_layer_output = output.as_mut_ptr();
    // SAFETY: NULL is what these functions say they answer, the others are valid.
    let results = unsafe {
        rsocket_layer_free(null_mut());
        [
            rsocket_layer_start(null_mut(), output),
            rsocket_layer_receive(null_mut(), null(), 0, output),
            rsocket_layer_send(null_mut(), null(), 0, output),
            rsocket_layer_end(null_mut()),
            rsocket_layer_close(null_mut(), output),
            rsocket_layer_last_output(null_mut(), output),
            rsocket_layer_last_error(null_mut(), null_mut()),
            rsocket_layer_start(server.layer, null_mut()),
            rsocket_layer_receive(server.layer, null(), 0, null_mut()),
            rsocket_layer_receive(server.layer, null(), 1, output),
            rsocket_layer_send(server.layer, null(), 0, null_mut()),
            rsocket_layer_send(server.layer, null(), 1, output),
            rsocket_layer_close(server.layer, null_mut()),
            rsocket_layer_last_output(server.layer, null_mut()),
            rsocket_layer_new_websocket_client(
                null(),
                1,
                null(),
                0,
                null(),
                0,
                null(),
                0,
                0,
                null_mut(),
            ),
            rsocket_layer_new_websocket_server(
                null(),
                0,
                null(),
                0,
                null(),
                0,
                null(),
                0,
                0,
                0,
                null_mut(),
            ),
        ]
    };
    assert_eq!(results, [null_argument; 16]);
    let mut failed = server;
    assert_eq!(failed.receive(b"\0"), rsocket_result::HandshakeRefused);
    // SAFETY: the handle is live.
    let result = unsafe { rsocket_layer_last_error(failed.layer, null_mut()) };
    assert_eq!(result, null_argument);
}

/// Lets another thread use a handle, which the gate makes safe.
#[derive(Clone, Copy)]
struct Shared(*mut rsocket_layer);

// SAFETY: the gate in the handle is what is tested.
unsafe impl Send for Shared {}

impl Shared {
    fn close(self) -> rsocket_result {
        let mut output = MaybeUninit::uninit();
        // SAFETY: the handle is live and the place is valid.
        unsafe { rsocket_layer_close(self.0, output.as_mut_ptr()) }
    }
}

#[test]
fn one_thread_at_a_time_is_inside() {
    let server = server();
    let shared = Shared(server.layer);
    // SAFETY: the handle is live.
    let inside = unsafe {
        layer::enter(server.layer, |_| {
            let other = thread::spawn(move || shared.close());
            assert_eq!(other.join().ok(), Some(rsocket_result::Busy));
            Ok(())
        })
    };
    assert_eq!(inside, rsocket_result::Ok);
    assert_eq!(shared.close(), rsocket_result::Ok, "free again");
}

#[test]
fn a_panic_is_a_result_for_good() {
    let mut broken = server();
    // SAFETY: the handle is live.
    let result = unsafe { layer::enter(broken.layer, |_| panic!("a bug in the library")) };
    assert_eq!(result, rsocket_result::Panic);
    assert_eq!(broken.receive(b""), rsocket_result::Panic);
    assert_eq!(broken.last_output(), rsocket_result::Panic);
    assert_eq!(broken.end(), rsocket_result::Panic);
    assert_eq!(broken.last_error(), Err(rsocket_result::Panic));
}

#[test]
fn what_was_lent_lives_until_the_next_call() {
    let (mut client, mut server) = connected();
    for round in 0..3_u8 {
        let long = [&[0x03, 0x0D, 0x40][..], &vec![round; 200_000]].concat();
        assert_eq!(client.send(&long), rsocket_result::Ok);
        let wire = std::mem::take(&mut client.wire);
        for piece in wire.chunks(50_000) {
            assert_eq!(server.receive(piece), rsocket_result::Ok);
        }
        assert!(std::mem::take(&mut server.plain) == long);
        assert_eq!(server.receive(b""), rsocket_result::Ok);
        assert_eq!(server.plain, []);
    }
}
