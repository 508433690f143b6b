//! Whom a server lets in, and what it tells the others.

use super::super::Origins;
use super::*;

/// The lines of a request that is let in.
const GOOD: [&str; 6] = [
    "GET /rsocket HTTP/1.1",
    "Host: example.com",
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version: 13",
];

fn head(lines: &[&str]) -> String {
    lines
        .iter()
        .map(|line| format!("{line}\r\n"))
        .collect::<String>()
        + "\r\n"
}

/// The good request with other lines in place of those with the same name, and more.
fn with(changes: &[&str]) -> String {
    let name = |line: &str| line.split([':', ' ']).next().map(str::to_lowercase);
    let mut lines: Vec<&str> = GOOD
        .iter()
        .filter(|line| !changes.iter().any(|change| name(change) == name(line)))
        .copied()
        .collect();
    let (first, more): (Vec<&str>, Vec<&str>) = changes
        .iter()
        .filter(|change| !change.ends_with(": -"))
        .partition(|change| !change.contains(": "));
    lines.splice(0..0, first);
    lines.extend(more);
    head(&lines)
}

/// The good request without the header.
fn without(name: &str) -> String {
    with(&[&format!("{name}: -")])
}

fn response(options: ServerOptions, request: &str) -> (Result<(), LayerErrorKind>, String) {
    let mut whole = End::server(options.clone());
    let received = whole
        .receive(request.as_bytes())
        .map_err(|error| error.kind);
    let response = String::from_utf8(whole.take_wire()).expect("responses are text");
    assert_eq!(whole.layer.is_open(), received.is_ok());

    let mut cut = End::server(options);
    let received_cut = cut.receive_byte_by_byte(request.as_bytes());
    assert_eq!(received_cut.map_err(|error| error.kind), received);
    assert_eq!(cut.take_wire(), response.as_bytes());
    (received, response)
}

fn accepted_by(options: ServerOptions, request: &str) -> String {
    let (received, response) = response(options, request);
    assert_eq!(received, Ok(()), "{request}\n{response}");
    assert!(response.starts_with("HTTP/1.1 101 Switching Protocols\r\n"));
    assert!(response.contains(&format!("\r\nSec-WebSocket-Accept: {ACCEPT}\r\n")));
    response
}

fn accepted(request: &str) -> String {
    accepted_by(ServerOptions::default(), request)
}

fn refused_by(options: ServerOptions, request: &str, status: &str) -> String {
    let (received, response) = response(options, request);
    assert_eq!(received, Err(LayerErrorKind::Refused), "{request}");
    let line = response.lines().next().unwrap_or_default();
    assert_eq!(line, format!("HTTP/1.1 {status}"), "{request}");
    let (head, body) = response.split_once("\r\n\r\n").expect("a head");
    assert!(head.contains(&format!("\r\nContent-Length: {}", body.len())) || body.is_empty());
    assert!(head.contains("close"));
    response
}

fn refused(request: &str, status: &str) -> String {
    refused_by(ServerOptions::default(), request, status)
}

#[test]
fn a_good_request_is_let_in() {
    let response = accepted(&head(&GOOD));
    assert!(!response.contains("Sec-WebSocket-Protocol"));
}

#[test]
fn names_and_tokens_have_no_case_and_no_order() {
    accepted(&head(&[
        GOOD[0],
        "SEC-WEBSOCKET-VERSION: 13",
        "connection: keep-alive, upgrade",
        "upgrade: WebSocket",
        "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==",
        "host: example.com",
        "x-anything: else",
    ]));
}

#[test]
fn a_request_may_follow_empty_lines() {
    accepted(&format!("\r\n\r\n{}", head(&GOOD)));
}

#[test]
fn frames_may_follow_the_request_at_once() {
    let mut server = End::server(ServerOptions::default());
    let bytes = [head(&GOOD).as_bytes(), &frame(BINARY, Some(MASK), b"early")].concat();
    server.receive(&bytes).expect("a request and a message");
    assert_eq!(server.take_plain(), prefixed(b"early"));
}

#[test]
fn a_plain_request_is_told_to_upgrade() {
    let status = "426 Upgrade Required";
    for request in [
        head(&["GET / HTTP/1.1", "Host: example.com", "Accept: text/html"]),
        without("Upgrade"),
        without("Connection"),
        with(&["Upgrade: h2c"]),
        with(&["Connection: keep-alive"]),
    ] {
        let response = refused(&request, status);
        assert!(response.contains("\r\nUpgrade: websocket\r\nConnection: Upgrade, close\r\n"));
        assert!(response.ends_with("this address speaks RSocket over WebSocket\n"));
    }
}

