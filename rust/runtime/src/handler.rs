//! Answering the peer's requests.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;

use crate::answer::Answer;
use crate::{Failure, Payload};

/// What this side does for the peer's requests. What is not overridden is not supported.
///
/// # Cancellation
/// The future of a request-response is dropped when the peer cancels it or the connection ends. That of a
/// fire-and-forget runs to its end, also past the connection's.
///
/// # Where it runs
/// A handler's future is polled once on the connection's own task, so one that is ready at once costs no task; one that
/// is not ready moves to a task of its own. A handler that computes for long without an `.await` therefore holds up its
/// connection: after 200 µs of that in a row, further requests get tasks straight away. Requests are therefore
/// handled in any order. A panic fails the request with APPLICATION_ERROR and harms nothing else.
///
/// # How many
/// At most [`Limits::max_inbound_streams`](crate::Limits::max_inbound_streams) request-responses of a connection run at
/// once; more are answered with REJECTED. As many fire-and-forgets run at once; when there are more, the connection
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
}

/// A handler that supports nothing: every request-response is rejected, every fire-and-forget dropped.
#[derive(Clone, Copy, Debug, Default)]
pub struct NotSupported;

impl Handler for NotSupported {}

/// A handler at work, from the request to its answer in the output.
pub(crate) type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A handler of any type.
pub(crate) trait Serve: Send + Sync {
    fn request_response(self: Arc<Self>, request: Payload, answer: Answer) -> Work;
    fn fire_and_forget(self: Arc<Self>, request: Payload) -> Work;
}

impl<H: Handler> Serve for H {
    fn request_response(self: Arc<Self>, request: Payload, answer: Answer) -> Work {
        Box::pin(async move {
            let outcome =
                unless_panicked(async { Handler::request_response(&*self, request).await });
            let outcome = match outcome.await {
                Ok(outcome) => outcome,
                Err(Panicked) => {
                    tracing::error!("a request-response handler panicked");
                    Err(Failure::application("the handler panicked"))
                }
            };
            answer.send(outcome).await;
        })
    }

    fn fire_and_forget(self: Arc<Self>, request: Payload) -> Work {
        Box::pin(async move {
            let outcome =
                unless_panicked(async { Handler::fire_and_forget(&*self, request).await });
            if let Err(Panicked) = outcome.await {
                tracing::error!("a fire-and-forget handler panicked");
            }
        })
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
