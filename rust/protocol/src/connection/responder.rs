//! Answers to the peer's requests.

use super::control::MAX_ERROR_MESSAGE;
use super::requester::metadata_flag;
use super::streams::Side;
use super::{Connection, Sends, State};
use crate::error::SendError;
use crate::frame::{ErrorCode, Flags, FrameHeader, FrameType, PayloadRef};
use crate::sink::{Body, FrameSink};

impl Connection {
    /// Answers a request-response, with a payload or by completing without one. The stream ends,
    /// with the last fragment if the payload does not fit a frame.
    ///
    /// # Errors
    /// [`SendError::NoSuchStream`] when the peer has cancelled it or it is answered already, and any other
    /// [`SendError`] with nothing written. After [`SendError::PayloadTooLarge`] the stream still waits for its answer.
    #[inline]
    pub fn respond<S: FrameSink>(
        &mut self,
        stream: u32,
        body: Option<&Body<'_>>,
        sink: &mut S,
    ) -> Result<(), SendError> {
        self.check_answerable(stream)?;
        let empty = Body::Inline(PayloadRef::default());
        let (flags, body) = match body {
            Some(body) => (Flags::NEXT | metadata_flag(body), body),
            None => (Flags::EMPTY, &empty),
        };
        let header = FrameHeader {
            stream_id: stream,
            frame_type: FrameType::Payload as u8,
            flags,
        };
        match self.send_payload(header, Flags::COMPLETE, body, sink)? {
            Sends::Whole => {
                self.close_stream(stream);
            }
            Sends::InFragments => {
                if let Some(open) = self.streams.get_mut(stream) {
                    open.answered = true;
                }
            }
        }
        Ok(())
    }

    /// Fails a request of the peer with ERROR. The stream ends. Messages over 16 KiB are cut.
    ///
    /// # Errors
    /// [`SendError::NoSuchStream`] as for [`respond`](Self::respond), [`SendError::Full`] and [`SendError::Closed`].
    pub fn respond_error<S: FrameSink>(
        &mut self,
        stream: u32,
        code: ErrorCode,
        message: &[u8],
        sink: &mut S,
    ) -> Result<(), SendError> {
        self.check_answerable(stream)?;
        let message = &message[..message.len().min(MAX_ERROR_MESSAGE)];
        self.write_error(stream, code, message, sink)?;
        self.close_stream(stream);
        Ok(())
    }

    #[inline]
    fn check_answerable(&self, stream: u32) -> Result<(), SendError> {
        if self.state == State::Closed {
            return Err(SendError::Closed);
        }
        match self.streams.get(stream) {
            // A request whose fragments are still arriving has not been handed out.
            Some(open)
                if open.reassembly.is_none()
                    && !open.answered
                    && matches!(open.side, Side::Responder { .. }) =>
            {
                Ok(())
            }
            _ => Err(SendError::NoSuchStream),
        }
    }
}
