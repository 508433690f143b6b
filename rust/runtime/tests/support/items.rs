//! Handlers of streams and channels, and frames to talk to them by hand.

use std::future::pending;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_core::Stream;
use rsocket_protocol::frame::{
    Cancel, Frame, PayloadFrame, PayloadRef, RequestChannel, RequestN, RequestStream,
};
use rsocket_runtime::{Failure, Handler, ItemSender, Items, Payload};
use tokio::sync::mpsc;

use super::{Fate, TellDrop};

/// Answers by the request's data: `N` with the items 0 to N - 1, `N:MESSAGE` with an error after them, and `hang` never.
/// Echoes a channel's items; where the first is `take:N`, it takes N more, wants no others and completes.
pub(crate) struct Counting(pub(crate) mpsc::UnboundedSender<Fate>);

impl Counting {
    pub(crate) fn new() -> (Self, mpsc::UnboundedReceiver<Fate>) {
        let (fates, watched) = mpsc::unbounded_channel();
        (Self(fates), watched)
    }
}

pub(crate) fn text(payload: &Payload) -> String {
    String::from_utf8(payload.data.to_vec()).expect("the tests send text")
}

pub(crate) fn number(text: &str) -> u64 {
    text.parse().expect("the tests send numbers")
}

impl Handler for Counting {
    async fn request_response(&self, request: Payload) -> Result<Option<Payload>, Failure> {
        Ok(Some(request))
    }

    async fn request_stream(&self, request: Payload, mut items: ItemSender) -> Result<(), Failure> {
        let _told = TellDrop(self.0.clone());
        let _ = self.0.send(Fate::Called);
        let request = text(&request);
        if request == "hang" {
            pending::<()>().await;
        }
        let (count, message) = match request.split_once(':') {
            Some((count, message)) => (count, Some(message.to_owned())),
            None => (&request[..], None),
        };
        for item in 0..number(count) {
            items.send(Payload::new(item.to_string())).await?;
        }
        message.map_or(Ok(()), |message| Err(Failure::application(message)))
    }

    async fn request_channel(
        &self,
        mut received: Items,
        mut items: ItemSender,
    ) -> Result<(), Failure> {
        let _told = TellDrop(self.0.clone());
        let _ = self.0.send(Fate::Called);
        let mut left = u64::MAX;
        while left > 0
            && let Some(item) = received.next().await
        {
            let item = item?;
            match item.data.strip_prefix(b"take:") {
                Some(take) => left = number(&String::from_utf8_lossy(take)),
                None => left -= 1,
            }
            items.send(item).await?;
        }
        drop(received);
        Ok(())
    }
}

/// The items 0 to `end` - 1 as a stream that is always ready.
pub(crate) struct Numbers {
    pub(crate) next: u64,
    pub(crate) end: u64,
}

pub(crate) fn numbers(end: u64) -> Numbers {
    Numbers { next: 0, end }
}

impl Stream for Numbers {
    type Item = Payload;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Payload>> {
        if self.next == self.end {
            return Poll::Ready(None);
        }
        self.next += 1;
        Poll::Ready(Some(Payload::new((self.next - 1).to_string())))
    }
}

/// A stream of items that come from elsewhere.
pub(crate) struct Fed<T>(pub(crate) mpsc::UnboundedReceiver<T>);

impl<T> Stream for Fed<T> {
    type Item = T;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        self.0.poll_recv(cx)
    }
}

/// Bytes that differ from place to place.
pub(crate) fn pattern(seed: u64, len: usize) -> Bytes {
    (0..len)
        .map(|i| (i * 131 + i / 251 + seed as usize) as u8)
        .collect()
}

pub(crate) fn item(data: &[u8]) -> Frame<'_> {
    Frame::Payload(PayloadFrame {
        follows: false,
        complete: false,
        next: true,
        payload: PayloadRef::from_data(data),
    })
}

pub(crate) const COMPLETE: Frame<'static> = Frame::Payload(PayloadFrame {
    follows: false,
    complete: true,
    next: false,
    payload: PayloadRef {
        metadata: None,
        data: &[],
    },
});

pub(crate) const CANCEL: Frame<'static> = Frame::Cancel(Cancel);

pub(crate) fn request_n(n: u32) -> Frame<'static> {
    Frame::RequestN(RequestN { n })
}

pub(crate) fn request_stream(initial_n: u32, data: &[u8]) -> Frame<'_> {
    Frame::RequestStream(RequestStream {
        follows: false,
        initial_n,
        payload: PayloadRef::from_data(data),
    })
}

pub(crate) fn request_channel(initial_n: u32, data: &[u8]) -> Frame<'_> {
    Frame::RequestChannel(RequestChannel {
        follows: false,
        complete: false,
        initial_n,
        payload: PayloadRef::from_data(data),
    })
}
