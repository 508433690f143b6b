//! What the connection and the users of a stream share: the items that have arrived, and the credit to send others.
//!
//! Each stream has a lock of its own, so that taking an item does not wait for the connection. Where both locks are
//! taken, the connection's is taken first.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use crate::reply::Reply;
use crate::{Error, NotSent, Payload};

/// What the connection keeps for a request of this side.
pub(crate) enum Request {
    /// It has one answer.
    Response(Arc<Reply>),
    /// It has items.
    Items(Arc<Exchange>),
}

/// A stream or channel, of either side.
#[derive(Debug)]
pub(crate) struct Exchange(Mutex<Halves>);

/// Both directions of it.
#[derive(Debug)]
pub(crate) struct Halves {
    pub(crate) inbox: Inbox,
    pub(crate) outbox: Outbox,
}

/// What comes from the peer.
#[derive(Debug, Default)]
pub(crate) struct Inbox {
    /// Items that nobody has taken yet; no more than the peer has credit for, within the core's limit for those that
    /// pass theirs.
    pub(crate) items: VecDeque<Payload>,
    /// Nothing follows the items.
    pub(crate) end: Option<Result<(), Error>>,
    pub(crate) waker: Option<Waker>,
}

/// What goes to the peer.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    /// Items that the peer has asked for and that have not been sent.
    pub(crate) credit: u64,
    /// Why nothing can be sent any more.
    pub(crate) end: Option<NotSent>,
    /// The payload that is being sent in fragments, by its name in the output.
    pub(crate) token: Option<u64>,
    pub(crate) waker: Option<Waker>,
}

impl Exchange {
    /// Neither side has ended yet.
    pub(crate) fn new(inbox: Inbox, outbox: Outbox) -> Arc<Self> {
        Arc::new(Self(Mutex::new(Halves { inbox, outbox })))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Halves> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inbox {
    /// The first item of a peer's channel is there from the beginning.
    pub(crate) fn with_first(first: Payload, complete: bool) -> Self {
        Self {
            items: VecDeque::from([first]),
            end: complete.then_some(Ok(())),
            waker: None,
        }
    }

    /// Nothing will come.
    pub(crate) fn ended() -> Self {
        Self {
            end: Some(Ok(())),
            ..Self::default()
        }
    }

    /// Ends after the items that are there; the first end stays.
    fn end(&mut self, end: Result<(), Error>) -> Option<Waker> {
        self.end.get_or_insert(end);
        self.waker.take()
    }
}

impl Outbox {
    pub(crate) fn with_credit(credit: u32) -> Self {
        Self {
            credit: credit.into(),
            ..Self::default()
        }
    }

    /// Nothing will be sent.
    pub(crate) fn ended() -> Self {
        Self {
            end: Some(NotSent::Completed),
            ..Self::default()
        }
    }

    /// The first end stays.
    fn end(&mut self, end: NotSent) -> Option<Waker> {
        self.end.get_or_insert(end);
        self.waker.take()
    }
}

impl Halves {
    /// Whether neither side sends any more.
    pub(crate) fn is_over(&self) -> bool {
        self.inbox.end.is_some() && self.outbox.end.is_some()
    }

    /// An item has arrived, or the end, or both.
    pub(crate) fn receive(&mut self, item: Option<Payload>, complete: bool) -> Option<Waker> {
        if self.inbox.end.is_some() {
            return None;
        }
        self.inbox.items.extend(item);
        if complete {
            self.inbox.end = Some(Ok(()));
        }
        self.inbox.waker.take()
    }

    /// The peer takes more items.
    pub(crate) fn grant(&mut self, n: u32) -> Option<Waker> {
        self.outbox.credit = self.outbox.credit.saturating_add(n.into());
        self.outbox.waker.take()
    }

    /// Nothing is sent any more.
    pub(crate) fn end_outbox(&mut self, end: NotSent) -> Option<Waker> {
        self.outbox.end(end)
    }

    /// Both directions have failed.
    pub(crate) fn fail(&mut self, error: &Error, wakers: &mut Vec<Waker>) {
        wakers.extend(self.inbox.end(Err(error.clone())));
        wakers.extend(self.outbox.end(NotSent::Ended(error.clone())));
    }
}
