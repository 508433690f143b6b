//! The handle to a connection.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use futures_core::Stream;
use rsocket_protocol::frame::ErrorCode;
use rsocket_protocol::{CloseReason, Config};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::acceptor::Decide;
use crate::dial::{ConnectError, check_setup};
use crate::driver::{Clock, Driver, Responder, Resuming, Returning};
use crate::pending::Pending;
use crate::resume::fragment_len;
use crate::shared::{Shared, State};
#[cfg(feature = "tls")]
use crate::tls;
use crate::transport::Transport;
use crate::{
    Acceptor, ConnectOptions, Error, IntoItem, LayerError, NotSupported, OpenChannel, Payload,
    RequestStream, ResumeOptions, ServerOptions, opening,
};

/// One end of an RSocket connection, for requests to the peer. Clones are the same connection.
///
/// A connection that this side has opened closes when its last clone is dropped. One that an
/// [`Acceptor`] is given does not; it lives until either side closes it.
#[derive(Clone)]
pub struct Connection {
    pub(crate) shared: Arc<Shared>,
    /// Held by the clones of a connection that closes with the last of them.
    _owner: Option<Arc<Owner>>,
}

/// Closes its connection when dropped.
struct Owner(Arc<Shared>);

impl Drop for Owner {
    fn drop(&mut self) {
        self.0.close(ErrorCode::CONNECTION_CLOSE, CLOSED);
    }
}

/// What the peer is told when this side closes a connection.
const CLOSED: &str = "closed";

