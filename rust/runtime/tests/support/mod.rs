//! What the tests share: handlers that report what happens to them, and a peer that speaks frames by hand.
#![allow(dead_code, reason = "each test program uses its part")]

use std::future::{Future, pending};
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::{Buf, BytesMut};
use certificates::{Authority, HOST};
use rsocket_protocol::frame::{Frame, PayloadRef, Setup, Version};
use rsocket_runtime::tls::Tls;
use rsocket_runtime::websocket::{ClientOptions, WebSocket};
use rsocket_runtime::{
    ConnectError, ConnectOptions, Connection, Failure, Handler, Layered, Payload, Server,
    ServerOptions, Serving, connect,
};
use rsocket_transport::length_prefix::{Split, split};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

/// A bound on what must not hang.
pub(crate) async fn soon<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(Duration::from_secs(20), future)
        .await
        .expect("this takes far too long")
}

pub(crate) async fn echo(request: Payload) -> Result<Option<Payload>, Failure> {
    Ok(Some(request))
}

pub(crate) async fn serve(handler: impl Handler) -> Serving {
    bind().await.serve(handler)
}

/// The transport of this test program: suites of interactions run once more as modules of a program for another one.
fn listen_url() -> String {
    let url = match module_path!().split("::").next() {
        Some("over_websocket") => "ws://127.0.0.1:0/rsocket",
        Some("over_tls") => "tls://127.0.0.1:0",
        Some("over_secure_websocket") => "wss://127.0.0.1:0/rsocket",
        #[cfg(unix)]
        Some("over_unix") => return unix_url(),
        Some("over_quic") => "quic://127.0.0.1:0",
        _ => "tcp://127.0.0.1:0",
    };
    url.to_owned()
}

/// A path that no other server has.
#[cfg(unix)]
fn unix_url() -> String {
    use std::sync::atomic::{AtomicUsize, Ordering};

    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    // Each suite of the program counts for itself.
    let suite = module_path!().split("::").nth(1).unwrap_or_default();
    let name = format!("rsocket-{}-{suite}-{number}", std::process::id());
    format!("unix://{}", std::env::temp_dir().join(name).display())
}

/// Where a server with a host listens.
pub(crate) fn address(serving: &Serving) -> SocketAddr {
    serving.local_addr().expect("it has a host and a port")
}

/// A socket that is connected to a server, without what is over it.
pub(crate) async fn connect_socket(serving: &Serving) -> Box<dyn Transport> {
    let socket = try_connect_socket(&serving.url()).await;
    socket.expect("the server listens")
}

pub(crate) async fn try_connect_socket(url: &str) -> io::Result<Box<dyn Transport>> {
    let (scheme, rest) = url.split_once("://").expect("urls have schemes");
    #[cfg(unix)]
    if scheme == "unix" {
        return Ok(Box::new(tokio::net::UnixStream::connect(rest).await?));
    }
    assert_ne!(scheme, "unix", "there are none here");
    let socket = TcpStream::connect(rest.split('/').next().unwrap_or_default()).await?;
    socket.set_nodelay(true)?;
    Ok(Box::new(socket))
}

fn is_secure(url: &str) -> bool {
    ["tls://", "wss://", "quic://"]
        .iter()
        .any(|secure| url.starts_with(secure))
}

pub(crate) async fn bind() -> Server {
    bind_with(ServerOptions::default()).await
}

pub(crate) async fn bind_with(mut options: ServerOptions) -> Server {
    let url = listen_url();
    if is_secure(&url) {
        options = options.tls(Authority::common().server());
    }
    Server::bind(&url, options)
        .await
        .expect("loopback can be listened on")
}

pub(crate) async fn dial(serving: &Serving) -> Connection {
    dial_with(serving, ConnectOptions::default()).await
}

pub(crate) async fn dial_with(serving: &Serving, options: ConnectOptions) -> Connection {
    connect_to(&serving.url(), options)
        .await
        .expect("the server listens")
}

/// Connects to a server of ours, or to what leads there.
pub(crate) async fn connect_to(
    url: &str,
    mut options: ConnectOptions,
) -> Result<Connection, ConnectError> {
    if is_secure(url) {
        options = options.tls(Authority::common().client());
    }
    connect(url, options).await
}

/// What became of a handler's future.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Called,
    Dropped,
}

/// Never answers, and tells when it is called and when its future is dropped. Fire-and-forgets end when they may.
pub(crate) struct Hang(pub(crate) mpsc::UnboundedSender<Fate>);

impl Hang {
    pub(crate) fn new() -> (Self, mpsc::UnboundedReceiver<Fate>) {
        let (fates, watched) = mpsc::unbounded_channel();
        (Self(fates), watched)
    }
}

