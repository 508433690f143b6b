//! The connection's part in leases: its strategy at work, and word of the peer's leases.

use std::future::Future;
use std::sync::Arc;
use std::task::{Context, Waker};

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

    /// Runs the strategy, where the connection is set up with leases: at once as far as it gets, so that what it grants
    /// goes out before anything else, and the rest in a task of its own.
    pub(super) fn begin(&mut self, shared: &Arc<Shared>) {
        if !shared.lock().core.uses_leases() {
            return;
        }
        let Some(strategy) = self.strategy.take() else {
            return;
        };
        let mut granting = Box::pin(strategy.run(Connection::borrowed(Arc::clone(shared))));
        // Whoever takes it on polls it again at once.
        let poll = granting
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()));
        if poll.is_pending() {
            self.task = Some(tokio::spawn(granting).abort_handle());
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
