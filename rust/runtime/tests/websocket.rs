//! What is WebSocket's own: handshakes that come to nothing, peers that close, peers of another make.

mod support;

use std::net::TcpStream as StdStream;
use std::time::Duration;

use rsocket_protocol::frame::{ErrorCode, Frame};
use rsocket_runtime::websocket::{ClientOptions, Origins, WebSocket};
use rsocket_runtime::{
    ConnectError, ConnectOptions, Connection, Error, LayerErrorKind, Layered, Limits, Origin,
    Payload, Server, ServerOptions, Serving, connect,
};
use support::{address, echo, framed, setup_frame, soon};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tungstenite::protocol::CloseFrame;
use tungstenite::protocol::frame::coding::CloseCode;
use tungstenite::{Message, WebSocket as Theirs};

const URL: &str = "ws://127.0.0.1:0/rsocket";

async fn serve_with(options: ServerOptions) -> Serving {
    let server = Server::bind(URL, options).await;
    server.expect("loopback can be listened on").serve(echo)
}

async fn serve() -> Serving {
    serve_with(ServerOptions::default()).await
}

async fn dial(serving: &Serving) -> Connection {
    connect(&serving.url(), ConnectOptions::default())
        .await
        .expect("the server listens")
}

async fn refusal(url: &str, options: ConnectOptions) -> (LayerErrorKind, String) {
    match soon(connect(url, options)).await {
        Err(ConnectError::Layer { address, source }) => {
            assert_eq!(address, url);
            (source.kind, source.message)
        }
        other => panic!("not refused: {other:?}"),
    }
}

/// What the server answers to these bytes until it closes.
async fn answer_to(serving: &Serving, bytes: &[u8]) -> String {
    let mut socket = TcpStream::connect(address(serving))
        .await
        .expect("the server listens");
    socket.write_all(bytes).await.expect("the server reads");
    let mut answer = Vec::new();
    soon(socket.read_to_end(&mut answer))
        .await
        .expect("the server closes without a reset");
    String::from_utf8_lossy(&answer).into_owned()
}

/// A client by tungstenite, which blocks.
fn their_client(serving: &Serving) -> Theirs<StdStream> {
    let stream = StdStream::connect(address(serving)).expect("the server listens");
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .expect("the socket is open");
    let (theirs, _) = tungstenite::client(serving.url(), stream).expect("the server lets us in");
    theirs
}

fn message(stream: u32, frame: &Frame<'_>) -> Message {
    Message::binary(framed(stream, frame).split_off(3))
}

/// Their next message that is not a KEEPALIVE.
fn next(theirs: &mut Theirs<StdStream>) -> Message {
    loop {
        match theirs.read().expect("the connection is open") {
            Message::Binary(frame) if frame[4] >> 2 == 3 => {}
            other => return other,
        }
    }
}

#[tokio::test]
async fn urls_tell_the_path() {
    let serving = serve().await;
    let expected = format!("ws://{}/rsocket", address(&serving));
    assert_eq!(serving.url(), expected);
    let connection = dial(&serving).await;
    let answer = soon(connection.request_response(Payload::new("hello"))).await;
    assert_eq!(answer, Ok(Some(Payload::new("hello"))));
}

#[tokio::test]
async fn a_client_may_send_a_query_and_headers() {
    let serving = serve().await;
    let url = serving.url() + "?token=1";
    let options = ConnectOptions::default()
        .header("Authorization", "Bearer abc")
        .header("Origin", format!("http://{}", address(&serving)))
        .subprotocols(["other", "rsocket"]);
    let connection = connect(&url, options).await.expect("it is let in");
    let answer = soon(connection.request_response(Payload::new("hello"))).await;
    assert_eq!(answer, Ok(Some(Payload::new("hello"))));
}

#[tokio::test]
async fn a_refused_client_is_told_the_status() {
    let options = ServerOptions::default().hosts(["localhost", "127.0.0.1"]);
    let serving = serve_with(options).await;
    let at = |path: &str| format!("ws://{}{path}", address(&serving));
    let refused = |status: &str| {
        (
            LayerErrorKind::Refused,
            format!("the server answered {status}"),
        )
    };
    let default = ConnectOptions::default;
    assert_eq!(
        refusal(&at("/other"), default()).await,
        refused("404 Not Found")
    );
    let evil = default().header("Origin", "https://evil.example");
    assert_eq!(
        refusal(&at("/rsocket"), evil).await,
        refused("403 Forbidden")
    );

    let elsewhere = ServerOptions::default().hosts(["example.com"]);
    let serving = serve_with(elsewhere).await;
    let error = refusal(&serving.url(), default()).await;
    assert_eq!(error, refused("421 Misdirected Request"));
}

