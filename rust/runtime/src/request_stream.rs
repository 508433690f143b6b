//! The answer to a request-stream or a request-channel of this side.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use tokio::task::AbortHandle;

use crate::receiver::Receiver;
use crate::window::Window;
use crate::{Error, Payload};

/// The items that the peer answers with.
///
/// Like any stream it does nothing until it is polled; then the request is sent. The peer is asked for more as items
/// are taken: 256 to begin with, and again whenever half of them are left. That bounds what waits in memory.
///
/// Ends with `None` when the peer completes, and with an error when it fails or the connection ends; items that arrived
/// before come first. It counts as a clone of its connection.
///
/// # Cancellation
/// Dropping it before its end withdraws the request: with CANCEL where it has been sent, and without a trace before. Of
/// a channel both directions end.
pub struct RequestStream {
    window: Window,
    step: Step,
}

enum Step {
    /// Waits to be polled.
    Ask(Ask),
    /// Waits for room in the output; a channel waits for its first item.
    Opening {
        opening: Opening,
        /// What the user has asked for meanwhile.
        asked: u32,
    },
    Open(Open),
    Over,
}

/// Begins the request with a window.
pub(crate) type Ask = Box<dyn FnOnce(Window) -> Opening + Send>;

/// Sends the request. `None` where there turns out to be nothing to ask.
pub(crate) type Opening = Pin<Box<dyn Future<Output = Result<Option<Open>, Error>> + Send>>;

/// A request that has been sent.
pub(crate) struct Open {
    pub(crate) receiver: Receiver,
    /// The task that sends a channel's items.
    pub(crate) sending: Option<AbortHandle>,
}

impl RequestStream {
    pub(crate) fn new(ask: Ask) -> Self {
        Self {
            window: Window::default(),
            step: Step::Ask(ask),
        }
    }

    pub(crate) fn open(receiver: Receiver) -> Self {
        let sending = None;
        Self {
            window: receiver.window,
            step: Step::Open(Open { receiver, sending }),
        }
    }

    /// How many items to ask for to begin with, and to hold at most; at least 1. To be called before the first poll.
    #[must_use]
    pub fn prefetch(mut self, items: u32) -> Self {
        if let Step::Ask(_) = self.step {
            self.window = Window::of(items);
        }
        self
    }

    /// Asks for `initial` items, at least 1, and for more only by [`request`](Self::request). To be called before the
    /// first poll.
    #[must_use]
    pub fn manual(mut self, initial: u32) -> Self {
        if let Step::Ask(_) = self.step {
            self.window = Window::manual(initial);
        }
        self
    }

    /// Asks for so many items more (specification, "REQUEST_N Frame"). Nothing happens after the stream's end.
    pub fn request(&mut self, n: u32) {
        match &mut self.step {
            Step::Ask(_) => self.window.widen(n),
            Step::Open(open) => open.receiver.request(n),
            Step::Opening { asked, .. } => *asked = asked.saturating_add(n),
            Step::Over => {}
        }
    }

    /// The next item.
    ///
    /// # Errors
    /// What the peer said instead, or the end of the connection, or a limit of this side; nothing follows.
    ///
    /// # Cancellation
    /// Dropping the future loses nothing.
    pub async fn next(&mut self) -> Option<Result<Payload, Error>> {
        poll_fn(|cx| self.poll_item(cx)).await
    }

    fn poll_item(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Payload, Error>>> {
        loop {
            match &mut self.step {
                Step::Ask(_) => {
                    if let Step::Ask(ask) = std::mem::replace(&mut self.step, Step::Over) {
                        let opening = ask(self.window);
                        self.step = Step::Opening { opening, asked: 0 };
                    }
                }
                Step::Opening { opening, asked } => {
                    let opened = ready!(opening.as_mut().poll(cx));
                    let asked = *asked;
                    self.step = Step::Over;
                    match opened {
                        Ok(Some(mut open)) => {
                            open.receiver.request(asked);
                            self.step = Step::Open(open);
                        }
                        Ok(None) => return Poll::Ready(None),
                        Err(error) => return Poll::Ready(Some(Err(error))),
                    }
                }
                Step::Open(open) => return open.receiver.poll_next(cx),
                Step::Over => return Poll::Ready(None),
            }
        }
    }
}

impl Stream for RequestStream {
    type Item = Result<Payload, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_item(cx)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        // What a channel sends goes on where the peer has only ended its own items.
        if self.receiver.cancel()
            && let Some(sending) = &self.sending
        {
            sending.abort();
        }
    }
}

impl fmt::Debug for RequestStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestStream")
            .field("window", &self.window)
            .finish_non_exhaustive()
    }
}
