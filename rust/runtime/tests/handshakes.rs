//! Handshakes that are cut at every byte, are garbage, stall or fail, over every transport that has one. The server goes on
//! serving others, and the client's error says what happened.

mod support;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rsocket_runtime::tls::Tls;
use rsocket_runtime::tls::rustls::ServerConfig;
use rsocket_runtime::{
    ConnectError, ConnectOptions, Connection, Error, LayerErrorKind, Layered, Limits, Payload,
    Server, ServerOptions, Serving,
};
use support::certificates::{Authority, HOST, server};
use support::{Transport, connect_socket, connect_to, echo, soon};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

const WS: &str = "ws://127.0.0.1:0/rsocket";
const TLS: &str = "tls://127.0.0.1:0";
const WSS: &str = "wss://127.0.0.1:0/rsocket";

async fn serve_with(url: &str, config: Arc<ServerConfig>, mut options: ServerOptions) -> Serving {
    if url != WS {
        options = options.tls(config);
    }
    let server = Server::bind(url, options).await;
    server.expect("loopback can be listened on").serve(echo)
}

async fn serve(url: &str) -> Serving {
    let config = Authority::common().server();
    serve_with(url, config, ServerOptions::default()).await
}

async fn connect(url: &str) -> Result<Connection, ConnectError> {
    soon(connect_to(url, ConnectOptions::default())).await
}

async fn try_echo(connection: &Connection) -> Result<Option<Payload>, Error> {
    soon(connection.request_response(Payload::new("hello"))).await
}

async fn assert_serves(serving: &Serving) {
    let connection = connect(&serving.url()).await.expect("it serves others");
    let answer = try_echo(&connection).await;
    assert_eq!(answer, Ok(Some(Payload::new("hello"))));
}

/// What a client says of a handshake that failed.
fn kind(connected: Result<Connection, ConnectError>) -> LayerErrorKind {
    match connected {
        Err(ConnectError::Layer { source, .. }) => source.kind,
        other => panic!("not a failed handshake: {other:?}"),
    }
}

/// Which side's bytes are cut.
#[derive(Clone, Copy)]
enum From {
    Client,
    Server,
}

/// A way to a server that ends after so many bytes of one side.
struct Cutter {
    url: String,
    limit: Arc<AtomicUsize>,
    accepting: JoinHandle<()>,
}

impl Cutter {
    async fn before(serving: &Serving, from: From) -> Self {
        let listener = TcpListener::bind((HOST, 0)).await.expect("loopback");
        let (server, own) = (support::address(serving), listener.local_addr());
        let own = own.expect("it listens").to_string();
        let limit = Arc::new(AtomicUsize::new(0));
        Self {
            url: serving.url().replace(&server.to_string(), &own),
            limit: Arc::clone(&limit),
            accepting: tokio::spawn(async move {
                while let Ok((client, _)) = listener.accept().await {
                    let limit = limit.load(Ordering::Relaxed);
                    tokio::spawn(carry(client, server, from, limit));
                }
            }),
        }
    }
}

