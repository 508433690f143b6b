//! A transport with a layer over it.

use std::future::{Future, poll_fn};
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, BytesMut};
use rsocket_transport::layer::{Layer, LayerError, LayerErrorKind};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// How long a peer is given to read why it is not talked to any more.
const FAREWELL: Duration = Duration::from_secs(1);

/// Bytes that may wait for the transport before nothing more is taken.
const MAX_WAITING: usize = 64 << 10;

/// Bytes that may wait for the transport before nothing more is read. What is sent, which is twice the above at most with what the
/// layer puts around it, must not come to that: two sides that both do not read would wait for ever. The rest is for what the
/// layer answers.
const MAX_BACKLOG: usize = 3 * MAX_WAITING;

/// Buffers larger than this are given back once they are empty.
const KEPT: usize = 128 << 10;

/// Bytes of a handshake that are read at once.
const HANDSHAKE_READ: usize = 1 << 10;

/// A transport whose bytes are length-prefixed frames, over one whose bytes are a [`Layer`]'s.
///
/// The handshake takes place with the first reads and writes, or in [`open`](Self::open). Where the layer fails, what it
/// has to say to the peer is written, and the peer is given a second to read it before the error is returned; that is
/// the [`LayerError`] inside an [`io::Error`].
///
/// To be used by one task, which reads while it writes.
#[derive(Debug)]
pub struct Layered<IO> {
    io: IO,
    layer: Box<dyn Layer>,
    stage: Stage,
    /// What was received and has not been read.
    plain: BytesMut,
    /// What is to be written.
    wire: BytesMut,
    /// The transport has no more to read.
    ended: bool,
    failure: Option<Failure>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    New,
    Handshake,
    Open,
    /// This side has closed.
    Closed,
}

#[derive(Debug)]
struct Failure {
    error: LayerError,
    /// The peer is being told.
    farewell: Option<Farewell>,
}

#[derive(Debug)]
struct Farewell {
    until: Pin<Box<Sleep>>,
    said: bool,
}

impl<IO: AsyncRead + AsyncWrite + Unpin> Layered<IO> {
    /// Puts a layer over a transport that has just been opened.
    ///
    /// Where the layer fails, tokio's time driver is needed.
    pub fn new(io: IO, layer: impl Layer + 'static) -> Self {
        Self {
            io,
            layer: Box::new(layer),
            stage: Stage::New,
            plain: BytesMut::new(),
            wire: BytesMut::new(),
            ended: false,
            failure: None,
        }
    }

    /// Waits until the handshake is over.
    ///
    /// # Errors
    /// What became of the transport, or the [`LayerError`].
    ///
    /// # Cancellation
    /// Dropping the future loses nothing.
    pub async fn open(&mut self) -> io::Result<()> {
        poll_fn(|cx| self.poll_open(cx)).await?;
        poll_fn(|cx| self.poll_wire(cx)).await
    }

    fn poll_open(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut space = [0; HANDSHAKE_READ];
        while self.stage < Stage::Open {
            ready!(self.poll_receive(&mut ReadBuf::new(&mut space), cx))?;
        }
        Poll::Ready(Ok(()))
    }

