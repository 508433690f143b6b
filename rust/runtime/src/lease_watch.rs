//! The peer's leases for whoever waits for one.

use std::fmt;
use std::pin::pin;
use std::sync::Arc;

use crate::Lease;
use crate::shared::Shared;

/// The peer's latest lease.
#[derive(Default)]
pub(crate) struct Granted {
    /// As it came.
    pub(crate) lease: Lease,
    /// How many have come.
    count: u64,
}

impl Granted {
    pub(crate) fn receive(&mut self, lease: Lease) {
        self.lease = lease;
        self.count += 1;
    }
}

/// The peer's leases from [`Connection::watch_lease`](crate::Connection::watch_lease). It does not keep the connection
/// open.
pub struct LeaseWatch {
    shared: Arc<Shared>,
    /// How many leases had come when it looked last.
    seen: u64,
}

impl LeaseWatch {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared, seen: 0 }
    }

    /// The latest lease, as it came; waits for one that has not been returned before. Those that were replaced
    /// meanwhile are skipped. `None` when the connection is over, after the last lease.
    ///
    /// # Cancellation
    /// Dropping the future loses nothing.
    pub async fn next(&mut self) -> Option<Lease> {
        loop {
            let mut changed = pin!(self.shared.lease_changed.notified());
            changed.as_mut().enable();
            {
                let state = self.shared.lock();
                if state.granted.count != self.seen {
                    self.seen = state.granted.count;
                    return Some(state.granted.lease.clone());
                }
                if state.core.is_closed() {
                    return None;
                }
            }
            changed.await;
        }
    }
}

impl fmt::Debug for LeaseWatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LeaseWatch")
            .field("seen", &self.seen)
            .finish_non_exhaustive()
    }
}
