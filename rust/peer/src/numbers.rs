//! The items that the client sends on a channel.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use rsocket_runtime::Payload;

/// The numbers below `count`, the first of which may be replaced.
pub(crate) struct Numbers {
    next: u32,
    count: u32,
    first: Option<String>,
}

impl Numbers {
    pub(crate) fn new(count: u32, first: Option<String>) -> Self {
        Self {
            next: 0,
            count,
            first,
        }
    }
}

impl Stream for Numbers {
    type Item = Payload;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Payload>> {
        if self.next == self.count {
            return Poll::Ready(None);
        }
        let number = self.next.to_string();
        self.next += 1;
        Poll::Ready(Some(Payload::new(self.first.take().unwrap_or(number))))
    }
}
