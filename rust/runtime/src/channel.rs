//! A channel that is sent by hand.

use std::future::{Future, IntoFuture};
use std::pin::Pin;

use crate::window::Window;
use crate::{Connection, Error, ItemSender, NotSent, Payload, RequestStream, opening};

/// A channel to be opened; `.await` opens it.
#[derive(Debug)]
#[must_use = "a channel is opened by `.await`"]
pub struct OpenChannel {
    connection: Connection,
    first: Payload,
    window: Window,
}

impl OpenChannel {
    pub(crate) fn new(connection: Connection, first: Payload) -> Self {
        Self {
            connection,
            first,
            window: Window::default(),
        }
    }

    /// As for [`RequestStream::prefetch`].
    pub fn prefetch(mut self, items: u32) -> Self {
        self.window = Window::of(items);
        self
    }

    /// As for [`RequestStream::manual`].
    pub fn manual(mut self, initial: u32) -> Self {
        self.window = Window::manual(initial);
        self
    }
}

impl IntoFuture for OpenChannel {
    type Output = Result<Channel, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let (sender, receiver) =
                opening::channel(self.connection, self.first, self.window).await?;
            Ok(Channel {
                sender,
                receiver: RequestStream::open(receiver),
            })
        })
    }
}

/// A channel of this side: sends items as the peer asks for them, and receives the peer's.
///
/// Dropping it, or the receiving half, withdraws the request unless the peer's items have ended.
#[derive(Debug)]
pub struct Channel {
    // Dropped first, so that dropping the channel cancels it rather than completes it.
    receiver: RequestStream,
    sender: ItemSender,
}

impl Channel {
    /// Sends an item as soon as the peer asks for one; see [`ItemSender::send`].
    ///
    /// # Errors
    /// See [`NotSent`].
    pub async fn send(&mut self, payload: Payload) -> Result<(), NotSent> {
        self.sender.send(payload).await
    }

    /// Says that no item follows. The peer's items go on.
    pub fn close_send(&mut self) {
        self.sender.close();
    }

    /// The peer's next item; see [`RequestStream::next`].
    ///
    /// # Errors
    /// What the peer said instead, or the end of the connection; nothing follows.
    pub async fn next(&mut self) -> Option<Result<Payload, Error>> {
        self.receiver.next().await
    }

    /// Asks the peer for so many items more; see [`RequestStream::request`].
    pub fn request(&mut self, n: u32) {
        self.receiver.request(n);
    }

    /// Both halves, for use at the same time. Dropping the sender completes this side's items.
    #[must_use]
    pub fn split(self) -> (ItemSender, RequestStream) {
        (self.sender, self.receiver)
    }
}
