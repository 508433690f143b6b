//! What becomes of a connection's transports, for whoever wants to know.

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::broadcast::{self, Receiver, Sender, error::RecvError};

use crate::Connection;

/// Most events that wait for one who is slow to take them.
const MAX_WAITING: usize = 128;

/// What happened to the transport of a connection that can be resumed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ResumeEvent {
    /// The transport is lost; the connection waits to be resumed.
    Suspended {
        /// What happened to it.
        reason: Arc<str>,
    },
    /// A client dials again after a delay.
    Retrying {
        /// Which attempt since the connection was suspended, counted from 1.
        attempt: u32,
        /// How long it waits.
        delay: Duration,
        /// Why the attempt before failed.
        error: Option<Arc<io::Error>>,
    },
    /// The connection goes on over another transport.
    Resumed,
}

/// The events of one connection from [`Connection::resume_events`], as they come. It does not keep the connection open.
pub struct ResumeEvents {
    receiver: Option<Receiver<ResumeEvent>>,
    missed: u64,
}

impl ResumeEvents {
    /// The next event; waits for it. `None` when the connection is over, after the last event. Events that come faster
    /// than they are taken are dropped, the oldest first.
    ///
    /// # Cancellation
    /// Dropping the future loses nothing.
    pub async fn next(&mut self) -> Option<ResumeEvent> {
        let receiver = self.receiver.as_mut()?;
        loop {
            match receiver.recv().await {
                Ok(event) => return Some(event),
                Err(RecvError::Lagged(dropped)) => self.missed += dropped,
                Err(RecvError::Closed) => return None,
            }
        }
    }

    /// How many events have been dropped.
    #[must_use]
    pub fn missed(&self) -> u64 {
        self.missed
    }
}

impl fmt::Debug for ResumeEvents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResumeEvents")
            .field("missed", &self.missed)
            .finish_non_exhaustive()
    }
}

/// Where a connection tells them.
#[derive(Default)]
pub(crate) struct Teller(Mutex<Audience>);

#[derive(Default)]
enum Audience {
    /// Nobody has asked for events yet.
    #[default]
    Nobody,
    Some(Sender<ResumeEvent>),
    /// The connection is over.
    Gone,
}

impl Teller {
    pub(crate) fn tell(&self, event: ResumeEvent) {
        let audience = match &*self.lock() {
            Audience::Some(audience) => audience.clone(),
            Audience::Nobody | Audience::Gone => return,
        };
        // An error says that nobody listens any more.
        let _ = audience.send(event);
    }

    /// No event follows.
    pub(crate) fn end(&self) {
        let audience = std::mem::replace(&mut *self.lock(), Audience::Gone);
        drop(audience);
    }

    fn listen(&self) -> Option<Receiver<ResumeEvent>> {
        let mut audience = self.lock();
        match &*audience {
            Audience::Some(sender) => Some(sender.subscribe()),
            Audience::Nobody => {
                let (sender, receiver) = broadcast::channel(MAX_WAITING);
                *audience = Audience::Some(sender);
                Some(receiver)
            }
            Audience::Gone => None,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Audience> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Resumption (specification, "Resuming Operation").
impl Connection {
    /// Whether the connection has lost its transport and waits to be resumed; see
    /// [`ResumeOptions`](crate::ResumeOptions).
    #[must_use]
    pub fn is_suspended(&self) -> bool {
        self.shared.lock().core.is_suspended()
    }

    /// Sees what happens to the connection's transports from now on.
    #[must_use]
    pub fn resume_events(&self) -> ResumeEvents {
        ResumeEvents {
            receiver: self.shared.teller.listen(),
            missed: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listen(teller: &Teller) -> ResumeEvents {
        ResumeEvents {
            receiver: teller.listen(),
            missed: 0,
        }
    }

    #[tokio::test]
    async fn those_who_are_slow_miss_the_oldest_events() {
        let teller = Teller::default();
        teller.tell(ResumeEvent::Resumed);
        let mut slow = listen(&teller);
        for attempt in 1..=MAX_WAITING as u32 + 7 {
            teller.tell(ResumeEvent::Retrying {
                attempt,
                delay: Duration::ZERO,
                error: None,
            });
        }
        teller.end();
        let first = slow.next().await;
        assert!(
            matches!(first, Some(ResumeEvent::Retrying { attempt: 8, .. })),
            "{first:?}"
        );
        assert_eq!(slow.missed(), 7);
        let mut rest = 0;
        while slow.next().await.is_some() {
            rest += 1;
        }
        assert_eq!(rest, MAX_WAITING - 1);
        assert!(listen(&teller).next().await.is_none());
    }
}
