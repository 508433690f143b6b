//! What is TLS's own: handshakes that come to nothing, certificates, who the peer is.

mod support;

use std::sync::Arc;
use std::time::{Duration, Instant};

use rsocket_runtime::tls::rustls::ServerConfig;
use rsocket_runtime::tls::{Certificates, ConfigError, ServerBuilder, Tls};
use rsocket_runtime::{
    AddressError, BindError, ConnectError, ConnectOptions, Connection, Error, Failure,
    LayerErrorKind, Layered, Limits, Payload, Rejection, Server, ServerOptions, Serving, Setup,
    connect,
};
use support::certificates::{Authority, HOST, server};
use support::{RawPeer, address, echo, setup_frame, soon};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const URL: &str = "tls://127.0.0.1:0";

async fn serve(config: Arc<ServerConfig>) -> Serving {
    let server = Server::bind(URL, ServerOptions::default().tls(config)).await;
    server.expect("loopback can be listened on").serve(echo)
}

fn trusting(authority: &Authority) -> ConnectOptions {
    ConnectOptions::default().tls(authority.client())
}

async fn check(connection: &Connection) {
    let answer = soon(connection.request_response(Payload::new("hello"))).await;
    assert_eq!(answer, Ok(Some(Payload::new("hello"))));
}

async fn refusal(url: &str, options: ConnectOptions) -> LayerErrorKind {
    match soon(connect(url, options)).await {
        Err(ConnectError::Layer { address, source }) => {
            assert_eq!(address, url);
            source.kind
        }
        other => panic!("not refused: {other:?}"),
    }
}

/// The address of a server that does this with its only client.
async fn raw_server<F>(serve: impl FnOnce(TcpStream) -> F + Send + 'static) -> String
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind((HOST, 0)).await.expect("a port");
    let address = listener.local_addr().expect("it is bound");
    tokio::spawn(async move {
        let (socket, _) = listener.accept().await.expect("a client");
        serve(socket).await;
    });
    format!("tls://{address}")
}

#[tokio::test]
async fn both_know_what_was_agreed() {
    let authority = Authority::new("CA");
    let serving = serve(authority.server()).await;
    assert!(serving.url().starts_with("tls://"));
    let options = trusting(&authority);
    for resumed in [false, true] {
        let connection = connect(&serving.url(), options.clone())
            .await
            .expect("it is trusted");
        check(&connection).await;
        let agreed = connection.tls().expect("it is open");
        assert_eq!(agreed.resumed, resumed);
        assert_eq!(agreed.peer_certificates.len(), 1);
    }
}

#[tokio::test]
async fn a_server_knows_its_client() {
    let authority = Authority::new("CA");
    let identity = authority.issue("client.example");
    let options = ServerOptions::default().tls(authority.demanding_server());
    let server = Server::bind(URL, options).await.expect("a port");
    let serving = server.serve_with(async |_: Setup, connection: Connection| {
        let agreed = connection.tls().expect("it is open");
        let shown = agreed.peer_certificates.len().to_string();
        Ok::<_, Rejection>(move |_: Payload| {
            let shown = Payload::new(shown.clone());
            async move { Ok::<_, Failure>(Some(shown)) }
        })
    });
    let options = ConnectOptions::default().tls(authority.client_showing(identity));
    let connection = connect(&serving.url(), options).await.expect("it is known");
    let answer = soon(connection.request_response(Payload::new("how many?"))).await;
    assert_eq!(answer, Ok(Some(Payload::new("1"))));
}

#[tokio::test]
async fn a_client_says_what_is_wrong_with_a_server() {
    let (authority, other) = (Authority::new("CA"), Authority::new("other"));
    for (shown, kind) in [
        (other.issue(HOST), LayerErrorKind::UnknownAuthority),
        (
            authority.issue_until(HOST, 2001),
            LayerErrorKind::CertificateExpired,
        ),
        (authority.issue("127.0.0.2"), LayerErrorKind::WrongName),
    ] {
        let serving = serve(server(shown)).await;
        assert_eq!(refusal(&serving.url(), trusting(&authority)).await, kind);
    }
}

