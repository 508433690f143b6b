//! The load interface over a client. The library heeds no credit and gives none, so that a prefetch means nothing to it.

use anyhow::Context;
use bytes::Bytes;
use rsocket_rust::prelude::{Flux, Payload, RSocket, StreamExt};
use rsocket_rust::{Client, Result, stream};

use crate::load::{Connection, put_index};

#[derive(Clone)]
pub struct Theirs(pub Client);

fn payload(data: Bytes) -> Payload {
    Payload::builder().set_data(data).build()
}

impl Connection for Theirs {
    async fn request_response(&self, data: Bytes) -> anyhow::Result<Bytes> {
        let answer = self.0.request_response(payload(data)).await?;
        let answer = answer.context("completed without a payload")?;
        Ok(answer.split().0.unwrap_or_default())
    }

    async fn fire_and_forget(&self, data: Bytes) -> anyhow::Result<()> {
        self.0.fire_and_forget(payload(data)).await
    }

    async fn request_stream(
        &self,
        request: Bytes,
        _prefetch: u32,
        each: impl FnMut(&[u8]) + Send,
    ) -> anyhow::Result<()> {
        take(self.0.request_stream(payload(request)), each).await
    }

    async fn request_channel(
        &self,
        items: u32,
        pattern: Vec<u8>,
        _prefetch: u32,
        each: impl FnMut(&[u8]) + Send,
    ) -> anyhow::Result<()> {
        take(self.0.request_channel(numbered(items, pattern)), each).await
    }
}

async fn take(mut items: Flux<Result<Payload>>, mut each: impl FnMut(&[u8])) -> anyhow::Result<()> {
    while let Some(item) = items.next().await {
        each(item?.data().map_or(&[], |data| data));
    }
    Ok(())
}

/// Items of one pattern, each with its index.
pub fn numbered(items: u32, mut pattern: Vec<u8>) -> Flux<Result<Payload>> {
    Box::pin(stream! {
        for index in 0..items {
            put_index(&mut pattern, index.into());
            yield Ok(payload(Bytes::copy_from_slice(&pattern)));
        }
    })
}