#[test]
fn another_version_is_told_which_one_there_is() {
    for request in [
        without("Sec-WebSocket-Version"),
        with(&["Sec-WebSocket-Version: 8"]),
        with(&["Sec-WebSocket-Version: 13, 8"]),
    ] {
        let response = refused(&request, "426 Upgrade Required");
        assert!(response.contains("\r\nSec-WebSocket-Version: 13\r\n"));
    }
}

#[test]
fn a_key_has_16_bytes() {
    let status = "400 Bad Request";
    refused(&without("Sec-WebSocket-Key"), status);
    for key in [
        "",
        "x",
        "dGhlIHNhbXBsZSBub25jZQ",
        "dGhlIHNhbXBsZSBub25jZSE=",
    ] {
        refused(&with(&[&format!("Sec-WebSocket-Key: {key}")]), status);
    }
    let twice = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";
    refused(&with(&[twice, twice]), status);
}

#[test]
fn other_methods_are_not_allowed() {
    for method in ["POST", "PUT", "CONNECT", "OPTIONS"] {
        let line = format!("{method} /rsocket HTTP/1.1");
        let request = head(&[&line, "Host: example.com"]);
        let response = refused(&request, "405 Method Not Allowed");
        assert!(response.contains("\r\nAllow: GET\r\n"));
    }
    let request = head(&["HEAD / HTTP/1.1", "Host: example.com"]);
    let response = refused(&request, "405 Method Not Allowed");
    assert!(response.ends_with("\r\n\r\n"), "HEAD has no body");
}

#[test]
fn other_versions_of_http_are_not_supported() {
    let status = "505 HTTP Version Not Supported";
    refused(&head(&["GET / HTTP/1.0", "Host: example.com"]), status);
    refused_at_once("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", status);
}

/// What is refused before its end, so that the rest cannot be taken byte by byte.
fn refused_at_once(bytes: &str, status: &str) {
    for size in [1, 2, 7, bytes.len()] {
        let mut server = End::server(ServerOptions::default());
        let failed = bytes
            .as_bytes()
            .chunks(size)
            .find_map(|chunk| server.receive(chunk).err())
            .expect("this is refused");
        assert_eq!(failed.kind, LayerErrorKind::Refused);
        let response = String::from_utf8(server.take_wire()).expect("text");
        assert!(
            response.starts_with(&format!("HTTP/1.1 {status}\r\n")),
            "{response}"
        );
    }
}

#[test]
fn garbage_is_a_bad_request() {
    let status = "400 Bad Request";
    for garbage in [
        "\0\0\x2c\0\0\0\0\x04\0\0\x01\0\0",
        "\x16\x03\x01\x02\0\x01\0\x01\u{fc}",
        "hello\r\n\r\n",
        "\r\nGET\r\n",
        "GET / HTTP/1.1\r\nno colon\r\n\r\n",
        "GET / HTTP/1.1\r\nHost : example.com\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n b: folded\r\n\r\n",
    ] {
        refused_at_once(garbage, status);
    }
}

#[test]
fn one_host_is_needed() {
    refused(&without("Host"), "400 Bad Request");
    refused(&with(&["Host: a", "Host: b"]), "400 Bad Request");
}

#[test]
fn a_host_that_is_not_served_is_misdirected() {
    let options = || ServerOptions {
        hosts: vec![
            "example.com".to_owned(),
            "localhost:7878".to_owned(),
            "[::1]".to_owned(),
        ],
        ..ServerOptions::default()
    };
    for host in [
        "example.com",
        "EXAMPLE.com:1234",
        "localhost:7878",
        "[::1]",
        "[::1]:80",
    ] {
        accepted_by(options(), &with(&[&format!("Host: {host}")]));
    }
    for host in [
        "example.org",
        "www.example.com",
        "localhost",
        "localhost:80",
        "example.com:x",
        "",
    ] {
        let request = with(&[&format!("Host: {host}")]);
        refused_by(options(), &request, "421 Misdirected Request");
    }
}

