//! What is QUIC's own: handshakes that come to nothing, certificates, a network that loses and reorders, resuming.
#![cfg(feature = "quic")]

mod support;

use std::future::pending;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rsocket_runtime::tls::rustls::version::TLS12;
use rsocket_runtime::tls::rustls::{ClientConfig, ServerConfig, SupportedProtocolVersion};
use rsocket_runtime::tls::{Certificates, ClientBuilder, ServerBuilder};
use rsocket_runtime::{
    BindError, ConnectError, ConnectOptions, Connection, Failure, LayerErrorKind, Limits, Payload,
    Rejection, ResumeOptions, Server, ServerOptions, Serving, Setup, connect,
};
use support::certificates::{Authority, HOST, server};
use support::items::Counting;
use support::relay::{Faults, Relay};
use support::resuming::{assert_all, assert_echo, resuming, start_echoes};
use support::{address, echo, soon};
use tokio::io::AsyncReadExt;
use tokio::net::{TcpStream, UdpSocket};

const URL: &str = "quic://127.0.0.1:0";

static ONLY_TLS_12: &[&SupportedProtocolVersion] = &[&TLS12];

const NO_FAULTS: Faults = Faults { lost: 0, late: 0 };

async fn serve(config: Arc<ServerConfig>) -> Serving {
    let server = Server::bind(URL, ServerOptions::default().tls(config)).await;
    server.expect("loopback can be listened on").serve(echo)
}

fn trusting(authority: &Authority) -> ConnectOptions {
    ConnectOptions::default().tls(authority.client())
}

async fn refusal(url: &str, config: Arc<ClientConfig>) -> LayerErrorKind {
    match soon(connect(url, ConnectOptions::default().tls(config))).await {
        Err(ConnectError::Layer { address, source }) => {
            assert_eq!(address, url);
            source.kind
        }
        other => panic!("not refused: {other:?}"),
    }
}

#[tokio::test]
async fn both_know_what_was_agreed() {
    let authority = Authority::new("CA");
    let options = ServerOptions::default().tls(authority.demanding_server());
    let server = Server::bind(URL, options).await.expect("a port");
    let serving = server.serve_with(async |_: Setup, connection: Connection| {
        let agreed = connection.tls().expect("it is open");
        let shown = format!("{:?} {}", agreed.alpn, agreed.peer_certificates.len());
        Ok::<_, Rejection>(move |_: Payload| {
            let shown = Payload::new(shown.clone());
            async move { Ok::<_, Failure>(Some(shown)) }
        })
    });
    assert!(serving.url().starts_with("quic://127.0.0.1:"));
    let identity = authority.issue("client.example");
    let options = ConnectOptions::default().tls(authority.client_showing(identity));
    let connection = connect(&serving.url(), options).await.expect("it is known");
    let alpn = Some(b"rsocket".to_vec());
    let answer = soon(connection.request_response(Payload::new("who?"))).await;
    assert_eq!(answer, Ok(Some(Payload::new(format!("{alpn:?} 1")))));
    let agreed = connection.tls().expect("it is open");
    assert_eq!((agreed.alpn, agreed.resumed), (alpn, false));
    assert_eq!(agreed.peer_certificates.len(), 1);
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
        assert_eq!(refusal(&serving.url(), authority.client()).await, kind);
    }
}

#[tokio::test]
async fn a_client_hears_at_once_that_it_is_not_let_in() {
    let authority = Authority::new("CA");
    let stranger = Authority::new("other").issue("client.example");
    let expired = authority.issue_until("client.example", 2001);
    let serving = serve(authority.demanding_server()).await;
    for (config, kind) in [
        (authority.client(), LayerErrorKind::CertificateRequired),
        (
            authority.client_showing(stranger),
            LayerErrorKind::CertificateRefused,
        ),
        (
            authority.client_showing(expired),
            LayerErrorKind::CertificateRefused,
        ),
    ] {
        assert_eq!(refusal(&serving.url(), config).await, kind);
    }
}