#[tokio::test]
async fn a_client_hears_later_that_it_lacks_a_certificate() {
    let authority = Authority::new("CA");
    let stranger = Authority::new("other").issue("client.example");
    let serving = serve(authority.demanding_server()).await;
    for (config, kind) in [
        (authority.client(), LayerErrorKind::CertificateRequired),
        (
            authority.client_showing(stranger),
            LayerErrorKind::CertificateRefused,
        ),
    ] {
        let options = ConnectOptions::default().tls(config);
        let connection = connect(&serving.url(), options)
            .await
            .expect("TLS 1.3 does not tell before");
        let answer = soon(connection.request_response(Payload::new("hello"))).await;
        assert!(
            matches!(answer, Err(Error::ConnectionLost { .. })),
            "{answer:?}"
        );
        let error = connection.layer_error().expect("it was TLS");
        assert_eq!(error.kind, kind);
    }
}

#[tokio::test]
async fn a_server_says_what_is_wrong_with_a_client() {
    let authority = Authority::new("CA");
    let stranger = Authority::new("other").issue("client.example");
    let expired = authority.issue_until("client.example", 2001);
    for (config, kind) in [
        (authority.client(), LayerErrorKind::CertificateMissing),
        (
            authority.client_showing(stranger),
            LayerErrorKind::UnknownAuthority,
        ),
        (
            authority.client_showing(expired),
            LayerErrorKind::CertificateExpired,
        ),
    ] {
        let (near, far) = tokio::io::duplex(1 << 16);
        let tls = Tls::server(authority.demanding_server()).expect("a server");
        let acceptor = async |_: Setup, _: Connection| Ok::<_, Rejection>(echo);
        let far = Layered::new(far, tls);
        let server = Connection::accept_over(far, acceptor, &ServerOptions::default());
        let tls = Tls::client(config, HOST.try_into().expect("an address")).expect("a client");
        let client = Connection::over(Layered::new(near, tls), ConnectOptions::default());
        let client = client.expect("the setup is small");
        soon(server.closed()).await;
        soon(client.closed()).await;
        assert_eq!(server.layer_error().map(|error| error.kind), Some(kind));
    }
}

