//! What the server answers: a request's data says what. `items` has what streams and channels are made of.

use std::future;

use anyhow::anyhow;
use rsocket_rust::prelude::{Flux, Payload, RSocket};
use rsocket_rust::{Result, async_trait, stream};

use crate::bytes::{digest, metadata_digest};
use crate::items;
use crate::report::print_line;

pub const ERROR_PREFIX: &str = "error:";
pub const HANG_REQUEST: &str = "hang";

pub struct Responder;

#[async_trait]
impl RSocket for Responder {
    async fn request_response(&self, request: Payload) -> Result<Option<Payload>> {
        let data = request.data().cloned().unwrap_or_default();
        if let Some(reason) = data.strip_prefix(ERROR_PREFIX.as_bytes()) {
            return Err(anyhow!(String::from_utf8_lossy(reason).into_owned()));
        }
        if data == HANG_REQUEST {
            return hang().await;
        }
        Ok(Some(request))
    }

    async fn fire_and_forget(&self, request: Payload) -> Result<()> {
        let (data, metadata) = request.split();
        let data = digest(data.as_deref().unwrap_or_default());
        print_line(&format!(
            "fnf data={data} metadata={}",
            metadata_digest(metadata.as_deref())
        ));
        Ok(())
    }

    async fn metadata_push(&self, request: Payload) -> Result<()> {
        let metadata = request.metadata().cloned().unwrap_or_default();
        print_line(&format!("push {}", digest(&metadata)));
        Ok(())
    }

    fn request_stream(&self, request: Payload) -> Flux<Result<Payload>> {
        let data = request.data().cloned().unwrap_or_default();
        if data == HANG_REQUEST {
            return Box::pin(stream! {
                if let Err(error) = hang().await {
                    yield Err(error);
                }
            });
        }
        items::answer(&data)
    }

    fn request_channel(&self, requests: Flux<Result<Payload>>) -> Flux<Result<Payload>> {
        items::echo(requests)
    }
}

async fn hang() -> Result<Option<Payload>> {
    let _cancelled = PrintWhenDropped("cancelled");
    print_line("hang");
    future::pending().await
}

/// Dropping the handler's future would be the only way for the library to tell it of a CANCEL.
struct PrintWhenDropped(&'static str);

impl Drop for PrintWhenDropped {
    fn drop(&mut self) {
        print_line(self.0);
    }
}
