//! What the server answers: a request's data says what. `items` has what streams and channels are made of.

use std::future;

use ::bytes::Bytes;
use rsocket_runtime::{Failure, Handler, ItemSender, Items, Payload};

use crate::bytes::{digest, metadata_digest};
use crate::items::{self, Answer};
use crate::report::print_line;

pub(crate) const ERROR_PREFIX: &str = "error:";
pub(crate) const HANG_REQUEST: &str = "hang";

pub(crate) struct Responder;

impl Handler for Responder {
    async fn request_response(&self, request: Payload) -> Result<Option<Payload>, Failure> {
        if let Some(reason) = request.data.strip_prefix(ERROR_PREFIX.as_bytes()) {
            return Err(Failure::application(
                String::from_utf8_lossy(reason).into_owned(),
            ));
        }
        if request.data == HANG_REQUEST {
            return hang().await;
        }
        Ok(Some(request))
    }

    async fn fire_and_forget(&self, request: Payload) {
        let metadata = metadata_digest(request.metadata.as_deref());
        print_line(&format!(
            "fnf data={} metadata={metadata}",
            digest(&request.data)
        ));
    }

    async fn request_stream(&self, request: Payload, sender: ItemSender) -> Result<(), Failure> {
        if request.data == HANG_REQUEST {
            return hang().await;
        }
        Answer::parse(&request.data)?.send(sender).await
    }

    async fn request_channel(&self, received: Items, sender: ItemSender) -> Result<(), Failure> {
        items::echo(received, sender).await
    }

    async fn metadata_push(&self, metadata: Bytes) {
        print_line(&format!("push {}", digest(&metadata)));
    }
}

async fn hang<T>() -> T {
    let _cancelled = PrintWhenDropped("cancelled");
    print_line("hang");
    future::pending().await
}

/// A request that is withdrawn, or whose connection ends, drops its handler's future.
struct PrintWhenDropped(&'static str);

impl Drop for PrintWhenDropped {
    fn drop(&mut self) {
        print_line(self.0);
    }
}
