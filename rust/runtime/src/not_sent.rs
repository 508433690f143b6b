//! Why an item is not sent.

use crate::{Error, Failure};

/// Why an item was not sent, and no further one will be.
///
/// A handler passes it on with `?`; that it becomes a [`Failure`] matters only where the peer still listens.
#[derive(thiserror::Error, Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotSent {
    /// The peer takes no more items. In a channel its own go on.
    #[error("the peer takes no more items")]
    Unwanted,
    /// This side has ended the stream already: it has said that no item follows, or withdrawn its request.
    #[error("this side has ended the stream")]
    Completed,
    /// The stream has failed as a whole, be it with the connection.
    #[error(transparent)]
    Ended(Error),
    /// The item is longer than [`Limits::max_payload_len`](crate::Limits::max_payload_len). Shorter ones can be sent.
    #[error("the item is longer than this side sends")]
    TooLarge,
}

impl From<NotSent> for Failure {
    fn from(not_sent: NotSent) -> Self {
        match not_sent {
            NotSent::Ended(error) => error.into(),
            NotSent::Unwanted => Self::cancelled(not_sent.to_string()),
            NotSent::Completed | NotSent::TooLarge => Self::application(not_sent.to_string()),
        }
    }
}
