//! What the server answers.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use anyhow::anyhow;
use rsocket_rust::prelude::{Flux, Payload, RSocket};
use rsocket_rust::{Result, async_trait, stream};

use crate::connection::numbered;
use crate::load::parse_stream;

pub struct Responder {
    pub received: Arc<AtomicU64>,
}

#[async_trait]
impl RSocket for Responder {
    async fn request_response(&self, request: Payload) -> Result<Option<Payload>> {
        Ok(Some(request))
    }

    async fn fire_and_forget(&self, _request: Payload) -> Result<()> {
        self.received.fetch_add(1, Relaxed);
        Ok(())
    }

    async fn metadata_push(&self, _request: Payload) -> Result<()> {
        Ok(())
    }

    fn request_stream(&self, request: Payload) -> Flux<Result<Payload>> {
        match request.data().and_then(|data| parse_stream(data)) {
            Some((items, size)) => numbered(items, vec![0; size]),
            None => Box::pin(stream! { yield Err(anyhow!("no request for a stream")) }),
        }
    }

    fn request_channel(&self, requests: Flux<Result<Payload>>) -> Flux<Result<Payload>> {
        requests
    }
}