#[tokio::test]
async fn both_sides_name_the_protocol() {
    let authority = Authority::new("CA");
    let serving = serve(authority.server()).await;
    let config = ClientBuilder::new(authority.roots()).alpn(["h3"]).build();
    let kind = refusal(&serving.url(), config.expect("a config")).await;
    assert_eq!(kind, LayerErrorKind::Refused);
}

#[tokio::test]
async fn what_quic_needs_is_said_before_anything_is_sent() {
    let authority = Authority::new("CA");
    let refused = Server::bind(URL, ServerOptions::default()).await;
    assert!(matches!(refused, Err(BindError::NoCertificate { address }) if address == URL));

    let certificates = Certificates::new(authority.issue(HOST));
    let config = ServerBuilder::new(certificates)
        .versions(ONLY_TLS_12)
        .build();
    let options = ServerOptions::default().tls(config.expect("a config"));
    let refused = Server::bind(URL, options).await;
    assert!(
        matches!(refused, Err(BindError::Quic { .. })),
        "{refused:?}"
    );

    let builder = ClientBuilder::new(authority.roots()).versions(ONLY_TLS_12);
    let kind = refusal("quic://127.0.0.1:1", builder.build().expect("a config")).await;
    assert_eq!(kind, LayerErrorKind::Refused);

    let resume = ResumeOptions::default().dial(pending::<io::Result<TcpStream>>);
    let refused = connect("quic://127.0.0.1:1", trusting(&authority).resume(resume)).await;
    assert!(matches!(refused, Err(ConnectError::DialOverQuic)));
}

#[tokio::test]
async fn a_server_that_stalls_is_given_up() {
    let socket = UdpSocket::bind((HOST, 0)).await.expect("a port");
    let url = format!("quic://{}", socket.local_addr().expect("it is bound"));
    let limit = Duration::from_millis(100);
    let options = trusting(&Authority::new("CA")).connect_timeout(limit);
    let given_up = soon(connect(&url, options)).await;
    assert!(matches!(given_up, Err(ConnectError::Timeout { timeout, .. }) if timeout == limit));
}

/// The first datagram of a client.
async fn hello(authority: &Authority) -> Vec<u8> {
    let socket = UdpSocket::bind((HOST, 0)).await.expect("a port");
    let url = format!("quic://{}", socket.local_addr().expect("it is bound"));
    let options = trusting(authority);
    let client = tokio::spawn(async move { connect(&url, options).await.map(drop) });
    let mut hello = vec![0; 1 << 16];
    let len = soon(socket.recv(&mut hello)).await.expect("a datagram");
    client.abort();
    hello.truncate(len);
    hello
}

/// Sends datagrams from an address each, and keeps the sockets.
async fn send_each(datagrams: impl IntoIterator<Item = &[u8]>, to: SocketAddr) -> Vec<UdpSocket> {
    let mut sockets = Vec::new();
    for datagram in datagrams {
        let socket = UdpSocket::bind((HOST, 0)).await.expect("a port");
        socket.send_to(datagram, to).await.expect("it is sent");
        sockets.push(socket);
    }
    sockets
}

