//! Requests that callers have made and the connection has not sent yet.
//!
//! Sending changes much of the connection, and callers on several threads would wait for each other's turn at it. So they
//! leave short requests here, which takes next to nothing, and whoever has the connection's lock next sends them all:
//! most times its task. What is sent afterwards goes behind them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use crate::Payload;
use crate::reply::Reply;
use crate::room::{Closed, Paid};

/// A request-response that has its room in the output.
#[derive(Debug)]
pub(crate) struct Submission {
    pub(crate) payload: Payload,
    pub(crate) paid: Paid,
    pub(crate) reply: Arc<Reply>,
}

/// Bounded by the room that each of them has.
#[derive(Debug, Default)]
pub(crate) struct Submitted {
    queue: Mutex<Queue>,
    /// There are some; changed under the lock.
    waiting: AtomicBool,
}

#[derive(Debug, Default)]
struct Queue {
    requests: Vec<Submission>,
    /// The connection's task, while it has nothing to do.
    task: Option<Waker>,
    /// The connection is over, so that nobody would send them.
    closed: bool,
}

impl Submitted {
    /// The lock is held for a few instructions. Where the connection's is taken too, that one is taken first.
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Leaves a request to be sent. Returns whom to wake for that.
    ///
    /// # Errors
    /// The connection is over.
    #[inline]
    pub(crate) fn submit(&self, submission: Submission) -> Result<Option<Waker>, Closed> {
        let mut queue = self.lock();
        if queue.closed {
            return Err(Closed);
        }
        queue.requests.push(submission);
        self.waiting.store(true, Ordering::Release);
        Ok(queue.task.take())
    }

    /// Takes all of them, in order, in exchange for an empty list.
    #[inline]
    pub(crate) fn take(&self, empty: &mut Vec<Submission>) {
        debug_assert!(empty.is_empty());
        if !self.waiting.load(Ordering::Acquire) {
            return;
        }
        let mut queue = self.lock();
        std::mem::swap(&mut queue.requests, empty);
        self.waiting.store(false, Ordering::Release);
    }

    /// Has the next request wake the connection's task. False where there are some.
    pub(crate) fn rest(&self, task: &Waker) -> bool {
        let mut queue = self.lock();
        if !queue.requests.is_empty() {
            return false;
        }
        match &mut queue.task {
            Some(known) => known.clone_from(task),
            None => queue.task = Some(task.clone()),
        }
        true
    }

    /// The task looks here before it rests.
    pub(crate) fn work(&self) {
        self.lock().task = None;
    }

    /// Takes no more of them.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::room::Room;
    use rsocket_protocol::Config;

    async fn submission() -> Submission {
        let room = Room::new(1 << 20, &Config::client());
        room.open();
        let payload = Payload::new("a");
        let place = room.place(&payload).await.expect("it is open");
        Submission {
            paid: place.pay(),
            payload,
            reply: Reply::new(Waker::noop()),
        }
    }

    #[tokio::test]
    async fn the_first_request_wakes_a_task_at_rest() {
        let submitted = Submitted::default();
        assert!(submitted.rest(Waker::noop()));
        let first = submitted.submit(submission().await);
        assert!(first.expect("it is open").is_some());
        let second = submitted.submit(submission().await);
        assert!(second.expect("it is open").is_none());
        assert!(!submitted.rest(Waker::noop()), "there is something to send");
        let mut taken = Vec::new();
        submitted.take(&mut taken);
        assert_eq!(taken.len(), 2);
        assert!(submitted.rest(Waker::noop()));
    }

    #[tokio::test]
    async fn nothing_is_left_to_a_connection_that_is_over() {
        let submitted = Submitted::default();
        submitted.close();
        assert!(submitted.submit(submission().await).is_err());
    }
}
