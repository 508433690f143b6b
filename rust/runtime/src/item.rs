//! What a stream of items may consist of.

use crate::{Failure, Payload};

/// An item of a channel's outgoing stream: a [`Payload`], or a `Result` whose error ends the channel as a [`Failure`].
pub trait IntoItem {
    /// The item, or why there is none and none follows.
    ///
    /// # Errors
    /// What to tell the peer.
    fn into_item(self) -> Result<Payload, Failure>;
}

impl IntoItem for Payload {
    fn into_item(self) -> Result<Payload, Failure> {
        Ok(self)
    }
}

impl<E: Into<Failure>> IntoItem for Result<Payload, E> {
    fn into_item(self) -> Result<Payload, Failure> {
        self.map_err(Into::into)
    }
}
