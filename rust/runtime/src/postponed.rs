//! The ends of streams that the connection had no room for: they cannot wait, as nobody may be there to wait for them.

use rsocket_protocol::{FrameSink, SendError};

use crate::Failure;
use crate::shared::State;

/// How a stream ends: by completing, or with a failure.
pub(crate) struct Postponed {
    stream: u32,
    failure: Option<Failure>,
}

impl State {
    /// Says the last of a stream when there is room.
    pub(crate) fn postpone(&mut self, stream: u32, failure: Option<Failure>) {
        self.postponed.push_back(Postponed { stream, failure });
    }

    /// Says what there is room for, in order.
    pub(crate) fn say_postponed(&mut self, share: usize) {
        while let Some(Postponed { stream, failure }) = self.postponed.front() {
            let core = &mut self.core;
            let said = self.output.write(share, |sink| {
                end_stream(core, *stream, failure.as_ref(), sink)
            });
            if said == Err(SendError::Full) {
                return;
            }
            // Any other error says that the stream has ended.
            self.postponed.pop_front();
        }
    }
}

/// Sends the last frame of a stream.
pub(crate) fn end_stream<S: FrameSink>(
    core: &mut rsocket_protocol::Connection,
    stream: u32,
    failure: Option<&Failure>,
    sink: &mut S,
) -> Result<(), SendError> {
    match failure {
        None => core.complete(stream, sink),
        Some(Failure { code, message }) => core.send_error(stream, *code, message.as_bytes(), sink),
    }
}
