//! The connection's part in leases: its strategy at work, and word of the peer's leases.

use std::sync::Arc;

use tokio::task::AbortHandle;

use crate::Connection;
use crate::lease::Strategy;
use crate::shared::Shared;

pub(super) struct Leasing {
    /// Until it runs.
    strategy: Option<Strategy>,
    task: Option<AbortHandle>,
    /// The peer has granted a lease, of which nobody has been told.
    pub(super) heard: bool,
}

impl Leasing {
    pub(super) fn new(strategy: Option<Strategy>) -> Self {
        Self {
            strategy,
            task: None,
            heard: false,
        }
    }

    /// Runs the strategy, where the connection is set up with leases.
    pub(super) fn begin(&mut self, shared: &Arc<Shared>) {
        if !shared.lock().core.uses_leases() {
            return;
        }
        if let Some(strategy) = self.strategy.take() {
            let connection = Connection::borrowed(Arc::clone(shared));
            self.task = Some(tokio::spawn(strategy.run(connection)).abort_handle());
        }
    }

    /// Tells of a lease that has come. To be called outside the lock.
    pub(super) fn tell(&mut self, shared: &Shared) {
        if std::mem::take(&mut self.heard) {
            shared.lease_changed.notify_waiters();
        }
    }

    pub(super) fn end(&mut self) {
        if let Some(task) = self.task.take() {
            task.abort();
        }
    }
}

impl Drop for Leasing {
    fn drop(&mut self) {
        self.end();
    }
}