#[tokio::test]
async fn the_system_does_not_know_our_authority() {
    let serving = serve(Authority::new("CA").server()).await;
    match soon(connect(&serving.url(), ConnectOptions::default())).await {
        Err(ConnectError::Layer { source, .. }) => {
            assert_eq!(source.kind, LayerErrorKind::UnknownAuthority);
        }
        // A system may trust nobody.
        Err(ConnectError::Tls(ConfigError::Empty { .. })) => {}
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn nothing_is_in_the_clear_by_mistake() {
    let authority = Authority::new("CA");
    for url in ["tcp://127.0.0.1:1", "ws://127.0.0.1:1"] {
        let refused = connect(url, trusting(&authority)).await;
        let address = url.to_owned();
        let expected = AddressError::NotSecure { address };
        assert!(matches!(refused, Err(ConnectError::Address(error)) if error == expected));
        let options = ServerOptions::default().tls(authority.server());
        let refused = Server::bind(url, options).await;
        assert!(matches!(refused, Err(BindError::Address(error)) if error == expected));
    }
    for url in [URL, "wss://127.0.0.1:0"] {
        let refused = Server::bind(url, ServerOptions::default()).await;
        assert!(matches!(refused, Err(BindError::NoCertificate { address }) if address == url));
    }
}

#[tokio::test]
async fn a_host_that_no_certificate_can_be_for() {
    let url = "tls://a..b:1";
    let refused = connect(url, trusting(&Authority::new("CA"))).await;
    let address = url.to_owned();
    let expected = AddressError::Host { address };
    assert!(matches!(refused, Err(ConnectError::Address(error)) if error == expected));
}

#[tokio::test]
async fn peers_that_do_not_speak_tls_are_told_apart() {
    let authority = Authority::new("CA");
    let url = raw_server(async |mut socket: TcpStream| {
        let answer = b"HTTP/1.1 400 Bad Request\r\n\r\n";
        socket.write_all(answer).await.expect("the client reads");
    });
    let kind = refusal(&url.await, trusting(&authority)).await;
    assert_eq!(kind, LayerErrorKind::OtherProtocol);

    // A server hangs up on those who do not speak it, and on nobody else.
    let serving = serve(authority.server()).await;
    let mut plain = RawPeer::over(
        TcpStream::connect(address(&serving))
            .await
            .expect("it listens"),
    );
    plain.send(0, &setup_frame(1000)).await;
    let mut answer = Vec::new();
    // An alert, or a reset.
    let _ = soon(plain.io.read_to_end(&mut answer)).await;
    let connection = connect(&serving.url(), trusting(&authority)).await;
    check(&connection.expect("it is trusted")).await;
}

#[tokio::test]
async fn a_server_that_stalls_is_given_up() {
    let url = raw_server(async |mut socket: TcpStream| {
        let _ = socket.read_to_end(&mut Vec::new()).await;
    });
    let limit = Duration::from_millis(100);
    let options = trusting(&Authority::new("CA")).connect_timeout(limit);
    let given_up = soon(connect(&url.await, options)).await;
    assert!(matches!(given_up, Err(ConnectError::Timeout { timeout, .. }) if timeout == limit));
}

#[tokio::test]
async fn clients_that_stall_hold_up_nobody() {
    let authority = Authority::new("CA");
    let limits = Limits {
        setup_timeout: Duration::from_millis(300),
        ..Limits::default()
    };
    let options = ServerOptions::default()
        .tls(authority.server())
        .limits(limits);
    let server = Server::bind(URL, options).await.expect("a port");
    let serving = server.serve(echo);
    let begin = Instant::now();
    let mut stalled = Vec::new();
    for sent in 0..40 {
        let mut socket = TcpStream::connect(address(&serving))
            .await
            .expect("it listens");
        // Nothing, or the beginning of a record.
        let hello = [22, 3, 1, 0, 200, 1, 0, 0, 196, 3, 3];
        socket
            .write_all(&hello[..sent % hello.len()])
            .await
            .expect("it reads");
        stalled.push(socket);
    }
    let connection = connect(&serving.url(), trusting(&authority)).await;
    check(&connection.expect("it is trusted")).await;
    for socket in &mut stalled {
        // The server hangs up, with or without a word.
        let _ = soon(socket.read_to_end(&mut Vec::new())).await;
    }
    assert!(begin.elapsed() >= Duration::from_millis(300));
}

#[tokio::test]
async fn a_handshake_that_is_cut_ends_the_connection_alone() {
    let authority = Authority::new("CA");
    let serving = serve(authority.server()).await;
    let mut tls = Tls::client(authority.client(), HOST.try_into().expect("an address"));
    let mut hello = bytes::BytesMut::new();
    let tls = tls.as_mut().expect("a client");
    rsocket_runtime::Layer::start(tls, &mut hello).expect("a hello");
    for cut in 0..hello.len() {
        let mut socket = TcpStream::connect(address(&serving))
            .await
            .expect("it listens");
        socket.write_all(&hello[..cut]).await.expect("it reads");
        socket.shutdown().await.expect("it is open");
        let _ = soon(socket.read_to_end(&mut Vec::new())).await;
    }
    let connection = connect(&serving.url(), trusting(&authority)).await;
    check(&connection.expect("it is trusted")).await;
}

#[tokio::test]
async fn a_certificate_is_renewed_under_load() {
    let authority = Authority::new("CA");
    let certificates = Certificates::new(authority.issue(HOST));
    let config = ServerBuilder::new(Arc::clone(&certificates)).build();
    let serving = serve(config.expect("a config")).await;
    let shown = async || {
        let connection = connect(&serving.url(), trusting(&authority)).await;
        let connection = connection.expect("it is trusted");
        check(&connection).await;
        connection.tls().expect("it is open").peer_certificates[0].clone()
    };
    let steady = connect(&serving.url(), trusting(&authority))
        .await
        .expect("it is trusted");
    let before = shown().await;
    for _ in 0..20 {
        certificates.replace(authority.issue(HOST), Vec::new());
        check(&steady).await;
        assert_ne!(shown().await, before);
    }
}

#[tokio::test]
async fn an_end_without_close_notify_is_told() {
    let authority = Authority::new("CA");
    let tls = Tls::server(authority.server()).expect("a server");
    let url = raw_server(async |socket: TcpStream| {
        let mut socket = Layered::new(socket, tls);
        socket.open().await.expect("a client of ours");
        let mut some = [0; 3];
        socket.read_exact(&mut some).await.expect("a setup");
        // Dropped as it is.
    });
    let connection = connect(&url.await, trusting(&authority))
        .await
        .expect("it is trusted");
    soon(connection.closed()).await;
    // The operating system may say it first, with a reset.
    if let Some(error) = connection.layer_error() {
        assert_eq!(error.kind, LayerErrorKind::CutOff);
    }
}