    /// Reads once and has the layer make something of it. The buffer is only borrowed.
    fn poll_receive(
        &mut self,
        buffer: &mut ReadBuf<'_>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        if self.failure.is_some() {
            return self.poll_fail(cx);
        }
        if self.stage == Stage::New {
            self.stage = Stage::Handshake;
            let started = self.layer.start(&mut self.wire);
            self.note(started);
        }
        self.answer(cx);
        if self.wire.len() > MAX_BACKLOG {
            return Poll::Pending;
        }
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.io).poll_read(cx, buffer))?;
        let received = &buffer.filled()[before..];
        self.ended = received.is_empty();
        let outcome = if self.ended {
            self.layer.end()
        } else {
            self.layer
                .receive(received, &mut self.plain, &mut self.wire)
        };
        buffer.set_filled(before);
        if self.layer.is_open() || self.layer.is_closed_by_peer() {
            self.stage = self.stage.max(Stage::Open);
        }
        self.note(outcome);
        self.answer(cx);
        Poll::Ready(Ok(()))
    }

    /// Writes what the layer says by itself, as far as that goes. Where the transport takes nothing any more there may
    /// still be something to read.
    fn answer(&mut self, cx: &mut Context<'_>) {
        if let Poll::Ready(Err(_)) = self.poll_wire(cx) {
            self.wire.clear();
        }
    }

    fn note(&mut self, outcome: Result<(), LayerError>) {
        if let Err(error) = outcome {
            let farewell = (!self.wire.is_empty()).then(|| Farewell {
                until: Box::pin(sleep(FAREWELL)),
                said: false,
            });
            self.failure = Some(Failure { error, farewell });
        }
    }

    fn poll_wire(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.wire.is_empty() {
            return Poll::Ready(Ok(()));
        }
        while !self.wire.is_empty() {
            let written = ready!(Pin::new(&mut self.io).poll_write(cx, &self.wire))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.wire.advance(written);
        }
        if self.wire.capacity() > KEPT {
            self.wire = BytesMut::new();
        }
        Pin::new(&mut self.io).poll_flush(cx)
    }

    /// Returns the layer's error, once the peer has been told.
    fn poll_fail(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Some(mut failure) = self.failure.take() else {
            return Poll::Ready(Ok(()));
        };
        if let Some(farewell) = &mut failure.farewell
            && self.poll_farewell(farewell, cx).is_pending()
        {
            self.failure = Some(failure);
            return Poll::Pending;
        }
        failure.farewell = None;
        let error = as_io_error(failure.error.clone());
        self.failure = Some(failure);
        Poll::Ready(Err(error))
    }

    /// Ready when the peer has read what is left to say, or has had the time for it. Closing a socket with unread bytes
    /// would reset it, and the peer might lose that.
    fn poll_farewell(&mut self, farewell: &mut Farewell, cx: &mut Context<'_>) -> Poll<()> {
        if farewell.until.as_mut().poll(cx).is_ready() {
            return Poll::Ready(());
        }
        if !farewell.said {
            self.answer(cx);
            if !self.wire.is_empty() {
                return Poll::Pending;
            }
            // A transport that is broken cannot be read either.
            let _ = ready!(Pin::new(&mut self.io).poll_shutdown(cx));
            farewell.said = true;
        }
        let mut ignored = [0; HANDSHAKE_READ];
        loop {
            let mut buffer = ReadBuf::new(&mut ignored);
            match ready!(Pin::new(&mut self.io).poll_read(cx, &mut buffer)) {
                Ok(()) if !buffer.filled().is_empty() => {}
                _ => return Poll::Ready(()),
            }
        }
    }

    /// Sends from the first bytes of these slices.
    fn poll_send(
        &mut self,
        slices: &[IoSlice<'_>],
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_open(cx))?;
        if self.failure.is_some() {
            ready!(self.poll_fail(cx))?;
        }
        if self.wire.len() >= MAX_WAITING {
            ready!(self.poll_wire(cx))?;
        }
        let mut sent = 0;
        for slice in slices {
            let part = &slice[..slice.len().min(MAX_WAITING - sent)];
            self.layer.send(part, &mut self.wire).map_err(as_io_error)?;
            sent += part.len();
        }
        // What the transport does not take now is written before more is taken.
        let _ = self.poll_wire(cx)?;
        Poll::Ready(Ok(sent))
    }
}

impl<IO: AsyncRead + AsyncWrite + Unpin> AsyncRead for Layered<IO> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if buffer.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        while this.plain.is_empty() {
            if this.layer.is_closed_by_peer() {
                // An error says that the peer does not wait for the answer.
                let _ = ready!(this.poll_wire(cx));
                return Poll::Ready(Ok(()));
            }
            if this.ended && this.failure.is_none() {
                return Poll::Ready(Ok(()));
            }
            ready!(this.poll_receive(buffer, cx))?;
        }
        let read = this.plain.len().min(buffer.remaining());
        buffer.put_slice(&this.plain[..read]);
        this.plain.advance(read);
        if this.plain.is_empty() && this.plain.capacity() > KEPT {
            this.plain = BytesMut::new();
        }
        Poll::Ready(Ok(()))
    }
}

impl<IO: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Layered<IO> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.get_mut().poll_send(&[IoSlice::new(bytes)], cx)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.get_mut().poll_send(slices, cx)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().poll_wire(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.stage < Stage::Closed {
            this.stage = Stage::Closed;
            this.layer.close(&mut this.wire);
        }
        ready!(this.poll_wire(cx))?;
        Pin::new(&mut this.io).poll_shutdown(cx)
    }
}

fn as_io_error(error: LayerError) -> io::Error {
    let kind = match error.kind {
        LayerErrorKind::Protocol | LayerErrorKind::TooLong => io::ErrorKind::InvalidData,
        LayerErrorKind::Refused => io::ErrorKind::ConnectionRefused,
        LayerErrorKind::CutOff => io::ErrorKind::UnexpectedEof,
        LayerErrorKind::ClosedWithError => io::ErrorKind::ConnectionAborted,
        LayerErrorKind::NotOpen => io::ErrorKind::NotConnected,
        _ => io::ErrorKind::Other,
    };
    io::Error::new(kind, error)
}
