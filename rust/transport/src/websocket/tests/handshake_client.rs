//! What a client asks for, and which answers it takes.

use super::super::InvalidOption;
use super::*;

fn request_of(options: &ClientOptions) -> String {
    let mut client = End::client(options);
    client.start();
    client.start();
    String::from_utf8(client.take_wire()).expect("requests are text")
}

#[test]
fn the_request_has_what_it_needs() {
    let request = request_of(&ClientOptions {
        path: "/path?query=1".to_owned(),
        headers: vec![
            ("Authorization".to_owned(), "Bearer abc".to_owned()),
            ("Origin".to_owned(), "http://example.com".to_owned()),
            ("X-Twice".to_owned(), "1".to_owned()),
            ("X-Twice".to_owned(), "2".to_owned()),
        ],
        ..ClientOptions::new("example.com:7878")
    });
    let expected = format!(
        "GET /path?query=1 HTTP/1.1\r\nHost: example.com:7878\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n"
    );
    assert!(request.starts_with(&expected), "{request}");
    for header in [
        "authorization: Bearer abc",
        "Origin: http://example.com",
        "x-twice: 1",
        "x-twice: 2",
        "Sec-WebSocket-Protocol: rsocket",
    ] {
        assert!(
            request.contains(&format!("\r\n{header}\r\n")),
            "{header} in {request}"
        );
    }
    assert!(request.ends_with("\r\n\r\n"));
}

#[test]
fn keys_are_not_used_twice() {
    let key = || {
        let mut client = WebSocket::client(&ClientOptions::new("a")).expect("valid");
        let mut wire = BytesMut::new();
        client.start(&mut wire).expect("it begins");
        let request = String::from_utf8(wire.to_vec()).expect("text");
        let key = request
            .lines()
            .find_map(|line| line.strip_prefix("Sec-WebSocket-Key: "));
        key.map(str::to_owned).expect("a key")
    };
    assert_ne!(key(), key());
}

#[test]
fn options_that_fit_no_request_are_refused() {
    let refused = |change: fn(&mut ClientOptions)| {
        let mut options = ClientOptions::new("example.com");
        change(&mut options);
        WebSocket::client(&options).expect_err("this cannot be sent")
    };
    let host = |text: &str| InvalidOption::Host(text.to_owned());
    assert_eq!(refused(|options| options.host = String::new()), host(""));
    assert_eq!(
        refused(|options| options.host = "a b".to_owned()),
        host("a b")
    );
    assert_eq!(
        refused(|options| options.host = "a/b".to_owned()),
        host("a/b")
    );
    assert_eq!(
        refused(|options| options.host = "u@a".to_owned()),
        host("u@a")
    );
    assert_eq!(
        refused(|options| options.host = "a\r\nX: y".to_owned()),
        host("a\r\nX: y")
    );
    for path in [
        "",
        "x",
        "*",
        "/a b",
        "/a\r\nX: y",
        "/a#fragment",
        "http://a/",
    ] {
        let mut options = ClientOptions::new("a");
        options.path = path.to_owned();
        let error = WebSocket::client(&options).expect_err(path);
        assert_eq!(error, InvalidOption::Path(path.to_owned()));
    }
    for (name, value) in [
        ("", "x"),
        ("A B", "x"),
        ("A", "x\r\nB: y"),
        ("Host", "x"),
        ("upgrade", "x"),
        ("Connection", "x"),
        ("Sec-WebSocket-Key", "x"),
        ("Sec-WebSocket-Protocol", "x"),
        ("Sec-WebSocket-Extensions", "permessage-deflate"),
    ] {
        let mut options = ClientOptions::new("a");
        options.headers = vec![(name.to_owned(), value.to_owned())];
        let error = WebSocket::client(&options).expect_err(name);
        assert_eq!(error, InvalidOption::Header(name.to_owned()));
    }
    let mut options = ClientOptions::new("a");
    options.subprotocols = vec!["a,b".to_owned()];
    let error = WebSocket::client(&options).expect_err("a comma");
    assert_eq!(error, InvalidOption::Subprotocol("a,b".to_owned()));
}

/// The lines of an answer that is accepted.
fn good() -> Vec<String> {
    vec![
        "HTTP/1.1 101 Switching Protocols".to_owned(),
        "Upgrade: websocket".to_owned(),
        "Connection: Upgrade".to_owned(),
        format!("Sec-WebSocket-Accept: {ACCEPT}"),
    ]
}

