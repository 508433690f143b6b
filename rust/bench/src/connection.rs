//! The load interface over a connection.

use std::pin::Pin;
use std::task::{Context, Poll};

use anyhow::Context as _;
use bytes::Bytes;
use futures_core::Stream;
use rsocket_runtime::{Payload, RequestStream};

use crate::load::{Connection, put_index};

#[derive(Clone)]
pub(crate) struct Ours(pub(crate) rsocket_runtime::Connection);

impl Connection for Ours {
    async fn request_response(&self, data: Bytes) -> anyhow::Result<Bytes> {
        let answer = self.0.request_response(Payload::new(data)).await?;
        Ok(answer.context("completed without a payload")?.data)
    }

    async fn fire_and_forget(&self, data: Bytes) -> anyhow::Result<()> {
        Ok(self.0.fire_and_forget(Payload::new(data)).await?)
    }

    async fn request_stream(
        &self,
        request: Bytes,
        prefetch: u32,
        each: impl FnMut(&[u8]) + Send,
    ) -> anyhow::Result<()> {
        let stream = self.0.request_stream(Payload::new(request));
        take(stream.prefetch(prefetch), each).await
    }

    async fn request_channel(
        &self,
        items: u32,
        pattern: Vec<u8>,
        prefetch: u32,
        each: impl FnMut(&[u8]) + Send,
    ) -> anyhow::Result<()> {
        let indices = 0..items;
        let stream = self.0.request_channel(Numbered { indices, pattern });
        take(stream.prefetch(prefetch), each).await
    }

    fn close(&self) {
        self.0.close();
    }
}

async fn take(mut stream: RequestStream, mut each: impl FnMut(&[u8])) -> anyhow::Result<()> {
    while let Some(item) = stream.next().await {
        each(&item?.data);
    }
    Ok(())
}

/// Items of one pattern, each with its index.
struct Numbered {
    indices: std::ops::Range<u32>,
    pattern: Vec<u8>,
}

impl Stream for Numbered {
    type Item = Payload;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Payload>> {
        let Some(index) = self.indices.next() else {
            return Poll::Ready(None);
        };
        put_index(&mut self.pattern, index.into());
        Poll::Ready(Some(Payload::new(Bytes::copy_from_slice(&self.pattern))))
    }
}
