//! The sending half of a stream or channel.

use std::fmt;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use futures_core::Stream;
use rsocket_protocol::StreamName;
use tokio::task::coop::consume_budget;

use crate::item::IntoItem;
use crate::outlet::Outlet;
use crate::{Failure, NotSent, Payload};

/// Sends items as the peer asks for them.
///
/// A [`Handler`](crate::Handler) gets one to answer with, and what it returns ends the stream. To a requester it is its
/// half of a channel: dropping it says that no item follows, as [`complete`](Self::complete) does.
pub struct ItemSender(Outlet);

impl ItemSender {
    pub(crate) fn new(outlet: Outlet) -> Self {
        Self(outlet)
    }

    /// Sends an item: waits until the peer asks for one (specification, "REQUEST_N Frame") and there is room in the
    /// output, in order with others. Returns when the item is in the output.
    ///
    /// # Errors
    /// See [`NotSent`]. A handler need not look: where the peer withdraws its request, the handler's future is dropped.
    ///
    /// # Cancellation
    /// Dropping the future before it is ready sends nothing, and the next item may be sent.
    pub async fn send(&mut self, payload: Payload) -> Result<(), NotSent> {
        // With credit and room there is nothing to wait for, and other tasks would have to.
        consume_budget().await;
        self.0.send(&payload).await
    }

    /// Sends the items of a stream until its end, holding one at a time. An error among them is returned, so that a
    /// handler can end with it.
    ///
    /// # Errors
    /// The stream's own, or [`NotSent`] as a [`Failure`].
    ///
    /// # Cancellation
    /// Dropping the future drops the stream, and with it the item that waits.
    pub async fn send_all<S>(&mut self, items: S) -> Result<(), Failure>
    where
        S: Stream,
        S::Item: IntoItem,
    {
        let mut items = pin!(items);
        while let Some(item) = poll_fn(|cx| match self.0.poll_closed(cx) {
            Poll::Ready(end) => Poll::Ready(Some(Err(end.into()))),
            Poll::Pending => items
                .as_mut()
                .poll_next(cx)
                .map(|item| item.map(IntoItem::into_item)),
        })
        .await
        {
            self.send(item?).await?;
        }
        Ok(())
    }

    /// Waits until nothing can be sent any more, and says why.
    pub async fn closed(&mut self) -> NotSent {
        poll_fn(|cx| self.0.poll_closed(cx)).await
    }

    /// Says that no item follows. In a handler that has no other use for the sender, returning does the same.
    pub fn complete(self) {
        self.0.complete();
    }

    /// Ends the stream or channel with an error, both directions of it, after the items that were sent. On this side
    /// the other half ends with [`Error::Aborted`](crate::Error::Aborted).
    ///
    /// # Cancellation
    /// Dropping the future before it is ready is dropping the sender.
    pub async fn fail(self, failure: Failure) {
        self.0.fail_in_order(&failure).await;
    }

    pub(crate) fn end(&self) -> Option<NotSent> {
        self.0.end()
    }

    pub(crate) fn close(&mut self) {
        self.0.complete();
    }
}

impl Drop for ItemSender {
    fn drop(&mut self) {
        // A handler's return value says how its stream ends.
        if let StreamName::Slot(_) = self.0.name {
            return;
        }
        if std::thread::panicking() {
            self.0.fail(&Failure::application("the requester panicked"));
        } else {
            self.0.complete();
        }
    }
}

impl fmt::Debug for ItemSender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ItemSender")
            .field("stream", &self.0.stream)
            .field("end", &self.end())
            .finish_non_exhaustive()
    }
}
