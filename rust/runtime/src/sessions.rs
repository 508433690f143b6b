//! Where a server finds the connection that a client wants to go on with.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::shared::Shared;

/// The connections of a server that can be resumed, by their tokens.
#[derive(Default)]
pub(crate) struct Sessions {
    connections: Mutex<HashMap<Vec<u8>, Arc<Shared>>>,
    /// How many of them have no transport.
    suspended: AtomicUsize,
    changed: Notify,
}

impl Sessions {
    /// Keeps a connection until the returned guard is dropped. `None` where the token belongs to another one.
    pub(crate) fn begin(
        self: &Arc<Self>,
        token: Vec<u8>,
        connection: &Arc<Shared>,
    ) -> Option<Session> {
        match self.lock().entry(token.clone()) {
            Entry::Occupied(_) => None,
            Entry::Vacant(free) => {
                free.insert(Arc::clone(connection));
                Some(Session {
                    sessions: Arc::clone(self),
                    token,
                    suspended: false,
                })
            }
        }
    }

    pub(crate) fn find(&self, token: &[u8]) -> Option<Arc<Shared>> {
        self.lock().get(token).cloned()
    }

    /// How many connections have no transport.
    pub(crate) fn suspended(&self) -> usize {
        self.suspended.load(Ordering::Relaxed)
    }

    /// Waits until more connections are without a transport than when it was asked last.
    pub(crate) async fn more_suspended(&self) {
        self.changed.notified().await;
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Vec<u8>, Arc<Shared>>> {
        self.connections
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection's place among them.
pub(crate) struct Session {
    sessions: Arc<Sessions>,
    token: Vec<u8>,
    suspended: bool,
}

impl Session {
    /// Notes whether the connection has a transport.
    pub(crate) fn set_suspended(&mut self, suspended: bool) {
        if suspended == self.suspended {
            return;
        }
        self.suspended = suspended;
        if suspended {
            self.sessions.suspended.fetch_add(1, Ordering::Relaxed);
            self.sessions.changed.notify_one();
        } else {
            self.sessions.suspended.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.set_suspended(false);
        self.sessions.lock().remove(&self.token);
    }
}
