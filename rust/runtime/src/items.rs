//! A channel as its responder sees it.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;

use crate::receiver::Receiver;
use crate::window::Window;
use crate::{Error, Payload};

/// The items that the requester of a channel sends, the first of them its request.
///
/// The requester is asked for more as items are taken: 256 to begin with, and again whenever half of them are left.
/// That bounds what waits in memory.
///
/// Ends with `None` when the requester completes, and with an error when it fails or the connection ends. Dropping it
/// before tells the requester that no more are wanted, and the handler's own items go on.
pub struct Items(Receiver);

impl Items {
    pub(crate) fn new(receiver: Receiver) -> Self {
        Self(receiver)
    }

    /// How many items to ask for to begin with, and to hold at most. To be called before the first item is taken.
    #[must_use]
    pub fn prefetch(mut self, items: u32) -> Self {
        if self.0.is_unasked() {
            self.0.window = Window::of(items);
        }
        self
    }

    /// Asks for `initial` items beside the first, and for more only by [`request`](Self::request). To be called before
    /// the first item is taken.
    #[must_use]
    pub fn manual(mut self, initial: u32) -> Self {
        if self.0.is_unasked() {
            self.0.window = Window::manual(initial);
        }
        self
    }

    /// Asks for so many items more.
    pub fn request(&mut self, n: u32) {
        self.0.request(n);
    }

    /// The next item.
    ///
    /// # Errors
    /// What the requester said, or the end of the connection; nothing follows.
    ///
    /// # Cancellation
    /// Dropping the future loses nothing.
    pub async fn next(&mut self) -> Option<Result<Payload, Error>> {
        poll_fn(|cx| self.0.poll_next(cx)).await
    }
}

impl Stream for Items {
    type Item = Result<Payload, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_next(cx)
    }
}

impl fmt::Debug for Items {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Items").finish_non_exhaustive()
    }
}