impl Drop for Cutter {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn carry(client: TcpStream, server: SocketAddr, from: From, limit: usize) {
    let server = TcpStream::connect(server).await.expect("it listens");
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let (up, down) = match from {
        From::Client => (limit, usize::MAX),
        From::Server => (usize::MAX, limit),
    };
    tokio::select! {
        () = pump(&mut from_client, &mut to_server, up) => {}
        () = pump(&mut from_server, &mut to_client, down) => {}
    }
    // Both hear of an end, and neither of a reset.
    let _ = to_server.shutdown().await;
    let _ = to_client.shutdown().await;
    let (mut sink, mut other) = (tokio::io::sink(), tokio::io::sink());
    let _ = tokio::join!(
        tokio::io::copy(&mut from_client, &mut sink),
        tokio::io::copy(&mut from_server, &mut other)
    );
}

async fn pump(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    mut left: usize,
) {
    let mut buffer = vec![0; 16 << 10];
    while left > 0 {
        let Ok(read @ 1..) = from.read(&mut buffer).await else {
            return;
        };
        let may = left.min(read);
        left -= may;
        if to.write_all(&buffer[..may]).await.is_err() {
            return;
        }
    }
}

/// Cuts a handshake after each of its bytes; there are `least` of them.
async fn cut_at_every_byte(url: &str, from: From, least: usize) {
    let serving = serve(url).await;
    let cutter = Cutter::before(&serving, from).await;
    let mut cuts = 0;
    for limit in 0.. {
        cutter.limit.store(limit, Ordering::Relaxed);
        let connection = match connect(&cutter.url).await {
            Ok(connection) => connection,
            failed => {
                assert_eq!(kind(failed), LayerErrorKind::CutOff, "after {limit} bytes");
                cuts += 1;
                continue;
            }
        };
        // The client's handshake was over.
        match try_echo(&connection).await {
            Ok(_) => break,
            Err(Error::ConnectionLost { .. }) => {}
            Err(other) => panic!("after {limit} bytes: {other}"),
        }
    }
    assert!(cuts >= least, "only {cuts} bytes");
    assert_serves(&serving).await;
}

#[tokio::test]
async fn websocket_cut_at_every_byte_of_the_client() {
    cut_at_every_byte(WS, From::Client, 150).await;
}

#[tokio::test]
async fn websocket_cut_at_every_byte_of_the_server() {
    cut_at_every_byte(WS, From::Server, 100).await;
}

#[tokio::test]
async fn tls_cut_at_every_byte_of_the_client() {
    cut_at_every_byte(TLS, From::Client, 200).await;
}

#[tokio::test]
async fn tls_cut_at_every_byte_of_the_server() {
    cut_at_every_byte(TLS, From::Server, 500).await;
}

#[tokio::test]
async fn secure_websocket_cut_at_every_byte_of_the_client() {
    cut_at_every_byte(WSS, From::Client, 400).await;
}

#[tokio::test]
async fn secure_websocket_cut_at_every_byte_of_the_server() {
    cut_at_every_byte(WSS, From::Server, 700).await;
}

/// What speaks neither TLS nor HTTP, or is at the wrong place.
const GARBAGE: [&[u8]; 8] = [
    b"\0\0\x10\0\0\0\0\x04\0\0\x01\0\0\0\0\x4e\x20\0\x01\x5f\x90\x01a\x01b",
    b"SSH-2.0-OpenSSH_9.9\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"HTTP/1.1 400 Bad Request\r\n\r\n",
    b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03\r\n\r\n",
    &[0; 100],
    &[0xff; 100],
    &[b'\r'; 100],
];

/// A client's side of a server's TLS.
async fn secured(serving: &Serving) -> Box<dyn Transport> {
    let name = HOST.try_into().expect("an address");
    let tls = Tls::client(Authority::common().client(), name).expect("a good config");
    let mut layered = Layered::new(connect_socket(serving).await, tls);
    layered.open().await.expect("it is trusted");
    Box::new(layered)
}

#[tokio::test]
async fn a_server_survives_garbage() {
    for url in [WS, TLS, WSS] {
        let serving = serve(url).await;
        for garbage in GARBAGE {
            let mut sockets = vec![connect_socket(&serving).await];
            if url == WSS {
                sockets.push(secured(&serving).await);
            }
            for mut socket in sockets {
                // The server may have hung up before the end.
                let _ = socket.write_all(garbage).await;
                let _ = socket.shutdown().await;
                let _ = soon(socket.read_to_end(&mut Vec::new())).await;
            }
        }
        assert_serves(&serving).await;
    }
}

/// The url of a server that says this to each client, over TLS where that is wanted.
async fn say(url: &str, secure: bool, words: &'static [u8]) -> String {
    let listener = TcpListener::bind((HOST, 0)).await.expect("loopback");
    let own = listener.local_addr().expect("it listens").to_string();
    tokio::spawn(async move {
        let (socket, _) = listener.accept().await.expect("a client");
        let mut socket: Box<dyn Transport> = match secure {
            false => Box::new(socket),
            true => {
                let tls = Tls::server(Authority::common().server()).expect("a good config");
                let mut layered = Layered::new(socket, tls);
                layered.open().await.expect("a client of ours");
                Box::new(layered)
            }
        };
        let _ = socket.write_all(words).await;
        let _ = socket.shutdown().await;
        let _ = socket.read_to_end(&mut Vec::new()).await;
    });
    url.replace("127.0.0.1:0", &own)
}

#[tokio::test]
async fn a_client_tells_garbage_apart() {
    for words in GARBAGE {
        let what = String::from_utf8_lossy(words);
        for url in [TLS, WSS] {
            let url = say(url, false, words).await;
            let kind = kind(connect(&url).await);
            let expected = match words[0] {
                0x16 => LayerErrorKind::CutOff, // It would have been TLS.
                _ => LayerErrorKind::OtherProtocol,
            };
            assert_eq!(kind, expected, "{url}: {what:?}");
        }
        for (url, secure) in [(WS, false), (WSS, true)] {
            let url = say(url, secure, words).await;
            let kind = kind(connect(&url).await);
            let expected = match words[0] {
                b'H' => LayerErrorKind::Refused,
                _ => LayerErrorKind::Protocol,
            };
            assert_eq!(kind, expected, "{url}: {what:?}");
        }
    }
}

#[tokio::test]
async fn clients_that_stall_after_tls_hold_up_nobody_and_are_given_up() {
    let limits = Limits {
        setup_timeout: Duration::from_millis(300),
        ..Limits::default()
    };
    for (url, words) in [
        (TLS, &[][..]),
        (WSS, &[][..]),
        (WSS, b"GET /rsocket HTTP/1.1\r\nHost:"),
    ] {
        let options = ServerOptions::default().limits(limits);
        let serving = serve_with(url, Authority::common().server(), options).await;
        let mut stalled = secured(&serving).await;
        stalled.write_all(words).await.expect("the server reads");
        assert_serves(&serving).await;
        // An end or a reset.
        let _ = soon(stalled.read_to_end(&mut Vec::new())).await;
    }
}

#[tokio::test]
async fn a_server_that_stalls_after_tls_is_given_up() {
    let listener = TcpListener::bind((HOST, 0)).await.expect("loopback");
    let own = listener.local_addr().expect("it listens").to_string();
    let stalling = tokio::spawn(async move {
        let (socket, _) = listener.accept().await.expect("a client");
        let tls = Tls::server(Authority::common().server()).expect("a good config");
        let mut layered = Layered::new(socket, tls);
        layered.open().await.expect("a client of ours");
        let _ = layered.read_to_end(&mut Vec::new()).await;
    });
    let url = WSS.replace("127.0.0.1:0", &own);
    let limit = Duration::from_millis(500);
    let options = ConnectOptions::default().connect_timeout(limit);
    let given_up = soon(connect_to(&url, options)).await;
    assert!(
        matches!(&given_up, Err(ConnectError::Timeout { timeout, .. }) if *timeout == limit),
        "{given_up:?}"
    );
    soon(stalling).await.expect("it hears of the end");
}

#[tokio::test]
async fn what_is_wrong_with_a_servers_certificate_is_told() {
    let (common, other) = (Authority::common(), Authority::new("other"));
    for url in [TLS, WSS] {
        for (shown, expected) in [
            (other.issue(HOST), LayerErrorKind::UnknownAuthority),
            (
                common.issue_until(HOST, 2001),
                LayerErrorKind::CertificateExpired,
            ),
            (common.issue("127.0.0.2"), LayerErrorKind::WrongName),
            (common.issue("other.example"), LayerErrorKind::WrongName),
        ] {
            let serving = serve_with(url, server(shown), ServerOptions::default()).await;
            assert_eq!(kind(connect(&serving.url()).await), expected, "{url}");
        }
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_clients_certificate_is_told() {
    let (common, other) = (Authority::common(), Authority::new("other"));
    let serving = serve_with(WSS, common.demanding_server(), ServerOptions::default()).await;
    for (config, expected) in [
        (common.client(), LayerErrorKind::CertificateRequired),
        (
            common.client_showing(other.issue("client.example")),
            LayerErrorKind::CertificateRefused,
        ),
        (
            common.client_showing(common.issue_until("client.example", 2001)),
            LayerErrorKind::CertificateRefused,
        ),
    ] {
        // Unlike that of TLS alone, the handshake of the WebSocket waits until the server has looked.
        let options = ConnectOptions::default().tls(config);
        let refused = soon(rsocket_runtime::connect(&serving.url(), options)).await;
        assert_eq!(kind(refused), expected);
    }
    let shown = common.client_showing(common.issue("client.example"));
    let options = ConnectOptions::default().tls(shown);
    let connection = soon(rsocket_runtime::connect(&serving.url(), options)).await;
    let answer = try_echo(&connection.expect("it is known")).await;
    assert_eq!(answer, Ok(Some(Payload::new("hello"))));
}
