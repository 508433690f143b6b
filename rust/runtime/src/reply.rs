//! Where a request-response of this side waits for its answer.
//!
//! Each has a lock of its own, so that fetching an answer does not wait for the connection.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

use crate::{Error, Payload};

/// What a request-response comes to: a payload, or completion without one.
pub(crate) type Outcome = Result<Option<Payload>, Error>;

/// What the connection and the caller of a request share.
#[derive(Debug)]
pub(crate) struct Reply {
    waiting: Mutex<Waiting>,
    /// The request's name, and its stream, which is 0 before it has been sent. Used under the connection's lock.
    request: AtomicU64,
    stream: AtomicU32,
}

#[derive(Debug)]
enum Waiting {
    /// No answer yet.
    For(Waker),
    /// The answer is there for the caller to fetch.
    Over(Outcome),
    /// The caller has it.
    Fetched,
}

impl Reply {
    pub(crate) fn new(waker: &Waker) -> Arc<Self> {
        Arc::new(Self {
            waiting: Mutex::new(Waiting::For(waker.clone())),
            request: AtomicU64::new(0),
            stream: AtomicU32::new(0),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The request has been sent.
    #[inline]
    pub(crate) fn note_sent(&self, request: u64, stream: u32) {
        self.request.store(request, Ordering::Relaxed);
        self.stream.store(stream, Ordering::Relaxed);
    }

    /// The request's name and its stream, if it has been sent.
    pub(crate) fn sent(&self) -> Option<(u64, u32)> {
        let stream = self.stream.load(Ordering::Relaxed);
        (stream != 0).then(|| (self.request.load(Ordering::Relaxed), stream))
    }

    /// Notes the answer and returns whom to wake. The first answer stays.
    pub(crate) fn complete(&self, outcome: Outcome) -> Option<Waker> {
        let mut waiting = self.lock();
        if !matches!(*waiting, Waiting::For(_)) {
            return None;
        }
        match std::mem::replace(&mut *waiting, Waiting::Over(outcome)) {
            Waiting::For(waker) => Some(waker),
            Waiting::Over(_) | Waiting::Fetched => None,
        }
    }

    /// Takes the answer if it is there, and else notes whom to wake.
    pub(crate) fn poll(&self, waker: &Waker) -> Poll<Outcome> {
        let mut waiting = self.lock();
        if let Waiting::For(known) = &mut *waiting {
            known.clone_from(waker);
            return Poll::Pending;
        }
        match std::mem::replace(&mut *waiting, Waiting::Fetched) {
            Waiting::Over(outcome) => Poll::Ready(outcome),
            Waiting::For(_) | Waiting::Fetched => Poll::Pending,
        }
    }
}

/// A request that is over, to be told of outside the connection's lock.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) reply: Arc<Reply>,
    pub(crate) outcome: Outcome,
}

impl Answered {
    pub(crate) fn tell(self) {
        if let Some(waker) = self.reply.complete(self.outcome) {
            waker.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_answer_stays() {
        let reply = Reply::new(Waker::noop());
        assert!(reply.poll(Waker::noop()).is_pending());
        assert!(reply.complete(Ok(None)).is_some());
        assert!(reply.complete(Err(Error::NoLease)).is_none());
        assert!(matches!(reply.poll(Waker::noop()), Poll::Ready(Ok(None))));
        assert!(reply.complete(Ok(None)).is_none());
    }
}
