//! What a stream promises, and what a listener bounds.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use rcgen::{CertifiedKey, generate_simple_self_signed};
use rsocket_quic::{ClientConfig, Limits, Listener, ServerConfig, Stream, connect};
use rsocket_transport::layer::{LayerError, LayerErrorKind};
use rsocket_transport::tls::{Certificates, ClientBuilder, Identity, Roots, ServerBuilder};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UdpSocket;
use tokio::task::JoinHandle;
use tokio::time::timeout;

const HOST: &str = "127.0.0.1";

const SOON: Duration = Duration::from_secs(20);

/// Long enough for what can happen to have happened.
const WHILE: Duration = Duration::from_millis(300);

/// The two sides' configs.
fn configs(limits: Limits) -> (ClientConfig, ServerConfig) {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed([HOST.to_owned()]).expect("a certificate");
    let (pem, key) = (cert.pem(), signing_key.serialize_pem());
    let identity = Identity::from_pem(pem.as_bytes(), key.as_bytes()).expect("our own PEM");
    let server = ServerBuilder::new(Certificates::new(identity)).build();
    let roots = Roots::from_pem(pem.as_bytes()).expect("our own PEM");
    let client = ClientBuilder::new(roots).build().expect("a config");
    (
        ClientConfig::new(&client, limits).expect("TLS 1.3"),
        ServerConfig::new(&server.expect("a config"), limits).expect("TLS 1.3"),
    )
}

fn listen(config: ServerConfig) -> Listener {
    Listener::bind(
        (HOST.parse::<std::net::IpAddr>().expect("an address"), 0).into(),
        config,
    )
    .expect("a port")
}

/// Both ends of a connection, and its listener. The client has sent one byte, which the server has read.
async fn pair(limits: Limits) -> (Stream, Stream, Listener) {
    let (client, server) = configs(limits);
    let mut listener = listen(server);
    let address = listener.local_addr();
    let connecting = tokio::spawn(async move {
        let mut near = connect([address], HOST, &client).await?;
        near.write_all(b"!").await?;
        io::Result::Ok(near)
    });
    let mut far = timeout(SOON, listener.accept())
        .await
        .expect("soon")
        .expect("a client");
    assert_eq!(far.read_u8().await.expect("it was sent"), b'!');
    let near = connecting.await.expect("not aborted").expect("a server");
    (near, far, listener)
}

fn kind(error: &io::Error) -> Option<LayerErrorKind> {
    let inner = error.get_ref()?.downcast_ref::<LayerError>()?;
    Some(inner.kind)
}

#[tokio::test]
async fn what_is_sent_before_the_end_arrives() {
    let (mut near, mut far, _listener) = pair(Limits::default()).await;
    assert_eq!(near.peer_addr(), far.local_addr());
    assert_eq!(near.local_addr(), far.peer_addr());
    let sent: Vec<u8> = (0..3_000_000u32).map(|i| (i >> 8) as u8).collect();
    let expected = sent.clone();
    let sending = tokio::spawn(async move {
        near.write_all(&sent).await?;
        near.shutdown().await
    });
    let mut received = Vec::new();
    timeout(SOON, far.read_to_end(&mut received))
        .await
        .expect("soon")
        .expect("whole");
    assert!(received == expected);
    sending
        .await
        .expect("not aborted")
        .expect("the peer has everything");
}

#[tokio::test]
async fn one_direction_can_end_before_the_other() {
    let (mut near, mut far, _listener) = pair(Limits::default()).await;
    near.shutdown().await.expect("the peer is there");
    assert_eq!(far.read(&mut [0; 1]).await.expect("the end"), 0);
    far.write_all(b"still here").await.expect("the peer reads");
    far.shutdown().await.expect("the peer is there");
    let mut received = Vec::new();
    near.read_to_end(&mut received).await.expect("whole");
    assert_eq!(received, b"still here");
}

#[tokio::test]
async fn a_stream_that_is_dropped_is_cut_off() {
    let (near, mut far, _listener) = pair(Limits::default()).await;
    drop(near);
    let read = timeout(SOON, far.read(&mut [0; 1])).await.expect("soon");
    assert_eq!(
        kind(&read.expect_err("cut off")),
        Some(LayerErrorKind::CutOff)
    );
    let written = far.write(b"?").await;
    assert_eq!(
        kind(&written.expect_err("cut off")),
        Some(LayerErrorKind::CutOff)
    );
}

#[tokio::test]
async fn who_does_not_read_is_waited_for() {
    let limits = Limits {
        receive_window: 100_000,
        send_window: 50_000,
        ..Limits::default()
    };
    let (mut near, far, _listener) = pair(limits).await;
    let mut written = 0;
    while let Ok(more) = timeout(WHILE, near.write(&[0; 10_000])).await {
        written += more.expect("the peer is there");
    }
    assert!((1..=100_000).contains(&written), "{written}");
    near.shutdown().await.expect("the peer has it");
    drop(far);
}