#[tokio::test]
async fn origins_can_be_allowed() {
    let serving = serve_with(ServerOptions::default().origins(Origins::Any)).await;
    let options = ConnectOptions::default().header("Origin", "https://page.example");
    let connection = connect(&serving.url(), options)
        .await
        .expect("it is let in");
    let answer = soon(connection.request_response(Payload::new("hello"))).await;
    assert_eq!(answer, Ok(Some(Payload::new("hello"))));
}

#[tokio::test]
async fn a_plain_request_is_answered_with_a_status() {
    let serving = serve().await;
    for (request, status) in [
        (
            "GET /rsocket HTTP/1.1\r\nHost: a\r\n\r\n",
            "426 Upgrade Required",
        ),
        ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", "404 Not Found"),
        (
            "POST /rsocket HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody",
            "405 Method Not Allowed",
        ),
        ("\0\0\x10\0\0\0\0\x04\0", "400 Bad Request"),
    ] {
        let answer = answer_to(&serving, request.as_bytes()).await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}\r\n")),
            "{request:?}: {answer}"
        );
        assert!(answer.ends_with('\n'));
    }
    let answer = soon(dial(&serving).await.request_response(Payload::new("next"))).await;
    assert_eq!(answer, Ok(Some(Payload::new("next"))));
}

#[tokio::test]
async fn stalled_clients_hold_up_nobody_and_are_given_up() {
    let limits = Limits {
        setup_timeout: Duration::from_millis(300),
        ..Limits::default()
    };
    let serving = serve_with(ServerOptions::default().limits(limits)).await;
    let mut stalled = Vec::new();
    for bytes in [&b""[..], b"GET /rsocket HTTP/1.1\r\nHost:"] {
        let mut socket = TcpStream::connect(address(&serving))
            .await
            .expect("the server listens");
        socket.write_all(bytes).await.expect("the server reads");
        stalled.push(socket);
    }
    let connection = dial(&serving).await;
    let answer = soon(connection.request_response(Payload::new("meanwhile"))).await;
    assert_eq!(answer, Ok(Some(Payload::new("meanwhile"))));
    for mut socket in stalled {
        let mut rest = Vec::new();
        // A reset will do: there is nothing to say.
        let _ = soon(socket.read_to_end(&mut rest)).await;
    }
}

#[tokio::test]
async fn a_server_with_a_stalled_client_shuts_down() {
    let serving = serve().await;
    let _stalled = TcpStream::connect(address(&serving))
        .await
        .expect("the server listens");
    let connection = dial(&serving).await;
    let answer = soon(connection.request_response(Payload::new("hello"))).await;
    assert!(answer.is_ok());
    soon(serving.shutdown(Duration::from_secs(60))).await;
}

#[tokio::test]
async fn a_stalled_server_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback");
    let url = format!("ws://{}", listener.local_addr().expect("it listens"));
    let options = ConnectOptions::default().connect_timeout(Duration::from_millis(100));
    let error = soon(connect(&url, options))
        .await
        .expect_err("nobody answers");
    assert!(matches!(error, ConnectError::Timeout { .. }), "{error:?}");
}

#[tokio::test]
async fn a_server_that_is_no_websocket_is_told_apart() {
    for (answer, kind) in [
        (
            &b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"[..],
            LayerErrorKind::Refused,
        ),
        (
            b"\0\0\x0A\0\0\0\0\x2C\0\0\0\x01\x01",
            LayerErrorKind::Protocol,
        ),
        (b"HTTP/1.1 101 Switching", LayerErrorKind::CutOff),
        (b"", LayerErrorKind::CutOff),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback");
        let url = format!("ws://{}", listener.local_addr().expect("it listens"));
        let serving = async {
            let (mut socket, _) = listener.accept().await.expect("a client");
            let mut request = [0; 4096];
            let _ = socket.read(&mut request).await.expect("a request");
            socket.write_all(answer).await.expect("the client reads");
            socket.shutdown().await.expect("the client reads");
            let _ = socket.read_to_end(&mut Vec::new()).await;
        };
        let (error, ()) =
            soon(async { tokio::join!(refusal(&url, ConnectOptions::default()), serving) }).await;
        assert_eq!(error.0, kind, "{}", error.1);
    }
}

