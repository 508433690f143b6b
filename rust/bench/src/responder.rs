//! What the server answers.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use bytes::Bytes;
use rsocket_runtime::{Failure, Handler, ItemSender, Items, Payload};

use crate::load::{parse_stream, put_index};

pub(crate) struct Responder {
    pub(crate) received: Arc<AtomicU64>,
}

impl Handler for Responder {
    async fn request_response(&self, request: Payload) -> Result<Option<Payload>, Failure> {
        Ok(Some(request))
    }

    async fn fire_and_forget(&self, _request: Payload) {
        self.received.fetch_add(1, Relaxed);
    }

    async fn request_stream(&self, request: Payload, mut items: ItemSender) -> Result<(), Failure> {
        let (count, size) =
            parse_stream(&request.data).ok_or(Failure::invalid("no request for a stream"))?;
        let mut item = vec![0; size];
        for index in 0..count {
            put_index(&mut item, index.into());
            items
                .send(Payload::new(Bytes::copy_from_slice(&item)))
                .await?;
        }
        Ok(())
    }

    async fn request_channel(
        &self,
        mut received: Items,
        mut items: ItemSender,
    ) -> Result<(), Failure> {
        while let Some(item) = received.next().await {
            items.send(item?).await?;
        }
        Ok(())
    }
}