/// A network between one client and a server, which is gone when the task is aborted. The client's address for it.
async fn network(server: SocketAddr) -> (SocketAddr, JoinHandle<()>) {
    let socket = UdpSocket::bind((HOST, 0)).await.expect("a port");
    let address = socket.local_addr().expect("it is bound");
    let task = tokio::spawn(async move {
        let mut client = None;
        let mut datagram = vec![0; 1 << 16];
        while let Ok((len, from)) = socket.recv_from(&mut datagram).await {
            let to = if from == server {
                client
            } else {
                client = Some(from);
                Some(server)
            };
            let to = to.expect("the client has the first word");
            socket
                .send_to(&datagram[..len], to)
                .await
                .expect("loopback");
        }
    });
    (address, task)
}

#[tokio::test]
async fn who_has_vanished_is_not_waited_for_to_the_end() {
    let limits = Limits {
        shutdown_timeout: WHILE,
        ..Limits::default()
    };
    let (client, server) = configs(limits);
    let mut listener = listen(server);
    let (address, network) = network(listener.local_addr()).await;
    let accepting = tokio::spawn(async move { listener.accept().await });
    let mut near = connect([address], HOST, &client).await.expect("a server");
    near.write_all(b"!").await.expect("the peer is there");
    let accepted = timeout(SOON, accepting).await.expect("soon");
    let _far = accepted.expect("not aborted").expect("a client");
    network.abort();
    near.write_all(b"?").await.expect("nobody knows");
    let ended = timeout(SOON, near.shutdown()).await.expect("soon");
    let kind = kind(&ended.expect_err("nobody confirms it"));
    assert_eq!(kind, Some(LayerErrorKind::TimedOut));
}

#[tokio::test]
async fn a_silent_network_ends_a_connection() {
    let limits = Limits {
        idle_timeout: WHILE,
        keep_alive: WHILE * 100,
        ..Limits::default()
    };
    let (mut near, _far, _listener) = pair(limits).await;
    let read = timeout(SOON, near.read(&mut [0; 1])).await.expect("soon");
    assert_eq!(
        kind(&read.expect_err("nothing was heard")),
        Some(LayerErrorKind::TimedOut)
    );
}

#[tokio::test]
async fn a_quiet_connection_is_kept() {
    let limits = Limits {
        idle_timeout: WHILE * 5,
        keep_alive: WHILE / 2,
        ..Limits::default()
    };
    let (mut near, mut far, _listener) = pair(limits).await;
    timeout(WHILE * 8, near.read(&mut [0; 1]))
        .await
        .expect_err("nothing is sent");
    far.write_all(b"?").await.expect("the peer is there");
    assert_eq!(near.read_u8().await.expect("it was sent"), b'?');
}

#[tokio::test]
async fn the_next_address_is_tried() {
    let (client, server) = configs(Limits::default());
    let mut listener = listen(server);
    // Nobody answers there.
    let silent = UdpSocket::bind((HOST, 0)).await.expect("a port");
    let addresses = [
        silent.local_addr().expect("it is bound"),
        listener.local_addr(),
    ];
    let accepting = tokio::spawn(async move { listener.accept().await });
    let connected = timeout(SOON, connect(addresses, HOST, &client))
        .await
        .expect("soon");
    assert_eq!(connected.expect("a server").peer_addr(), addresses[1]);
    accepting.abort();
}

#[tokio::test]
async fn a_listener_can_go_before_its_connections() {
    let (mut near, mut far, listener) = pair(Limits::default()).await;
    let address = listener.local_addr();
    drop(listener);
    let (client, _) = configs(Limits::default());
    timeout(WHILE, connect([address], HOST, &client))
        .await
        .expect_err("nobody answers");
    far.write_all(b"?").await.expect("the peer is there");
    assert_eq!(near.read_u8().await.expect("it was sent"), b'?');
    drop((near, far));
    let free = async { while !is_free(address).await {} };
    timeout(SOON, free)
        .await
        .expect("the port is free when nobody is connected");
}

async fn is_free(address: SocketAddr) -> bool {
    tokio::time::sleep(WHILE / 30).await;
    UdpSocket::bind(address).await.is_ok()
}

#[tokio::test]
async fn clients_that_open_nothing_are_few_and_dropped() {
    let limits = Limits {
        max_opening: 4,
        handshake_timeout: 3 * WHILE,
        ..Limits::default()
    };
    let (client, server) = configs(limits);
    let mut listener = listen(server);
    let address = listener.local_addr();
    let accepting = tokio::spawn(async move { listener.accept().await });
    let begin = Instant::now();
    let mut silent = Vec::new();
    for _ in 0..4 {
        silent.push(
            connect([address], HOST, &client)
                .await
                .expect("there is room"),
        );
    }
    let mut last = connect([address], HOST, &client)
        .await
        .expect("there is room again");
    assert!(begin.elapsed() >= limits.handshake_timeout);
    last.write_all(b"!").await.expect("the server reads");
    let accepted = timeout(SOON, accepting)
        .await
        .expect("soon")
        .expect("not aborted");
    assert_eq!(
        accepted
            .expect("a client")
            .read_u8()
            .await
            .expect("it was sent"),
        b'!'
    );
    for mut stream in silent {
        let read = timeout(SOON, stream.read(&mut [0; 1])).await.expect("soon");
        read.expect_err("it is dropped");
    }
}