#[test]
fn a_path_that_is_not_served_is_not_found() {
    let options = || ServerOptions {
        paths: vec!["/rsocket".to_owned(), "/".to_owned()],
        ..ServerOptions::default()
    };
    for path in ["/rsocket", "/rsocket?token=1", "/", "/?a"] {
        accepted_by(options(), &with(&[&format!("GET {path} HTTP/1.1")]));
    }
    for path in ["/other", "/rsocket/", "/rsocket/x", "/RSOCKET", "//"] {
        let request = with(&[&format!("GET {path} HTTP/1.1")]);
        refused_by(options(), &request, "404 Not Found");
    }
    let plain = head(&["GET /favicon.ico HTTP/1.1", "Host: example.com"]);
    refused_by(options(), &plain, "404 Not Found");
}

#[test]
fn pages_of_other_origins_may_not_connect() {
    let status = "403 Forbidden";
    accepted(&with(&["Origin: https://example.com"]));
    refused(&with(&["Origin: https://evil.example"]), status);
    refused(&with(&["Origin: null"]), status);
    refused(
        &with(&["Origin: https://example.com", "Origin: https://example.com"]),
        status,
    );
    let listed = ServerOptions {
        origins: Origins::Listed(vec!["https://app.example".to_owned()]),
        ..ServerOptions::default()
    };
    accepted_by(listed.clone(), &with(&["Origin: https://app.example"]));
    refused_by(listed, &with(&["Origin: https://evil.example"]), status);
    let any = ServerOptions {
        origins: Origins::Any,
        ..ServerOptions::default()
    };
    accepted_by(any, &with(&["Origin: https://evil.example"]));
}

#[test]
fn the_best_subprotocol_that_is_offered_is_chosen() {
    let choice = |offers: &[&str]| {
        let options = ServerOptions {
            subprotocols: vec!["rsocket2".to_owned(), "rsocket".to_owned()],
            ..ServerOptions::default()
        };
        let response = accepted_by(options, &with(offers));
        let line = response
            .lines()
            .find_map(|line| line.strip_prefix("Sec-WebSocket-Protocol: "));
        line.map(str::to_owned)
    };
    let name = "Sec-WebSocket-Protocol:";
    let of = |offer: &str| format!("{name} {offer}");
    assert_eq!(choice(&[]), None);
    assert_eq!(choice(&[&of("mqtt")]), None);
    assert_eq!(choice(&[&of("rsocket")]).as_deref(), Some("rsocket"));
    assert_eq!(
        choice(&[&of("mqtt,rsocket,rsocket2")]).as_deref(),
        Some("rsocket2")
    );
    assert_eq!(
        choice(&[&of("mqtt"), &of("rsocket")]).as_deref(),
        Some("rsocket")
    );
}

#[test]
fn heads_have_a_limit() {
    let status = "431 Request Header Fields Too Large";
    let options = |max_head_len| ServerOptions {
        max_head_len,
        ..ServerOptions::default()
    };
    let good = head(&GOOD);
    accepted_by(options(good.len()), &good);
    // Whether it comes at once or never ends.
    let mut server = End::server(options(good.len() - 1));
    assert_eq!(server.fails(good.as_bytes()), LayerErrorKind::Refused);
    assert!(
        server
            .take_wire()
            .starts_with(format!("HTTP/1.1 {status}").as_bytes())
    );
    let mut server = End::server(options(1000));
    let failed = std::iter::repeat_n(b"GET /aaaaaaaaa", 1000)
        .position(|bytes| server.receive(bytes).is_err())
        .expect("it does not go on for ever");
    assert!(failed < 1000 / 14 + 1);
    let many: Vec<String> = (0..200).map(|i| format!("X-{i}: a")).collect();
    let many: Vec<&str> = GOOD
        .iter()
        .copied()
        .chain(many.iter().map(String::as_str))
        .collect();
    refused_by(ServerOptions::default(), &head(&many), status);
}

#[test]
fn a_client_that_goes_away_is_cut_off() {
    let mut server = End::server(ServerOptions::default());
    server.receive(b"GET / HTT").expect("part of a request");
    assert_eq!(
        server.layer.end().map_err(|error| error.kind),
        Err(LayerErrorKind::CutOff)
    );
}

#[test]
fn nothing_is_sent_before_the_handshake() {
    let mut server = End::server(ServerOptions::default());
    server.start();
    server.close();
    assert_eq!(server.take_wire(), []);
    assert_eq!(
        server.send(&prefixed(b"x")).map_err(|error| error.kind),
        Err(LayerErrorKind::NotOpen)
    );
}
