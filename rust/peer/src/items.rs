//! The items that the server answers streams and channels with.

use std::future;

use rsocket_runtime::{Failure, ItemSender, Items, Payload};

use crate::bytes::pattern;

/// Begins the data of a channel whose responder takes so many items and no more.
const CANCEL_PREFIX: &str = "cancel-after:";

/// The data of a channel whose responder takes no item behind the first until the channel is over.
const HOLD: &str = "hold";

/// What a request-stream's data asks for.
pub(crate) enum Answer {
    /// `N`, or `N:error:MESSAGE`: the numbers below N, then the error if there is one.
    Numbers { count: u64, error: Option<String> },
    /// `big:SIZE:N`: N items of SIZE bytes, each with its own pattern.
    Patterns { size: usize, count: u32 },
}

impl Answer {
    pub(crate) fn parse(data: &[u8]) -> Result<Self, Failure> {
        let unknown = || Failure::invalid("the data of the request-stream is not understood");
        let text = std::str::from_utf8(data).map_err(|_| unknown())?;
        parse(text).ok_or_else(unknown)
    }

    pub(crate) async fn send(self, mut sender: ItemSender) -> Result<(), Failure> {
        match self {
            Self::Numbers { count, error } => {
                for item in 0..count {
                    sender.send(Payload::new(item.to_string())).await?;
                }
                error.map_or(Ok(()), |message| Err(Failure::application(message)))
            }
            Self::Patterns { size, count } => {
                for item in 0..count {
                    sender.send(Payload::new(pattern(item, size))).await?;
                }
                Ok(())
            }
        }
    }
}

fn parse(text: &str) -> Option<Answer> {
    if let Some(big) = text.strip_prefix("big:") {
        let (size, count) = big.split_once(':')?;
        return Some(Answer::Patterns {
            size: size.parse().ok()?,
            count: count.parse().ok()?,
        });
    }
    let (count, error) = match text.split_once(":error:") {
        Some((count, message)) => (count, Some(message.to_owned())),
        None => (text, None),
    };
    Some(Answer::Numbers {
        count: count.parse().ok()?,
        error,
    })
}

/// Sends a channel's items back, all of them or as many as the first one says.
pub(crate) async fn echo(mut received: Items, mut sender: ItemSender) -> Result<(), Failure> {
    let mut left = None;
    while left != Some(0)
        && let Some(item) = received.next().await
    {
        let item = item?;
        if left.is_none() && item.data == HOLD {
            return future::pending().await;
        }
        left = match left {
            None => Some(taken(&item)),
            left => left,
        }
        .map(|left| left - 1);
        sender.send(item).await?;
    }
    // Dropping what is left to receive says that no more is wanted.
    Ok(())
}

/// How many items a channel that begins with this one has echoed, itself included.
fn taken(first: &Payload) -> u64 {
    let count = first.data.strip_prefix(CANCEL_PREFIX.as_bytes());
    count
        .and_then(|count| std::str::from_utf8(count).ok()?.parse().ok())
        .map_or(u64::MAX, |count: u64| count.max(1))
}
