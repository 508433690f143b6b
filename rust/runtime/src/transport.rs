//! Transports of any type, and how a client gets another one.

use std::fmt;
use std::future::Future;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

#[cfg(any(feature = "tls", feature = "websocket"))]
use crate::{Layer, Layered};

/// Where to look up what TLS agrees upon.
#[cfg(feature = "tls")]
pub(crate) type Agreement = crate::tls::Agreement;

/// There is no TLS.
#[cfg(not(feature = "tls"))]
#[derive(Clone)]
pub(crate) enum Agreement {}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<IO: AsyncRead + AsyncWrite + Unpin + Send> Stream for IO {}

/// What carries a connection: bytes in order, in both directions.
pub(crate) struct Transport {
    stream: Box<dyn Stream>,
    /// Where there is TLS.
    pub(crate) agreement: Option<Agreement>,
}

impl Transport {
    pub(crate) fn new(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) -> Self {
        Self {
            stream: Box::new(stream),
            agreement: None,
        }
    }

    /// A QUIC connection.
    #[cfg(feature = "quic")]
    pub(crate) fn quic(stream: rsocket_quic::Stream) -> Self {
        Self {
            agreement: Some(stream.agreement()),
            ..Self::new(stream)
        }
    }

    /// Puts a layer over it, which shakes hands with the first reads and writes.
    #[cfg(any(feature = "tls", feature = "websocket"))]
    pub(crate) fn layered(self, layer: impl Layer + 'static) -> Self {
        Self {
            agreement: self.agreement.clone(),
            ..Self::new(Layered::new(self, layer))
        }
    }

    /// Puts a layer over it, and waits until that has shaken hands.
    #[cfg(any(feature = "tls", feature = "websocket"))]
    pub(crate) async fn open_layered(self, layer: impl Layer + 'static) -> io::Result<Self> {
        let agreement = self.agreement.clone();
        let mut layered = Layered::new(self, layer);
        layered.open().await?;
        Ok(Self {
            agreement,
            ..Self::new(layered)
        })
    }
}

impl AsyncRead for Transport {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Transport {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// A transport that is being opened.
pub(crate) type Dialling = Pin<Box<dyn Future<Output = io::Result<Transport>> + Send>>;

/// Opens transports to the same server.
#[derive(Clone)]
pub(crate) struct Dial(Arc<dyn Fn() -> Dialling + Send + Sync>);

impl Dial {
    pub(crate) fn new<D, F, IO>(dial: D) -> Self
    where
        D: Fn() -> F + Send + Sync + 'static,
        F: Future<Output = io::Result<IO>> + Send + 'static,
        IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        Self::of_transports(move || {
            let opening = dial();
            async move { Ok(Transport::new(opening.await?)) }
        })
    }

    pub(crate) fn of_transports<D, F>(dial: D) -> Self
    where
        D: Fn() -> F + Send + Sync + 'static,
        F: Future<Output = io::Result<Transport>> + Send + 'static,
    {
        Self(Arc::new(move || Box::pin(dial())))
    }

    pub(crate) fn begin(&self) -> Dialling {
        (self.0)()
    }
}

impl fmt::Debug for Dial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dial").finish_non_exhaustive()
    }
}
