//! The answer to a request of the peer.

use std::sync::Arc;

use rsocket_protocol::SendError;

use crate::shared::{Shared, State};
use crate::{Failure, Payload};

/// The right to answer one request-response of the peer.
pub(crate) struct Answer {
    shared: Arc<Shared>,
    stream: u32,
}

impl Answer {
    pub(crate) fn new(shared: Arc<Shared>, stream: u32) -> Self {
        Self { shared, stream }
    }

    /// Sends the answer as soon as there is room. The peer may have lost interest; then nothing is sent.
    pub(crate) async fn send(self, outcome: Result<Option<Payload>, Failure>) {
        let failure = match outcome {
            Ok(payload) => match self.complete(payload).await {
                Err(SendError::PayloadTooLarge) => {
                    Failure::application("the answer is longer than this side sends")
                }
                _ => return,
            },
            Err(failure) => failure,
        };
        self.fail(failure).await;
    }

    async fn complete(&self, payload: Option<Payload>) -> Result<(), SendError> {
        let Some(payload) = payload else {
            return self.complete_without().await;
        };
        let Ok(mut place) = self.shared.room.place(&payload).await else {
            return Err(SendError::Closed);
        };
        let respond = |state: &mut State| {
            let sent = self
                .shared
                .send(state, &payload, &mut place, |core, body, sink| {
                    core.respond(self.stream, Some(body), sink)
                })?;
            Ok((sent.value, sent.task))
        };
        self.shared.patiently(respond).await
    }

    async fn complete_without(&self) -> Result<(), SendError> {
        let Ok(mut place) = self.shared.room.place(&Payload::default()).await else {
            return Err(SendError::Closed);
        };
        let respond = |state: &mut State| {
            let sent = self.shared.send_bare(state, &mut place, |core, sink| {
                core.respond(self.stream, None, sink)
            });
            Ok(((), sent?))
        };
        self.shared.patiently(respond).await
    }

    async fn fail(&self, failure: Failure) {
        let Failure { code, message } = failure;
        let Ok(mut place) = self.shared.room.place_for_error(message.len()).await else {
            return;
        };
        let send = |state: &mut State| {
            let sent = self.shared.send_bare(state, &mut place, |core, sink| {
                core.send_error(self.stream, code, message.as_bytes(), sink)
            });
            Ok(((), sent?))
        };
        // An error says that the peer does not wait for the answer any more.
        let _ = self.shared.patiently(send).await;
    }
}
