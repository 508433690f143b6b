//! Answering the peer's requests.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;

use bytes::Bytes;

use crate::answer::Answer;
use crate::outlet::Outlet;
use crate::{Failure, ItemSender, Items, Payload};

/// What this side does for the peer's requests. What is not overridden is not supported.
///
/// # Cancellation
/// The future of a request that has an answer is dropped when the peer cancels it or the connection ends. That of a
/// fire-and-forget or a metadata-push runs to its end, also past the connection's.
///
/// # Streams and channels
/// A handler sends items with an [`ItemSender`], whose `send().await` waits until the peer asks for one; what the handler
/// returns ends the stream. A handler is thus a plain loop, and holds no more than the item that it sends:
///
/// ```
/// use rsocket_runtime::{Failure, Handler, ItemSender, Payload};
///
/// struct Countdown;
///
/// impl Handler for Countdown {
///     async fn request_stream(&self, from: Payload, mut items: ItemSender) -> Result<(), Failure> {
///         let from = std::str::from_utf8(&from.data).ok().and_then(|from| from.parse().ok());
///         let from: u32 = from.ok_or(Failure::invalid("not a number"))?;
///         for n in (0..from).rev() {
///             items.send(Payload::new(n.to_string())).await?;
///         }
///         Ok(())
///     }
/// }
/// ```
///
/// Where the items are a stream already, [`ItemSender::send_all`] sends them. Items that were sent arrive before the
/// failure that the handler returns.
///
/// # Where it runs
/// The future of a stream or a channel has a task of its own. The others are polled once on the connection's own task, so one that
/// is ready at once costs no task; one that is not ready moves to a task of its own. A handler that computes for long without an `.await` therefore holds up its
/// connection: after 200 µs of that in a row, further requests get tasks straight away. Requests are therefore
/// handled in any order. A panic fails the request with APPLICATION_ERROR and harms nothing else.
///
/// # How many
/// At most [`Limits::max_inbound_streams`](crate::Limits::max_inbound_streams) requests of a connection that have an
/// answer run at once; more are answered with REJECTED. As many fire-and-forgets and metadata-pushes run at once; when there are more, the connection
/// stops reading for up to 100 ms, then drops those that find no place until there is one again
/// ([`Connection::dropped_fire_and_forgets`](crate::Connection::dropped_fire_and_forgets) counts them).
///
/// A closure from [`Payload`] to such a future is a handler that answers request-responses alone.
pub trait Handler: Send + Sync + 'static {
    /// Answers with a payload, by completing without one (`None`), or by failing.
    fn request_response(
        &self,
        request: Payload,
    ) -> impl Future<Output = Result<Option<Payload>, Failure>> + Send {
        drop(request);
        async { Err(Failure::rejected("request-response is not supported")) }
    }

    /// Takes a request that has no answer.
    fn fire_and_forget(&self, request: Payload) -> impl Future<Output = ()> + Send {
        drop(request);
        async {}
    }

    /// Answers with items: completes by returning `Ok`, whatever has been sent, or fails.
    fn request_stream(
        &self,
        request: Payload,
        items: ItemSender,
    ) -> impl Future<Output = Result<(), Failure>> + Send {
        drop((request, items));
        async { Err(Failure::rejected("request-stream is not supported")) }
    }

    /// Answers the peer's items with items, likewise. The first of `received` is the request.
    ///
    /// Returning ends both directions: a requester that has not completed is told that no more items are wanted. Where
    /// the requester fails, `received` ends with its error and sending fails; the future is not dropped for it.
    fn request_channel(
        &self,
        received: Items,
        items: ItemSender,
    ) -> impl Future<Output = Result<(), Failure>> + Send {
        drop((received, items));
        async { Err(Failure::rejected("request-channel is not supported")) }
    }

    /// Takes what the peer says about the connection as a whole.
    fn metadata_push(&self, metadata: Bytes) -> impl Future<Output = ()> + Send {
        drop(metadata);
        async {}
    }
}

impl<F, A> Handler for F
where
    F: Fn(Payload) -> A + Send + Sync + 'static,
    A: Future<Output = Result<Option<Payload>, Failure>> + Send,
{
    fn request_response(
        &self,
        request: Payload,
    ) -> impl Future<Output = Result<Option<Payload>, Failure>> + Send {
        self(request)
    }
}