#[tokio::test]
async fn clients_that_stall_hold_up_nobody() {
    let authority = Authority::common();
    let limit = Duration::from_secs(1);
    let limits = Limits {
        setup_timeout: limit,
        ..Limits::default()
    };
    let options = ServerOptions::default()
        .tls(authority.server())
        .limits(limits);
    let serving = Server::bind(URL, options)
        .await
        .expect("a port")
        .serve(echo);

    // Nonsense, the beginning of a hello, and hellos that nothing follows.
    let garbage: Vec<u8> = (0..1200u32).map(|i| (i * 7919).to_le_bytes()[1]).collect();
    let mut stalled = send_each([&garbage[..]; 20], address(&serving)).await;
    for _ in 0..10 {
        let hello = hello(authority).await;
        let cut = (1..hello.len()).step_by(300).map(|cut| &hello[..cut]);
        stalled.extend(send_each(cut.chain([&hello[..]]), address(&serving)).await);
    }
    // One that never opens its stream.
    let begin = Instant::now();
    let mut silent = support::dial_quic(&serving).await;

    let connection = connect(&serving.url(), trusting(authority)).await;
    assert_echo(&connection.expect("it is trusted"), "hello").await;
    let dropped = soon(silent.read(&mut [0; 1])).await;
    dropped.expect_err("it is dropped");
    assert!(begin.elapsed() >= limit / 2);
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
        assert_echo(&connection, "hello").await;
        connection.tls().expect("it is open").peer_certificates[0].clone()
    };
    let steady = connect(&serving.url(), trusting(&authority)).await;
    let steady = steady.expect("it is trusted");
    let mut before = shown().await;
    for _ in 0..5 {
        certificates.replace(authority.issue(HOST), Vec::new());
        assert_echo(&steady, "hello").await;
        let now = shown().await;
        assert_ne!(now, before);
        before = now;
    }
}

#[tokio::test]
async fn lost_and_late_datagrams_change_nothing() {
    const ITEMS: u64 = 3_000;
    for seed in 0..4 {
        let authority = Authority::common();
        let options = ServerOptions::default().tls(authority.server());
        let server = Server::bind(URL, options).await.expect("a port");
        let serving = server.serve(Counting::new().0);
        let faults = Faults { lost: 30, late: 50 };
        let relay = Relay::before(address(&serving), faults, seed).await;
        let client = connect(&relay.url(), trusting(authority)).await;
        let client = client.expect("it is trusted");
        let echoes = start_echoes(&client, 20, 30_000);
        let mut stream = client.request_stream(Payload::new(ITEMS.to_string()));
        for next in 0..ITEMS {
            let item = soon(stream.next()).await;
            assert_eq!(
                item,
                Some(Ok(Payload::new(next.to_string()))),
                "seed {seed}"
            );
        }
        assert_eq!(soon(stream.next()).await, None);
        assert_all(echoes).await;
        assert!(relay.faults() > 10, "{} faults", relay.faults());
    }
}

#[tokio::test]
async fn a_connection_goes_on_over_another_one() {
    const ITEMS: u64 = 20_000;
    let authority = Authority::common();
    let options = ServerOptions::default()
        .tls(authority.server())
        .resume(resuming());
    let server = Server::bind(URL, options).await.expect("a port");
    let serving = server.serve(Counting::new().0);
    let relay = Relay::before(address(&serving), NO_FAULTS, 0).await;
    let ms = Duration::from_millis(1);
    let options = trusting(authority)
        .resume(resuming())
        .keepalive(50 * ms, 500 * ms);
    let client = connect(&relay.url(), options).await.expect("it is trusted");
    let mut stream = client
        .request_stream(Payload::new(ITEMS.to_string()))
        .prefetch(64);
    for next in 0..ITEMS {
        if next == ITEMS / 3 || next == ITEMS / 2 {
            relay.cut();
        }
        let item = soon(stream.next()).await;
        assert_eq!(item, Some(Ok(Payload::new(next.to_string()))));
    }
    assert!(relay.clients() >= 3);
    assert!(client.tls().is_some());
}

#[tokio::test]
async fn a_server_that_stops_says_so_and_gives_its_port_back() {
    let authority = Authority::common();
    let serving = serve(authority.server()).await;
    let (url, address) = (serving.url(), address(&serving));
    let client = connect(&url, trusting(authority))
        .await
        .expect("it is trusted");
    assert_echo(&client, "hello").await;
    serving.shutdown(Duration::from_secs(5)).await;
    soon(client.closed()).await;
    soon(async {
        while UdpSocket::bind(address).await.is_err() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await;
}