#[tokio::test]
async fn what_cannot_be_asked_for_is_told_before() {
    let options = ConnectOptions::default().header("Host", "other");
    let error = connect("ws://127.0.0.1:1", options)
        .await
        .expect_err("the header is the handshake's own");
    assert!(matches!(error, ConnectError::WebSocket(_)), "{error:?}");
    let error = Server::bind("ws://127.0.0.1:0/?query", ServerOptions::default()).await;
    assert!(error.is_err(), "a query is the client's");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_of_another_make() {
    let serving = serve().await;
    let talking = tokio::task::spawn_blocking(move || {
        let mut theirs = their_client(&serving);
        theirs
            .send(message(0, &setup_frame(10_000)))
            .expect("the server reads");
        for text in ["one", "two"] {
            theirs
                .send(Message::Ping("ping".into()))
                .expect("the server reads");
            let request = Frame::RequestResponse(rsocket_protocol::frame::RequestResponse {
                follows: false,
                payload: rsocket_protocol::frame::PayloadRef::from_data(text.as_bytes()),
            });
            let stream = if text == "one" { 1 } else { 3 };
            // In fragments of the WebSocket, which are not RSocket's.
            let frame = framed(stream, &request).split_off(3);
            in_fragments(&mut theirs, &frame);
            let mut answers = [next(&mut theirs), next(&mut theirs)];
            answers.sort_by_key(Message::is_binary);
            assert_eq!(answers[0], Message::Pong("ping".into()));
            let answer = answers[1].clone().into_data();
            assert!(answer.ends_with(text.as_bytes()), "{answer:?}");
        }
        let close = CloseFrame {
            code: CloseCode::Away,
            reason: "bye".into(),
        };
        theirs.close(Some(close)).expect("the server reads");
        let Message::Close(Some(answer)) = next(&mut theirs) else {
            panic!("the server does not answer the Close");
        };
        assert_eq!(answer.code, CloseCode::Away);
        assert!(matches!(
            theirs.read(),
            Err(tungstenite::Error::ConnectionClosed)
        ));
    });
    soon(talking).await.expect("all is as it should be");
}

fn in_fragments(theirs: &mut Theirs<StdStream>, message: &[u8]) {
    use tungstenite::protocol::frame::{Frame, coding::Data, coding::OpCode};
    for (i, byte) in message.iter().enumerate() {
        let data = if i == 0 { Data::Binary } else { Data::Continue };
        let fragment = Frame::message(vec![*byte], OpCode::Data(data), i + 1 == message.len());
        theirs
            .send(Message::Frame(fragment))
            .expect("the server reads");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn text_is_refused_with_its_code() {
    let serving = serve().await;
    let talking = tokio::task::spawn_blocking(move || {
        let mut theirs = their_client(&serving);
        theirs
            .send(Message::text("hello"))
            .expect("the server reads");
        let Message::Close(Some(close)) = next(&mut theirs) else {
            panic!("the server does not close");
        };
        assert_eq!(close.code, CloseCode::Unsupported);
    });
    soon(talking).await.expect("all is as it should be");
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_over_the_frame_limit_are_refused() {
    let limits = Limits {
        max_frame_len: 1000,
        ..Limits::default()
    };
    let serving = serve_with(ServerOptions::default().limits(limits)).await;
    let talking = tokio::task::spawn_blocking(move || {
        let mut theirs = their_client(&serving);
        theirs
            .send(Message::binary(vec![0; 1001]))
            .expect("the server reads");
        let Message::Close(Some(close)) = next(&mut theirs) else {
            panic!("the server does not close");
        };
        assert_eq!(close.code, CloseCode::Size);
    });
    soon(talking).await.expect("all is as it should be");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stops_says_so_and_closes() {
    let serving = serve().await;
    let mut theirs = their_client(&serving);
    theirs
        .send(message(0, &setup_frame(10_000)))
        .expect("the server reads");
    let talking = tokio::task::spawn_blocking(move || {
        let last = next(&mut theirs).into_data();
        let (stream, frame) = Frame::decode(&last).expect("our frames can be decoded");
        let Frame::Error(error) = frame else {
            panic!("not an ERROR: {frame:?}");
        };
        assert_eq!((stream, error.code), (0, ErrorCode::CONNECTION_CLOSE));
        let Message::Close(Some(close)) = next(&mut theirs) else {
            panic!("the server does not close");
        };
        assert_eq!(close.code, CloseCode::Normal);
    });
    soon(serving.shutdown(Duration::from_secs(10))).await;
    soon(talking).await.expect("all is as it should be");
}

/// A client whose server is tungstenite's, and that server after its handshake.
async fn their_server() -> (Connection, Theirs<StdStream>) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("loopback");
    let url = format!("ws://{}", listener.local_addr().expect("it listens"));
    let accepting = tokio::task::spawn_blocking(move || {
        let (stream, _) = listener.accept().expect("a client");
        tungstenite::accept(stream).expect("it asks well")
    });
    let connection = connect(&url, ConnectOptions::default()).await;
    (
        connection.expect("it is let in"),
        accepting.await.expect("it is accepted"),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_tells_why_the_server_closed() {
    let (connection, mut theirs) = their_server().await;
    let request = connection.request_response(Payload::new("hello"));
    let closing = tokio::task::spawn_blocking(move || {
        assert!(next(&mut theirs).is_binary(), "SETUP");
        let close = CloseFrame {
            code: CloseCode::Policy,
            reason: "not here".into(),
        };
        theirs.close(Some(close)).expect("the client reads");
        while theirs.read().is_ok() {}
    });
    let Err(Error::ConnectionLost { reason, .. }) = soon(request).await else {
        panic!("the request has an answer");
    };
    assert_eq!(reason.origin, Origin::Transport);
    assert!(
        reason.message.contains("1008 \"not here\""),
        "{}",
        reason.message
    );
    soon(closing).await.expect("all is as it should be");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_closes_says_so() {
    let (connection, mut theirs) = their_server().await;
    connection.close();
    let hearing = tokio::task::spawn_blocking(move || {
        assert!(next(&mut theirs).is_binary(), "SETUP");
        assert!(next(&mut theirs).is_binary(), "ERROR");
        let Message::Close(Some(close)) = next(&mut theirs) else {
            panic!("the client does not close");
        };
        assert_eq!(close.code, CloseCode::Normal);
    });
    soon(hearing).await.expect("all is as it should be");
    soon(connection.closed()).await;
}

#[tokio::test]
async fn a_layer_over_any_transport() {
    let (near, far) = tokio::io::duplex(100);
    let client = WebSocket::client(&ClientOptions::new("localhost")).expect("a good host");
    let server = WebSocket::server(std::sync::Arc::default());
    let acceptor = rsocket_runtime::AcceptAll::with(echo);
    let _server = Connection::accept_over(
        Layered::new(far, server),
        acceptor,
        &ServerOptions::default(),
    );
    let client = Connection::over(Layered::new(near, client), ConnectOptions::default());
    let payload = Payload::new(vec![7; 100_000]);
    let answer = soon(
        client
            .expect("no setup payload")
            .request_response(payload.clone()),
    )
    .await;
    assert_eq!(answer, Ok(Some(payload)));
}

/// Sends frames and receives as many, in one task.
async fn exchange(layered: Layered<tokio::io::DuplexStream>) {
    let mut frame = vec![7; 3 + (100 << 10)];
    frame[..3].copy_from_slice(&(100_u32 << 10).to_be_bytes()[1..]);
    let frames = frame.repeat(4);
    let (mut reader, mut writer) = tokio::io::split(layered);
    let mut received = vec![0; frames.len()];
    let sending = async {
        writer.write_all(&frames).await.expect("open");
        writer.flush().await.expect("open");
    };
    let (read, ()) = tokio::join!(reader.read_exact(&mut received), sending);
    read.expect("open");
    assert!(received == frames);
}

#[tokio::test]
async fn both_ends_read_while_what_they_send_waits() {
    let (near, far) = tokio::io::duplex(100);
    let client = WebSocket::client(&ClientOptions::new("localhost")).expect("a good host");
    let server = WebSocket::server(std::sync::Arc::default());
    let (mut near, mut far) = (Layered::new(near, client), Layered::new(far, server));
    let (near_open, far_open) = tokio::join!(near.open(), far.open());
    near_open.expect("a good handshake");
    far_open.expect("a good handshake");
    soon(async { tokio::join!(exchange(near), exchange(far)) }).await;
}
