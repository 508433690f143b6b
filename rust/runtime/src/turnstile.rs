//! Where those wait whose frames the connection does not take at the moment.
//!
//! That happens to connections that can be resumed: without a transport they take what their store has room for, and
//! with a new one nothing before everything that was kept is on its way. One caller at a time tries again, and lets the
//! next one through.

use std::pin::pin;

use rsocket_protocol::SendError;
use tokio::sync::{Mutex, Notify};

#[derive(Debug, Default)]
pub(crate) struct Turnstile {
    turn: Mutex<()>,
    moved: Notify,
}

impl Turnstile {
    /// Tries whenever there may be room, in order with others, until it succeeds or fails for another reason.
    pub(crate) async fn pass<T>(
        &self,
        mut attempt: impl FnMut() -> Result<T, SendError>,
    ) -> Result<T, SendError> {
        let _turn = self.turn.lock().await;
        loop {
            let mut moved = pin!(self.moved.notified());
            moved.as_mut().enable();
            match attempt() {
                Err(SendError::Full) => moved.await,
                outcome => return outcome,
            }
        }
    }

    /// There may be room, or the connection is over.
    pub(crate) fn moved(&self) {
        self.moved.notify_waiters();
    }
}
