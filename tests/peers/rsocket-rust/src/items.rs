//! The items that the server answers streams and channels with, and that the client sends.

use anyhow::anyhow;
use rsocket_rust::prelude::{Flux, Payload, StreamExt};
use rsocket_rust::{Result, stream};

use crate::bytes::{Message, pattern};

/// Begins the data of a channel whose responder takes so many items and no more.
const CANCEL_PREFIX: &str = "cancel-after:";

/// The items that a request-stream's data asks for.
pub fn answer(data: &[u8]) -> Flux<Result<Payload>> {
    let parsed = std::str::from_utf8(data).ok().and_then(parse);
    parsed.unwrap_or_else(|| {
        Box::pin(stream! {
            yield Err(anyhow!("the data of the request-stream is not understood"));
        })
    })
}

fn parse(text: &str) -> Option<Flux<Result<Payload>>> {
    if let Some(big) = text.strip_prefix("big:") {
        let (size, count) = big.split_once(':')?;
        return Some(patterns(size.parse().ok()?, count.parse().ok()?));
    }
    let (count, error) = match text.split_once(":error:") {
        Some((count, message)) => (count, Some(message.to_owned())),
        None => (text, None),
    };
    Some(numbers(count.parse().ok()?, None, error))
}

fn patterns(size: usize, count: u32) -> Flux<Result<Payload>> {
    Box::pin(stream! {
        for item in 0..count {
            yield Ok(payload(pattern(item, size)));
        }
    })
}

/// The numbers below `count`, the first of which may be replaced, then the error if there is one.
pub fn numbers(
    count: u32,
    mut first: Option<String>,
    error: Option<String>,
) -> Flux<Result<Payload>> {
    Box::pin(stream! {
        for item in 0..count {
            let data = first.take().unwrap_or_else(|| item.to_string());
            yield Ok(payload(data.into_bytes()));
            if item % 16 == 15 {
                // rsocket_rust takes all that there is, and hears a CANCEL only when others get their turn.
                tokio::task::yield_now().await;
            }
        }
        if let Some(message) = error {
            yield Err(anyhow!(message));
        }
    })
}

/// Sends a channel's items back, all of them or as many as the first one says.
pub fn echo(mut received: Flux<Result<Payload>>) -> Flux<Result<Payload>> {
    Box::pin(stream! {
        let mut left = None;
        while left != Some(0) {
            let Some(item) = received.next().await else { break };
            if left.is_none() {
                left = Some(item.as_ref().map_or(1, taken));
            }
            left = left.map(|left| left - 1);
            yield item;
        }
        // Dropping what is left to receive is rsocket_rust's only way to say that no more is wanted.
    })
}

/// How many items a channel that begins with this one has echoed, itself included.
fn taken(first: &Payload) -> u64 {
    let count = first
        .data()
        .and_then(|data| data.strip_prefix(CANCEL_PREFIX.as_bytes()));
    count
        .and_then(|count| std::str::from_utf8(count).ok()?.parse().ok())
        .map_or(u64::MAX, |count: u64| count.max(1))
}

fn payload(data: Vec<u8>) -> Payload {
    let metadata = None;
    Message { data, metadata }.into()
}
