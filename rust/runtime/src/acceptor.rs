//! Deciding on clients.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::handler::{Panicked, Serve, unless_panicked};
use crate::{Connection, Handler, Rejection, Setup};

/// A server's decision on each client.
///
/// A closure from [`Setup`] and [`Connection`] to a future of the decision is an acceptor.
pub trait Acceptor: Send + Sync + 'static {
    /// What answers the requests of an accepted client.
    type Handler: Handler;

    /// Accepts the client with a handler for its requests, or rejects it.
    ///
    /// `connection` is for requests to the client; they wait until the client is accepted, so do not wait for one here.
    /// It may be kept or dropped: the connection lives until one side closes it. Until the decision nothing more is
    /// read, and the client's lifetime runs.
    fn accept(
        &self,
        setup: Setup,
        connection: Connection,
    ) -> impl Future<Output = Result<Self::Handler, Rejection>> + Send;
}

impl<F, D, H> Acceptor for F
where
    F: Fn(Setup, Connection) -> D + Send + Sync + 'static,
    D: Future<Output = Result<H, Rejection>> + Send,
    H: Handler,
{
    type Handler = H;

    fn accept(
        &self,
        setup: Setup,
        connection: Connection,
    ) -> impl Future<Output = Result<H, Rejection>> + Send {
        self(setup, connection)
    }
}

/// An acceptor that accepts every client, with one handler for all.
#[derive(Debug)]
pub struct AcceptAll<H>(Arc<H>);

impl<H: Handler> AcceptAll<H> {
    /// Accepts every client with this handler.
    pub fn with(handler: H) -> Self {
        Self(Arc::new(handler))
    }
}

impl<H: Handler> Acceptor for AcceptAll<H> {
    type Handler = Arc<H>;

    async fn accept(&self, _: Setup, _: Connection) -> Result<Arc<H>, Rejection> {
        Ok(Arc::clone(&self.0))
    }
}

/// A decision being made: the client's handler, or why not.
pub(crate) type Decision = Pin<Box<dyn Future<Output = Result<Arc<dyn Serve>, Rejection>> + Send>>;

/// An acceptor of any type.
pub(crate) trait Decide: Send + Sync {
    fn decide(self: Arc<Self>, setup: Setup, connection: Connection) -> Decision;
}

impl<A: Acceptor> Decide for A {
    fn decide(self: Arc<Self>, setup: Setup, connection: Connection) -> Decision {
        Box::pin(async move {
            match unless_panicked(async { self.accept(setup, connection).await }).await {
                Ok(decision) => decision.map(|handler| Arc::new(handler) as Arc<dyn Serve>),
                Err(Panicked) => {
                    tracing::error!("an acceptor panicked");
                    Err(Rejection::rejected("the acceptor panicked"))
                }
            }
        })
    }
}