/// The outcome of a handshake with these lines for an answer, which may come in any pieces.
fn answered(lines: &[String]) -> Result<(), LayerError> {
    let answer = lines
        .iter()
        .map(|line| format!("{line}\r\n"))
        .collect::<String>()
        + "\r\n";
    let outcomes = [1, 3, answer.len()].map(|size| {
        let mut client = End::client(&ClientOptions::new("example.com"));
        client.start();
        let outcome = answer
            .as_bytes()
            .chunks(size)
            .try_for_each(|chunk| client.receive(chunk));
        assert_eq!(client.layer.is_open(), outcome.is_ok());
        outcome
    });
    let [outcome, rest @ ..] = outcomes;
    assert!(rest.iter().all(|other| *other == outcome));
    outcome
}

fn answered_with(index: usize, line: &str) -> Result<(), LayerError> {
    let mut lines = good();
    if line.is_empty() {
        lines.remove(index);
    } else if let Some(at) = lines.get_mut(index) {
        *at = line.to_owned();
    } else {
        lines.push(line.to_owned());
    }
    answered(&lines)
}

#[test]
fn good_answers_are_accepted() {
    assert_eq!(answered(&good()), Ok(()));
    assert_eq!(answered_with(1, "UPGRADE: WebSocket"), Ok(()));
    assert_eq!(answered_with(2, "connection: keep-alive, upgrade"), Ok(()));
    assert_eq!(answered_with(9, "Sec-WebSocket-Protocol: rsocket"), Ok(()));
    assert_eq!(answered_with(9, "Server: any"), Ok(()));
}

#[test]
fn answers_that_break_the_handshake_are_refused() {
    for (index, line) in [
        (1, ""),
        (1, "Upgrade: h2c"),
        (2, ""),
        (2, "Connection: close"),
        (3, ""),
        (3, "Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA="),
        (9, "Sec-WebSocket-Protocol: mqtt"),
        (9, "Sec-WebSocket-Protocol: rsocket, rsocket"),
        (9, "Sec-WebSocket-Extensions: permessage-deflate"),
        (9, "Sec-WebSocket-Accept: twice"),
        (0, "HTTP/1.0 101 Switching Protocols"),
        (0, "HTTP/2.0 101 Switching Protocols"),
        (0, "ICY 200 OK"),
        (0, "\0\0\x20"),
    ] {
        let error = answered_with(index, line).expect_err(line);
        assert_eq!(error.kind, LayerErrorKind::Protocol, "{line:?}: {error}");
    }
}

#[test]
fn other_statuses_are_refusals_that_tell_them() {
    for (line, message) in [
        (
            "HTTP/1.1 404 Not Found",
            "the server answered 404 Not Found",
        ),
        ("HTTP/1.1 200 OK", "the server answered 200 OK"),
        ("HTTP/1.1 403 Whatever", "the server answered 403 Forbidden"),
        (
            "HTTP/1.1 503 ",
            "the server answered 503 Service Unavailable",
        ),
    ] {
        let error = answered(&[line.to_owned()]).expect_err(line);
        assert_eq!(error.kind, LayerErrorKind::Refused);
        assert_eq!(error.message, message);
    }
    let moved = [
        "HTTP/1.1 301 Moved Permanently".to_owned(),
        "Location: /there".to_owned(),
    ];
    let error = answered(&moved).expect_err("it is elsewhere");
    assert_eq!(
        error.message,
        "the server answered 301 Moved Permanently, for \"/there\""
    );
}

#[test]
fn frames_may_follow_the_answer_at_once() {
    let mut client = End::client(&ClientOptions::new("example.com"));
    client.start();
    let head = good().join("\r\n") + "\r\n\r\n";
    let bytes = [
        head.as_bytes(),
        &frame(BINARY, None, b"early"),
        &frame(PING, None, b"1"),
    ]
    .concat();
    client.take_wire();
    client.receive(&bytes).expect("an answer and more");
    assert_eq!(client.take_plain(), prefixed(b"early"));
    assert_eq!(short_frames(&client.take_wire())[0].0, PONG);
}

#[test]
fn a_long_answer_is_refused() {
    let mut client = End::client(&ClientOptions {
        max_head_len: 1000,
        ..ClientOptions::new("example.com")
    });
    client.start();
    client
        .receive(b"HTTP/1.1 101 Switching Protocols\r\n")
        .expect("it begins well");
    let failed = std::iter::repeat_n(b"X-Header: value\r\n", 1000)
        .find_map(|line| client.receive(line).err())
        .expect("it does not go on for ever");
    assert_eq!(failed.kind, LayerErrorKind::TooLong);
}

#[test]
fn a_server_that_goes_away_cuts_off() {
    let mut client = End::client(&ClientOptions::new("example.com"));
    client.start();
    client
        .receive(b"HTTP/1.1 101 Swi")
        .expect("part of an answer");
    assert_eq!(
        client.layer.end().map_err(|error| error.kind),
        Err(LayerErrorKind::CutOff)
    );
}