pub(crate) struct TellDrop(pub(crate) mpsc::UnboundedSender<Fate>);

impl Drop for TellDrop {
    fn drop(&mut self) {
        // The test may be over.
        let _ = self.0.send(Fate::Dropped);
    }
}

impl Handler for Hang {
    async fn request_response(&self, request: Payload) -> Result<Option<Payload>, Failure> {
        if request.data != "hang" {
            return Ok(Some(request));
        }
        let told = TellDrop(self.0.clone());
        let _ = self.0.send(Fate::Called);
        pending::<()>().await;
        drop(told);
        Ok(None)
    }
}

/// A peer that speaks frames by hand.
pub(crate) struct RawPeer<IO> {
    pub(crate) io: IO,
    buffer: BytesMut,
}

/// Any transport.
pub(crate) trait Transport: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Transport for T {}

impl RawPeer<Box<dyn Transport>> {
    pub(crate) async fn dial(serving: &Serving) -> Self {
        #[cfg(feature = "quic")]
        if serving.url().starts_with("quic://") {
            return Self::over(Box::new(dial_quic(serving).await));
        }
        let io = connect_socket(serving).await;
        Self::over(over_layers(io, &serving.url()))
    }
}

#[cfg(feature = "quic")]
pub(crate) async fn dial_quic(serving: &Serving) -> rsocket_quic::Stream {
    let tls = Authority::common().client();
    let config = rsocket_quic::ClientConfig::new(&tls, rsocket_quic::Limits::default());
    rsocket_quic::connect(
        [address(serving)],
        HOST,
        &config.expect("the config is good"),
    )
    .await
    .expect("the server listens")
}

/// Puts over a socket what the server's url says, as a client.
fn over_layers(mut io: Box<dyn Transport>, url: &str) -> Box<dyn Transport> {
    if is_secure(url) {
        let name = HOST.try_into().expect("an address");
        let tls = Tls::client(Authority::common().client(), name).expect("the config is good");
        io = Box::new(Layered::new(io, tls));
    }
    let (scheme, rest) = url.split_once("://").expect("urls have schemes");
    if !scheme.starts_with("ws") {
        return io;
    }
    let (host, path) = rest.split_once('/').expect("a path");
    let layer = WebSocket::client(&ClientOptions {
        path: format!("/{path}"),
        ..ClientOptions::new(host)
    });
    Box::new(Layered::new(io, layer.expect("the server's url is good")))
}

impl<IO: AsyncRead + AsyncWrite + Unpin> RawPeer<IO> {
    pub(crate) fn over(io: IO) -> Self {
        Self {
            io,
            buffer: BytesMut::new(),
        }
    }

    pub(crate) async fn send(&mut self, stream: u32, frame: &Frame<'_>) {
        self.io
            .write_all(&framed(stream, frame))
            .await
            .expect("the other side reads");
    }

    /// The next frame with its stream and without its prefix, or `None` at the end.
    pub(crate) async fn receive(&mut self) -> Option<Vec<u8>> {
        loop {
            if let Split::Frame { frame, consumed } =
                split(&self.buffer, usize::MAX).expect("no limit")
            {
                let frame = frame.to_vec();
                self.buffer.advance(consumed);
                return Some(frame);
            }
            match self.io.read_buf(&mut self.buffer).await {
                Ok(1..) => {}
                Ok(0) | Err(_) => return None,
            }
        }
    }

    /// Reads frames until one is what is looked for.
    pub(crate) async fn until<T>(
        &mut self,
        mut wanted: impl FnMut(u32, Frame<'_>) -> Option<T>,
    ) -> T {
        loop {
            let bytes = self.receive().await.expect("the connection is open");
            let (stream, frame) = Frame::decode(&bytes).expect("our frames can be decoded");
            if let Some(found) = wanted(stream, frame) {
                return found;
            }
        }
    }
}

pub(crate) fn framed(stream: u32, frame: &Frame<'_>) -> Vec<u8> {
    let len = frame.encoded_len();
    let mut bytes = (len as u32).to_be_bytes()[1..].to_vec();
    frame.encode(stream, &mut bytes);
    bytes
}

pub(crate) fn setup_frame(lifetime_ms: u32) -> Frame<'static> {
    Frame::Setup(Setup {
        version: Version { major: 1, minor: 0 },
        keepalive_interval_ms: 1000,
        max_lifetime_ms: lifetime_ms,
        resume_token: None,
        honors_lease: false,
        metadata_mime: b"a/b",
        data_mime: b"c/d",
        payload: PayloadRef::from_data(b"hello"),
    })
}

pub(crate) mod certificates;
pub(crate) mod gate;
pub(crate) mod items;
pub(crate) mod relay;
pub(crate) mod resuming;
