//! How many requests each side may make, and for how long.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use rsocket_protocol::SendError;
use tokio::time::sleep;

use crate::handler::{Panicked, unless_panicked};
use crate::lease_watch::LeaseWatch;
use crate::shared::wake;
use crate::{Connection, Error};

/// Allows so many requests for so long (specification, "Lease Semantics").
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lease {
    /// How long the lease is good, in whole milliseconds, at most about 24 days; 0 allows nothing.
    pub ttl: Duration,
    /// How many requests may be made, of all kinds together, at most 2^31 - 1; 0 allows none.
    pub requests: u32,
    /// What the granting side says with it, at most 16 KiB.
    pub metadata: Option<Bytes>,
}

impl Lease {
    /// A lease without metadata.
    #[must_use]
    pub fn new(ttl: Duration, requests: u32) -> Self {
        Self {
            ttl,
            requests,
            metadata: None,
        }
    }

    /// The same lease with this metadata.
    #[must_use]
    pub fn with_metadata(mut self, metadata: impl Into<Bytes>) -> Self {
        self.metadata = Some(metadata.into());
        self
    }
}

/// Decides how many requests the peers of this side may make.
///
/// With a strategy ([`ConnectOptions::lease`](crate::ConnectOptions::lease),
/// [`ServerOptions::lease`](crate::ServerOptions::lease)) a client proposes leases and a server agrees to them: each side
/// makes only the requests that the other's lease allows, and gets [`Error::NoLease`] beyond them. Without one a server
/// turns away clients that propose leases.
///
/// With nothing to decide, use [`FixedLease`]. A closure from [`Connection`] to a future is a strategy: one that grants
/// what it is told to, and a client's that expects no requests:
///
/// ```
/// use std::time::Duration;
/// use rsocket_runtime::{ConnectOptions, Connection, Lease, ServerOptions};
/// use tokio::sync::watch;
///
/// let (room, known) = watch::channel(10);
/// let server = ServerOptions::default().lease(move |client: Connection| {
///     let mut room = known.clone();
///     async move {
///         loop {
///             let lease = Lease::new(Duration::from_secs(60), *room.borrow_and_update());
///             if client.grant_lease(&lease).is_err() || room.changed().await.is_err() {
///                 return;
///             }
///         }
///     }
/// });
/// let client = ConnectOptions::default().lease(|_server| async {});
/// # drop((room, server, client));
/// ```
pub trait LeaseStrategy: Send + Sync + 'static {
    /// Calls [`Connection::grant_lease`] as it sees fit. A peer that has been granted nothing can request nothing.
    ///
    /// Runs once for each connection on which leases are agreed on, beginning when the connection is set up. It is polled
    /// once on the connection's own task, so that a lease that is granted at once goes out ahead of everything else, and
    /// then in a task of its own. A panic ends it and nothing else.
    ///
    /// # Cancellation
    /// The future is dropped when the connection is over.
    fn grant(&self, connection: Connection) -> impl Future<Output = ()> + Send;
}

impl<F, G> LeaseStrategy for F
where
    F: Fn(Connection) -> G + Send + Sync + 'static,
    G: Future<Output = ()> + Send,
{
    fn grant(&self, connection: Connection) -> impl Future<Output = ()> + Send {
        self(connection)
    }
}

/// Grants the same number of requests anew each period.
#[derive(Clone, Copy, Debug)]
pub struct FixedLease {
    requests: u32,
    period: Duration,
}

impl FixedLease {
    /// So many requests each `period`, which is at least 1 ms.
    #[must_use]
    pub fn new(requests: u32, period: Duration) -> Self {
        Self {
            requests,
            period: period.max(Duration::from_millis(1)),
        }
    }
}

impl LeaseStrategy for FixedLease {
    async fn grant(&self, connection: Connection) {
        let lease = Lease::new(self.period, self.requests);
        // Late grants are not made up for: the peer never has two within one period.
        while connection.grant_lease(&lease).is_ok() {
            sleep(self.period).await;
        }
    }
}

/// A strategy of any type.
#[derive(Clone)]
pub(crate) struct Strategy(Arc<dyn Grant>);

impl Strategy {
    pub(crate) fn new(strategy: impl LeaseStrategy) -> Self {
        Self(Arc::new(strategy))
    }

    /// Grants to the peer of one connection.
    pub(crate) fn run(&self, connection: Connection) -> impl Future<Output = ()> + Send + 'static {
        let granting = Arc::clone(&self.0).grant(connection);
        async {
            if let Err(Panicked) = unless_panicked(granting).await {
                tracing::error!("a lease strategy panicked");
            }
        }
    }
}

impl fmt::Debug for Strategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Strategy").finish_non_exhaustive()
    }
}

trait Grant: Send + Sync {
    fn grant(self: Arc<Self>, connection: Connection) -> Pin<Box<dyn Future<Output = ()> + Send>>;
}

impl<S: LeaseStrategy> Grant for S {
    fn grant(self: Arc<Self>, connection: Connection) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(async move { LeaseStrategy::grant(&*self, connection).await })
    }
}

/// Leases (specification, "Lease Semantics").
impl Connection {
    /// Whether the two sides have agreed on leases, so that each request needs one. A server knows when it has the
    /// client's SETUP.
    #[must_use]
    pub fn uses_leases(&self) -> bool {
        self.shared.lock().core.uses_leases()
    }

    /// Allows the peer requests, in place of what was allowed before. Values that are too large are cut. Does nothing
    /// where leases are not agreed on, and on a server that has not accepted its client.
    ///
    /// What goes beyond the lease is rejected without reaching the handler. The peer counts time from when the lease
    /// arrives, and requests until the next one does; so some that it makes just before may be rejected. On a
    /// connection that is resumed the last lease is granted again, and one that is granted while it is suspended is
    /// granted then.
    ///
    /// # Errors
    /// The end of the connection, and [`Error::PayloadTooLarge`] for more than 16 KiB of metadata.
    pub fn grant_lease(&self, lease: &Lease) -> Result<(), Error> {
        let Lease {
            ttl,
            requests,
            metadata,
        } = lease;
        let mut state = self.shared.lock();
        let now = self.shared.clock.now();
        let granted = state
            .core
            .grant_lease(*ttl, *requests, metadata.as_deref(), now);
        match granted {
            Ok(()) | Err(SendError::Suspended) => {
                if state.core.is_resumable() {
                    state.last_lease = Some(lease.clone());
                }
                let task = state.task.rouse();
                drop(state);
                wake(task);
                Ok(())
            }
            Err(SendError::NotReady) => Ok(()),
            Err(error) => Err(state.send_error(error)),
        }
    }

    /// What the peer's lease allows at this moment: the time and the requests that are left of it, and its metadata.
    /// `None` where it allows nothing, and where leases are not agreed on.
    #[must_use]
    pub fn lease(&self) -> Option<Lease> {
        let state = self.shared.lock();
        let (ttl, requests) = state.core.lease_left(self.shared.clock.now())?;
        let metadata = state.granted.lease.metadata.clone();
        Some(Lease {
            ttl,
            requests,
            metadata,
        })
    }

    /// Sees the peer's leases as they come: to wait for one, say, after [`Error::NoLease`].
    #[must_use]
    pub fn watch_lease(&self) -> LeaseWatch {
        LeaseWatch::new(Arc::clone(&self.shared))
    }
}