impl<H: Handler> Handler for Arc<H> {
    fn request_response(
        &self,
        request: Payload,
    ) -> impl Future<Output = Result<Option<Payload>, Failure>> + Send {
        H::request_response(self, request)
    }

    fn fire_and_forget(&self, request: Payload) -> impl Future<Output = ()> + Send {
        H::fire_and_forget(self, request)
    }

    fn request_stream(
        &self,
        request: Payload,
        items: ItemSender,
    ) -> impl Future<Output = Result<(), Failure>> + Send {
        H::request_stream(self, request, items)
    }

    fn request_channel(
        &self,
        received: Items,
        items: ItemSender,
    ) -> impl Future<Output = Result<(), Failure>> + Send {
        H::request_channel(self, received, items)
    }

    fn metadata_push(&self, metadata: Bytes) -> impl Future<Output = ()> + Send {
        H::metadata_push(self, metadata)
    }
}

/// A handler that supports nothing: requests that have an answer are rejected, others dropped.
#[derive(Clone, Copy, Debug, Default)]
pub struct NotSupported;

impl Handler for NotSupported {}

/// A handler at work, from the request to its answer in the output.
pub(crate) type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A handler of any type.
pub(crate) trait Serve: Send + Sync {
    fn request_response(self: Arc<Self>, request: Payload, answer: Answer) -> Work;
    fn fire_and_forget(self: Arc<Self>, request: Payload) -> Work;
    fn request_stream(self: Arc<Self>, request: Payload, outlet: Outlet) -> Work;
    fn request_channel(self: Arc<Self>, received: Items, outlet: Outlet) -> Work;
    fn metadata_push(self: Arc<Self>, metadata: Bytes) -> Work;
}

impl<H: Handler> Serve for H {
    fn request_response(self: Arc<Self>, request: Payload, answer: Answer) -> Work {
        Box::pin(async move {
            let outcome = async { Handler::request_response(&*self, request).await };
            let outcome = fail_if_panicked(outcome).await;
            answer.send(outcome).await;
        })
    }

    fn fire_and_forget(self: Arc<Self>, request: Payload) -> Work {
        Box::pin(async move {
            swallow_panic(async { Handler::fire_and_forget(&*self, request).await }).await;
        })
    }

    fn request_stream(self: Arc<Self>, request: Payload, outlet: Outlet) -> Work {
        Box::pin(async move {
            let items = ItemSender::new(outlet.clone());
            let outcome = async { Handler::request_stream(&*self, request, items).await };
            finish(&outlet, fail_if_panicked(outcome).await).await;
        })
    }

    fn request_channel(self: Arc<Self>, received: Items, outlet: Outlet) -> Work {
        Box::pin(async move {
            let items = ItemSender::new(outlet.clone());
            let outcome = async { Handler::request_channel(&*self, received, items).await };
            finish(&outlet, fail_if_panicked(outcome).await).await;
        })
    }

    fn metadata_push(self: Arc<Self>, metadata: Bytes) -> Work {
        Box::pin(async move {
            swallow_panic(async { Handler::metadata_push(&*self, metadata).await }).await;
        })
    }
}

/// Ends a stream as its handler says.
async fn finish(outlet: &Outlet, outcome: Result<(), Failure>) {
    match outcome {
        Ok(()) => outlet.complete_in_order().await,
        Err(failure) => outlet.fail_in_order(&failure).await,
    }
}

/// What a handler says, or that it panicked.
async fn fail_if_panicked<T>(
    outcome: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    unless_panicked(outcome).await.unwrap_or_else(|Panicked| {
        tracing::error!("a handler panicked");
        Err(Failure::application("the handler panicked"))
    })
}

/// Runs a handler to which nobody listens.
async fn swallow_panic(future: impl Future<Output = ()>) {
    if let Err(Panicked) = unless_panicked(future).await {
        tracing::error!("a handler panicked");
    }
}

/// The user's code panicked; the panic hook has said how.
pub(crate) struct Panicked;

/// Keeps a panic of the user's code from taking the connection with it.
pub(crate) async fn unless_panicked<F: Future>(future: F) -> Result<F::Output, Panicked> {
    let mut future = pin!(future);
    poll_fn(|cx| {
        // The future is not touched again after a panic but to be dropped.
        match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
            Ok(poll) => poll.map(Ok),
            Err(_) => std::task::Poll::Ready(Err(Panicked)),
        }
    })
    .await
}
