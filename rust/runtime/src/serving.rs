//! A server at work.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rsocket_protocol::frame::ErrorCode;
use tokio::sync::oneshot;
use tokio::task::{Id, JoinError, JoinHandle, JoinSet};
use tokio::time::{Instant, timeout_at};

use crate::ServerOptions;
use crate::acceptor::Decide;
use crate::driver::{Agreeing, Clock, Driver, Responder, Resuming};
use crate::listen::{Over, Place};
use crate::listener::Listener;
use crate::sessions::Sessions;
use crate::shared::Shared;
use crate::transport::Transport;

/// What clients are told.
const SHUTTING_DOWN: &str = "the server is shutting down";

/// A server at work. Dropping it stops the server at once: it no longer listens, and its connections close.
#[derive(Debug)]
pub struct Serving {
    place: Place,
    /// Tells the task to stop, and how long to take for it; dropping it, to stop at once.
    stop: Option<oneshot::Sender<Duration>>,
    task: JoinHandle<()>,
}

impl Serving {
    pub(crate) fn start(
        listener: Listener,
        place: Place,
        over: Over,
        options: ServerOptions,
        acceptor: Arc<dyn Decide>,
    ) -> Self {
        let (stop, stopped) = oneshot::channel();
        let clients = Clients {
            over,
            options,
            acceptor,
            tasks: JoinSet::new(),
            connections: HashMap::new(),
            sessions: Arc::default(),
        };
        Self {
            place,
            stop: Some(stop),
            task: tokio::spawn(clients.serve(listener, stopped)),
        }
    }

    /// Where the server listens.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.place.local_addr
    }

    /// The same for clients, as [`Server::url`](crate::Server::url) has it.
    #[must_use]
    pub fn url(&self) -> String {
        self.place.url.clone()
    }

    /// Stops the server without breaking off what is under way: it no longer listens, new requests are answered with
    /// REJECTED, and a connection closes when its requests in both directions have ended. What has not ended
    /// after `grace` is closed as it is.
    ///
    /// # Cancellation
    /// Dropping the future does not stop the shutdown.
    pub async fn shutdown(mut self, grace: Duration) {
        if let Some(stop) = self.stop.take() {
            // An error says that the task has ended, which is what is asked for.
            let _ = stop.send(grace);
        }
        let _ = (&mut self.task).await;
    }
}

/// The connections of a server.
struct Clients {
    over: Over,
    options: ServerOptions,
    acceptor: Arc<dyn Decide>,
    tasks: JoinSet<()>,
    connections: HashMap<Id, Arc<Shared>>,
    sessions: Arc<Sessions>,
}

impl Clients {
    async fn serve(mut self, mut listener: Listener, mut stopped: oneshot::Receiver<Duration>) {
        let grace = loop {
            let served = self.tasks.len().saturating_sub(self.sessions.suspended());
            let full = served >= self.options.max_connections;
            tokio::select! {
                grace = &mut stopped => break grace.unwrap_or_default(),
                Some(ended) = self.tasks.join_next_with_id() => self.forget(ended),
                accepted = listener.accept(), if !full => self.accept(accepted),
                () = self.sessions.more_suspended(), if full => {}
            }
        };
        drop(listener);
        self.shut_down(grace).await;
    }

    fn accept(&mut self, accepted: io::Result<(Transport, SocketAddr)>) {
        match accepted {
            Ok((transport, peer)) => {
                tracing::debug!(%peer, "connection accepted");
                // Handshakes are part of the connection's own task, and of what SETUP may take.
                match self.over.layers() {
                    Ok(layers) => self.spawn(layers.over(transport)),
                    Err(error) => tracing::warn!(%peer, %error, "a connection cannot be served"),
                }
            }
            Err(error) => tracing::warn!(%error, "accepting a connection failed"),
        }
    }

    fn spawn(&mut self, transport: Transport) {
        let config = self.options.config();
        let shared = Shared::new(&config, self.options.max_output_bytes, Clock::start());
        let responder = Responder::Decided(Arc::clone(&self.acceptor));
        let resuming = match &self.options.resume {
            Some(options) => {
                let sessions = Arc::clone(&self.sessions);
                Resuming::Server(Agreeing::new(sessions, options.clone()))
            }
            None => Resuming::Not,
        };
        let driver = Driver::new(
            transport,
            Arc::clone(&shared),
            &config.limits,
            responder,
            self.options.lease.clone(),
            resuming,
        );
        let id = self.tasks.spawn(driver.run()).id();
        self.connections.insert(id, shared);
    }

    fn forget(&mut self, ended: Result<(Id, ()), JoinError>) {
        let id = match ended {
            Ok((id, ())) => id,
            Err(error) => {
                tracing::error!(%error, "a connection's task failed");
                error.id()
            }
        };
        self.connections.remove(&id);
    }

    async fn shut_down(mut self, grace: Duration) {
        let deadline = Instant::now() + grace;
        self.connections.values().for_each(|shared| shared.drain());
        if timeout_at(deadline, self.join_all()).await.is_ok() {
            return;
        }
        for shared in self.connections.values() {
            shared.close(ErrorCode::CONNECTION_CLOSE, SHUTTING_DOWN);
        }
        for shared in self.connections.values() {
            shared.ended().await;
        }
    }

    async fn join_all(&mut self) {
        while let Some(ended) = self.tasks.join_next_with_id().await {
            self.forget(ended);
        }
    }
}
