//! Requests of this side.

use super::streams::Side;
use super::{Connection, State};
use crate::error::SendError;
use crate::frame::{Flags, FrameHeader, FrameType};
use crate::sink::{Body, FrameSink};

impl Connection {
    /// Sends a REQUEST_RESPONSE and returns its stream. It ends with exactly one
    /// [`Event::Response`](crate::Event::Response) or [`Event::Failed`](crate::Event::Failed) that carries `user`,
    /// unless it is [cancelled](Self::cancel) or the connection ends first.
    ///
    /// # Errors
    /// Any [`SendError`] but [`SendError::NoSuchStream`]; nothing was written.
    #[inline]
    pub fn request_response<S: FrameSink>(
        &mut self,
        user: u64,
        body: &Body<'_>,
        sink: &mut S,
    ) -> Result<u32, SendError> {
        if self.streams.outbound_full() {
            return Err(SendError::TooManyStreams);
        }
        let stream = self.write_request(FrameType::RequestResponse, body, sink)?;
        self.streams.open_outbound(stream, user);
        Ok(stream)
    }

    /// Sends a REQUEST_FNF. Nothing comes back, so nothing is kept.
    ///
    /// # Errors
    /// Any [`SendError`] but [`SendError::NoSuchStream`] and [`SendError::TooManyStreams`]; nothing was written.
    #[inline]
    pub fn fire_and_forget<S: FrameSink>(
        &mut self,
        body: &Body<'_>,
        sink: &mut S,
    ) -> Result<(), SendError> {
        let stream = self.write_request(FrameType::RequestFnf, body, sink)?;
        self.streams.skip(stream);
        Ok(())
    }

    /// Withdraws the request that the driver named `user` and that got this stream: sends CANCEL, and no event will
    /// name it. False when it has ended already.
    pub fn cancel(&mut self, stream: u32, user: u64) -> bool {
        let open = self.streams.get(stream).map(|open| open.side);
        if open != Some(Side::Requester { user }) {
            return false;
        }
        self.close_stream(stream);
        self.control.push_cancel(stream);
        true
    }

    /// An id that neither an open stream has nor a fire-and-forget that is still being sent.
    #[inline]
    fn free_id(&mut self) -> u32 {
        loop {
            let id = self.streams.peek_id();
            if self.sending.is_empty() || !self.sending.contains(id) {
                return id;
            }
            self.streams.skip(id);
        }
    }

    fn write_request<S: FrameSink>(
        &mut self,
        frame_type: FrameType,
        body: &Body<'_>,
        sink: &mut S,
    ) -> Result<u32, SendError> {
        match self.state {
            State::Open => {}
            State::AwaitSetup | State::Deciding => return Err(SendError::NotReady),
            State::Draining => return Err(SendError::Draining),
            State::Closed => return Err(SendError::Closed),
        }
        let stream = self.free_id();
        let header = FrameHeader {
            stream_id: stream,
            frame_type: frame_type as u8,
            flags: metadata_flag(body),
        };
        self.send_payload(header, Flags::EMPTY, body, sink)?;
        Ok(stream)
    }
}

/// The METADATA flag where the payload has any.
#[inline]
pub(super) fn metadata_flag(body: &Body<'_>) -> Flags {
    if body.has_metadata() {
        Flags::METADATA
    } else {
        Flags::EMPTY
    }
}
