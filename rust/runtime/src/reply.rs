//! Where a request-response of this side waits for its answer.
//!
//! Each has a lock of its own, so that fetching an answer does not wait for the connection.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

use crate::{Error, Payload};

/// What a request-response comes to: a payload, or completion without one.
pub(crate) type Outcome = Result<Option<Payload>, Error>;

/// What the connection and the caller of a request share.
#[derive(Debug)]
pub(crate) struct Reply(Mutex<Waiting>);

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
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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

/// A request whose answer has come, to be told of outside the connection's lock.
pub(crate) struct Answered {
    pub(crate) reply: Arc<Reply>,
    pub(crate) outcome: Outcome,
}

/// Most replies that are kept for later requests.
const MAX_SPARE: usize = 1024;

/// Replies that are done with and can be used again, the oldest first.
#[derive(Debug, Default)]
pub(crate) struct Replies(VecDeque<Arc<Reply>>);

impl Replies {
    /// A reply for a new request.
    pub(crate) fn take(&mut self, waker: &Waker) -> Arc<Reply> {
        let waiting = Waiting::For(waker.clone());
        // The oldest has most likely been fetched.
        if let Some(mut spare) = self.0.pop_front()
            && let Some(Reply(unused)) = Arc::get_mut(&mut spare)
        {
            *unused.get_mut().unwrap_or_else(PoisonError::into_inner) = waiting;
            return spare;
        }
        Arc::new(Reply(Mutex::new(waiting)))
    }

    /// Keeps a reply that has been completed. Its caller may still have to fetch it.
    pub(crate) fn give_back(&mut self, reply: Arc<Reply>) {
        if self.0.len() < MAX_SPARE {
            self.0.push_back(reply);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_answer_stays() {
        let reply = Replies::default().take(Waker::noop());
        assert!(reply.poll(Waker::noop()).is_pending());
        assert!(reply.complete(Ok(None)).is_some());
        assert!(reply.complete(Err(Error::NoLease)).is_none());
        assert!(matches!(reply.poll(Waker::noop()), Poll::Ready(Ok(None))));
        assert!(reply.complete(Ok(None)).is_none());
    }

    #[test]
    fn only_what_the_caller_has_let_go_of_is_used_again() {
        let mut replies = Replies::default();
        let first = replies.take(Waker::noop());
        replies.give_back(Arc::clone(&first));
        let second = replies.take(Waker::noop());
        assert!(!Arc::ptr_eq(&first, &second));
        let address = Arc::as_ptr(&second);
        replies.give_back(second);
        let third = replies.take(Waker::noop());
        assert_eq!(Arc::as_ptr(&third), address);
        assert!(third.poll(Waker::noop()).is_pending(), "it waits anew");
    }
}
