//! A connection's stream.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use quinn::crypto::rustls::HandshakeData;
use quinn::{Connection, RecvStream, SendStream, StoppedError};
use rsocket_transport::tls::{Agreed, Agreement};
use rustls::pki_types::CertificateDer;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::timeout;

use crate::Limits;
use crate::error::{is_done, lost, timed_out};

/// A QUIC connection as a stream of bytes.
///
/// Shutting it down ends what this side sends, and waits until the peer has it, for
/// [`Limits::shutdown_timeout`](crate::Limits::shutdown_timeout) at most. Dropping it closes the connection as it is: what the
/// peer does not have then is lost. An error of a read or write has a
/// [`LayerError`](rsocket_transport::layer::LayerError) inside.
pub struct Stream {
    connection: Connection,
    send: SendStream,
    receive: RecvStream,
    local: SocketAddr,
    peer: SocketAddr,
    agreement: Agreement,
    shutdown_timeout: Duration,
    ending: Ending,
}

/// How far this side has come with ending what it sends.
enum Ending {
    Not,
    /// The end has been said, and the peer has not confirmed it.
    Said(Pin<Box<dyn Future<Output = io::Result<()>> + Send + Sync>>),
    Confirmed,
}

impl Stream {
    pub(crate) fn new(
        connection: Connection,
        (send, receive): (SendStream, RecvStream),
        mut local: SocketAddr,
        limits: &Limits,
    ) -> Self {
        if let Some(ip) = connection.local_ip() {
            local.set_ip(ip);
        }
        Self {
            peer: connection.remote_address(),
            agreement: agreed(&connection).into(),
            connection,
            send,
            receive,
            local,
            shutdown_timeout: limits.shutdown_timeout,
            ending: Ending::Not,
        }
    }

    /// What was agreed upon in the handshake, such as who the peer is.
    #[must_use]
    pub fn agreement(&self) -> Agreement {
        self.agreement.clone()
    }

    /// This side's address. It is the unspecified one where the system does not tell which of its addresses was used.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.local
    }

    /// The peer's address when the stream was opened.
    #[must_use]
    pub fn peer_addr(&self) -> SocketAddr {
        self.peer
    }

    /// Waits until the connection is lost or closed, also when the stream has been read to its end.
    #[cfg(unix)]
    pub(crate) fn closed(&self) -> impl Future<Output = ()> + Send + 'static {
        let connection = self.connection.clone();
        async move {
            connection.closed().await;
        }
    }

    /// What an error means: where the connection is lost, why.
    fn explain(&self, error: io::Error) -> io::Error {
        match self.connection.close_reason() {
            Some(reason) => lost(&reason),
            None => error,
        }
    }
}

fn agreed(connection: &Connection) -> Agreed {
    let data = connection
        .handshake_data()
        .and_then(|data| data.downcast::<HandshakeData>().ok());
    let (alpn, server_name) = data.map_or((None, None), |data| (data.protocol, data.server_name));
    let certificates = connection
        .peer_identity()
        .and_then(|identity| identity.downcast::<Vec<CertificateDer<'static>>>().ok());
    Agreed::over_quic(
        alpn,
        server_name,
        certificates.map_or_else(Vec::new, |found| *found),
    )
}

/// Waits until the peer has everything.
async fn confirmed(
    limit: Duration,
    stopped: impl Future<Output = Result<Option<quinn::VarInt>, StoppedError>>,
) -> io::Result<()> {
    match timeout(limit, stopped).await {
        // It may also have said that it does not want the rest.
        Ok(Ok(_) | Err(StoppedError::ZeroRttRejected)) => Ok(()),
        // Who has read everything may be done, and its last confirmation lost.
        Ok(Err(StoppedError::ConnectionLost(error))) if is_done(&error) => Ok(()),
        Ok(Err(StoppedError::ConnectionLost(error))) => Err(lost(&error)),
        Err(_) => Err(timed_out("the peer does not take what is left to send")),
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let read = ready!(AsyncRead::poll_read(
            Pin::new(&mut this.receive),
            cx,
            buffer
        ));
        Poll::Ready(read.map_err(|error| this.explain(error)))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = ready!(AsyncWrite::poll_write(Pin::new(&mut this.send), cx, bytes));
        Poll::Ready(written.map_err(|error| this.explain(error)))
    }

    /// quinn sends by itself, and knows best what goes into a datagram.
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if let Ending::Not = this.ending {
            let _ = this.send.finish(); // Only this does it, so it has not been done before.
            let waiting = confirmed(this.shutdown_timeout, this.send.stopped());
            this.ending = Ending::Said(Box::pin(waiting));
        }
        if let Ending::Said(waiting) = &mut this.ending {
            let outcome = ready!(waiting.as_mut().poll(cx));
            this.ending = Ending::Confirmed;
            return Poll::Ready(outcome);
        }
        Poll::Ready(Ok(()))
    }
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stream")
            .field("local", &self.local)
            .field("peer", &self.peer)
            .finish_non_exhaustive()
    }
}