impl Connection {
    /// Opens a connection as client over a transport that keeps bytes in order, such as a TLS stream, a Unix socket or
    /// an in-memory pipe. Frames are length-prefixed (specification, "Framing Format").
    ///
    /// A task on the current tokio runtime drives it.
    ///
    /// # Errors
    /// [`ConnectError::SetupTooLarge`], and what is wrong with [`ResumeOptions`](crate::ResumeOptions): they need a
    /// [`dial`](crate::ResumeOptions::dial).
    ///
    /// # Panics
    /// Outside a tokio runtime, and in one without its time driver.
    pub fn over<IO>(io: IO, options: ConnectOptions) -> Result<Self, ConnectError>
    where
        IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        Self::start(Transport::new(io), options)
    }

    /// Opens a connection as client over a transport of any type.
    pub(crate) fn start(
        transport: Transport,
        options: ConnectOptions,
    ) -> Result<Self, ConnectError> {
        check_setup(&options.setup)?;
        let resume = options.resume.as_ref();
        let config = Config {
            setup: options.setup,
            limits: options.limits,
            fragment_len: fragment_len(resume, options.fragment_len),
            lease: options.lease.is_some(),
            resume: resume.map(ResumeOptions::client_config).transpose()?,
            ..Config::client()
        };
        let shared = Shared::new(&config, options.max_output_bytes, Clock::start());
        let mut resuming = Resuming::Not;
        if let Some(resume) = resume {
            let dial = resume.dial.clone().ok_or(ConnectError::NoDial)?;
            resuming = Resuming::Client(Returning::new(resume, dial));
            shared.keep_frames(resume);
        }
        shared.room.open();
        let handler = options.handler.unwrap_or_else(|| Arc::new(NotSupported));
        let responder = Responder::Fixed(handler);
        let driver = Driver::new(
            transport,
            Arc::clone(&shared),
            &config.limits,
            responder,
            options.lease,
            resuming,
        );
        Ok(Self::spawn(shared, driver))
    }

    /// Serves a connection as server over such a transport. Requests through the handle wait until the client has been
    /// accepted; the connection closes when the last clone of the handle is dropped. It cannot be resumed: that needs a
    /// [`Server`](crate::Server).
    ///
    /// # Panics
    /// Outside a tokio runtime, and in one without its time driver.
    pub fn accept_over<IO, A>(io: IO, acceptor: A, options: &ServerOptions) -> Self
    where
        IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
        A: Acceptor,
    {
        let acceptor: Arc<dyn Decide> = Arc::new(acceptor);
        let config = Config {
            resume: None,
            ..options.config()
        };
        let shared = Shared::new(&config, options.max_output_bytes, Clock::start());
        let driver = Driver::new(
            Transport::new(io),
            Arc::clone(&shared),
            &config.limits,
            Responder::Decided(acceptor),
            options.lease.clone(),
            Resuming::Not,
        );
        Self::spawn(shared, driver)
    }

    fn spawn(shared: Arc<Shared>, driver: Driver) -> Self {
        tokio::spawn(driver.run());
        Self {
            _owner: Some(Arc::new(Owner(Arc::clone(&shared)))),
            shared,
        }
    }

    /// A handle that does not keep the connection open.
    pub(crate) fn borrowed(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            _owner: None,
        }
    }

    /// Asks the peer for one answer (specification, "Request Response"). `Ok(None)` says that it completed without a
    /// payload, which an empty payload is not.
    ///
    /// Waits in order for room in the output, then for the answer.
    ///
    /// # Errors
    /// What the peer said instead, or the end of the connection, or a limit of this side; see [`Error`].
    ///
    /// # Cancellation
    /// Dropping the future withdraws the request: with CANCEL where it has been sent, and without a trace before.
    pub async fn request_response(&self, payload: Payload) -> Result<Option<Payload>, Error> {
        let place = self.shared.place(&payload).await?;
        Pending::new(&self.shared, payload, place).await
    }

    /// Sends a request that has no answer (specification, "Fire and Forget"). Returns when it is in the output, in order
    /// with what was sent before; nothing says whether it arrives.
    ///
    /// # Errors
    /// The end of the connection, or a limit of this side; nothing was sent.
    ///
    /// # Cancellation
    /// Dropping the future before it is ready sends nothing.
    pub async fn fire_and_forget(&self, payload: Payload) -> Result<(), Error> {
        let place = self.shared.room.place_of_bulk(&payload).await;
        let mut place = place.map_err(|_closed| self.shared.lock().closed_error(false))?;
        let send = |state: &mut State| {
            let sent = self
                .shared
                .send(state, &payload, &mut place, |core, body, sink| {
                    core.fire_and_forget(body, sink)
                })?;
            Ok((sent.value, sent.task))
        };
        let sent = self.shared.patiently(send).await;
        sent.map_err(|error| self.shared.lock().send_error(error))
    }

    /// Asks the peer for any number of items (specification, "Request Stream"). The request is sent when the stream is
    /// first polled.
    ///
    /// ```no_run
    /// # use rsocket_runtime::{Connection, Error, Payload};
    /// # async fn example(connection: Connection) -> Result<(), Error> {
    /// let mut prices = connection.request_stream(Payload::new("prices")).prefetch(32);
    /// while let Some(price) = prices.next().await {
    ///     println!("{:?}", price?.data);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[must_use = "nothing is sent before the stream is polled"]
    pub fn request_stream(&self, payload: Payload) -> RequestStream {
        let connection = self.clone();
        RequestStream::new(Box::new(|window| {
            Box::pin(opening::stream(connection, payload, window))
        }))
    }

    /// Sends the items of a stream to the peer, and receives the peer's (specification, "Request Channel"). The items
    /// are [payloads](Payload), or `Result`s whose error ends the channel.
    ///
    /// The first item is the request; it is awaited and sent when the returned stream is polled. The others are sent by
    /// a task of their own, as the peer asks for them, with one item held ready. They go on after the peer's have ended,
    /// and the peer's go on after they have. Where the peer takes no more of them, `items` is dropped. Without any item
    /// nothing is sent, and the returned stream is empty.
    #[must_use = "nothing is sent before the stream is polled"]
    pub fn request_channel<S>(&self, items: S) -> RequestStream
    where
        S: Stream + Send + 'static,
        S::Item: IntoItem + Send,
    {
        let connection = self.clone();
        RequestStream::new(Box::new(|window| {
            Box::pin(opening::channel_of(connection, items, window))
        }))
    }

    /// Opens a channel (specification, "Request Channel") whose further items are sent by hand; `.await` it.
    ///
    /// # Errors
    /// As for [`fire_and_forget`](Self::fire_and_forget).
    ///
    /// # Cancellation
    /// Dropping the future before it is ready sends nothing.
    pub fn open_channel(&self, first: Payload) -> OpenChannel {
        OpenChannel::new(self.clone(), first)
    }

    /// Tells the peer something about the connection as a whole (specification, "METADATA_PUSH Frame"). Returns when it
    /// is in the output; nothing says whether it arrives.
    ///
    /// # Errors
    /// The end of the connection, [`Error::PayloadTooLarge`] for more than 32 KiB, and [`Error::Suspended`] while the
    /// connection has no transport, as it would not be sent again.
    ///
    /// # Cancellation
    /// Dropping the future before it is ready sends nothing.
    pub async fn metadata_push(&self, metadata: Bytes) -> Result<(), Error> {
        let Ok(mut place) = self.shared.room.place_for(metadata.len()).await else {
            return Err(self.shared.lock().closed_error(false));
        };
        let send = |state: &mut State| {
            let sent = self.shared.send_bare(state, &mut place, |core, sink| {
                core.metadata_push(&metadata, sink)
            });
            Ok(((), sent?))
        };
        let sent = self.shared.patiently(send).await;
        sent.map_err(|error| self.shared.lock().send_error(error))
    }

    /// Closes the connection: every request under way fails at once, on this side with
    /// [`Error::Closed`], handlers' futures are dropped, and the peer is told with
    /// ERROR\[CONNECTION_CLOSE\], or ERROR\[CONNECTION_ERROR\] where that breaks requests off. What was in the output
    /// before is still written, for up to a second; wait for [`closed`](Self::closed) to see that done. Closing twice
    /// does nothing.
    pub fn close(&self) {
        self.shared.close(ErrorCode::CONNECTION_CLOSE, CLOSED);
    }

    /// Waits until the connection is over and its transport given up, and says why.
    pub async fn closed(&self) -> CloseReason {
        CloseReason::clone(self.shared.ended().await)
    }

    /// Whether the connection is over: no request will be sent any more.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.shared.lock().core.is_closed()
    }

    /// What TLS agreed upon with the peer, such as who that is, on the transport that the connection has now or had last.
    /// `None` for other connections than those at `tls://`, `wss://` and `quic://`, and for those over a transport that the program has
    /// made itself: there the [`Tls`](crate::tls::Tls) that it was made of tells.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn tls(&self) -> Option<tls::Agreed> {
        let agreement = self.shared.lock().links.agreement.clone()?;
        agreement.get().cloned()
    }

    /// What went wrong in a layer such as TLS or WebSocket, where that ended the connection.
    #[must_use]
    pub fn layer_error(&self) -> Option<LayerError> {
        self.shared.lock().links.layer_error.clone()
    }

    /// How many of the peer's fire-and-forgets were dropped because too many were being handled; see
    /// [`Handler`](crate::Handler).
    #[must_use]
    pub fn dropped_fire_and_forgets(&self) -> u64 {
        self.shared.dropped_fire_and_forgets()
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.shared.lock();
        f.debug_struct("Connection")
            .field("role", &state.core.role())
            .field("requests", &state.core.outbound_streams())
            .field("close_reason", &state.core.close_reason())
            .finish_non_exhaustive()
    }
}
