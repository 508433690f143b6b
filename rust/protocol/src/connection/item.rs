//! Items and answers: what a stream carries after its request, in both directions.

use super::control::cut_message;
use super::payload::{COMPLETE, OutgoingPayload, Sends};
use super::sending::FirstFrame;
use super::streams::{Half, Side};
use super::{Connection, State};
use crate::error::SendError;
use crate::event::RequestKind;
use crate::frame::{ErrorCode, Flags, Frame, MetadataPush};
use crate::sink::{Body, FrameSink};

/// Longest metadata that can be pushed, in bytes: METADATA_PUSH has no fragments, and has to fit any sink.
pub(crate) const MAX_METADATA_PUSH: usize = 32 << 10;

impl Connection {
    /// Sends an item on a stream of either side, using one of the items that the peer has asked for. With `complete`
    /// it is the last one. The answer to a request-response is an item that is the last one, whatever `complete` says.
    ///
    /// # Errors
    /// [`SendError::NoCredit`] when the peer has not asked for it, [`SendError::NoSuchStream`] when the stream has
    /// ended, the peer wants no more or this side has completed it, and any other [`SendError`]; nothing was written.
    #[inline]
    pub fn send_item<S: FrameSink>(
        &mut self,
        stream: u32,
        body: &Body<'_>,
        complete: bool,
        sink: &mut S,
    ) -> Result<(), SendError> {
        self.check_body(body)?;
        let recorded = self.recorded(sink, |this, sink| {
            this.write_item(stream, body, complete, sink)
        });
        recorded.unwrap_or_else(|| self.write_item(stream, body, complete, sink))
    }

    #[inline]
    fn write_item<S: FrameSink>(
        &mut self,
        stream: u32,
        body: &Body<'_>,
        complete: bool,
        sink: &mut S,
    ) -> Result<(), SendError> {
        let kind = self.check_sendable(stream)?;
        let complete = complete || kind == RequestKind::RequestResponse;
        if self
            .streams
            .get(stream)
            .is_none_or(|open| open.send_credit == 0)
        {
            return Err(SendError::NoCredit);
        }
        let payload = OutgoingPayload {
            stream,
            first: FirstFrame::PAYLOAD,
            last_flags: Flags::COMPLETE.when(complete),
            body: *body,
            ends: complete,
        };
        let sends = self.send_payload(&payload, sink)?;
        if complete {
            self.note_end(stream, sends);
        } else if let Some(open) = self.streams.get_mut(stream) {
            open.send_credit -= 1;
        }
        Ok(())
    }

    /// Answers a request with one item that is the last, or by completing without any.
    ///
    /// # Errors
    /// As for [`send_item`](Self::send_item).
    #[inline]
    pub fn respond<S: FrameSink>(
        &mut self,
        stream: u32,
        body: Option<&Body<'_>>,
        sink: &mut S,
    ) -> Result<(), SendError> {
        match body {
            Some(body) => self.send_item(stream, body, true, sink),
            None => self.complete(stream, sink),
        }
    }

    /// Says that no item follows on a stream of either side. Completes a request-response without a payload.
    ///
    /// # Errors
    /// [`SendError`], as for [`send_item`](Self::send_item), but it needs no credit.
    pub fn complete<S: FrameSink>(&mut self, stream: u32, sink: &mut S) -> Result<(), SendError> {
        self.check_sendable(stream)?;
        let recorded = self.recorded(sink, |this, sink| {
            this.send_frame(stream, &COMPLETE, true, sink)
        });
        let sends = recorded.unwrap_or_else(|| self.send_frame(stream, &COMPLETE, true, sink))?;
        self.note_end(stream, sends);
        Ok(())
    }

    /// Ends a stream of either side with an error, both directions of it. What waits to be sent on it is dropped.
    /// Messages over 16 KiB are cut, and a code that is for the connection alone becomes APPLICATION_ERROR
    /// (specification, "Error Codes").
    ///
    /// # Errors
    /// [`SendError::NoSuchStream`] as for [`send_item`](Self::send_item), [`SendError::Full`] and
    /// [`SendError::Closed`]; nothing was written.
    pub fn send_error<S: FrameSink>(
        &mut self,
        stream: u32,
        code: ErrorCode,
        message: &[u8],
        sink: &mut S,
    ) -> Result<(), SendError> {
        self.check_sendable(stream)?;
        let code = if code.is_connection() {
            ErrorCode::APPLICATION_ERROR
        } else {
            code
        };
        let message = cut_message(message);
        let recorded = self.recorded(sink, |this, sink| {
            this.send_error_frame(stream, code, message, sink)
        });
        recorded.unwrap_or_else(|| self.send_error_frame(stream, code, message, sink))?;
        self.close_stream(stream);
        Ok(())
    }

    /// Tells the requester of a channel that this side wants no more of its items: sends CANCEL. This side's own items
    /// go on (specification, "Request Channel"). False when nothing comes on the stream any more.
    pub fn cancel_receiving(&mut self, stream: u32) -> bool {
        let Some(open) = self.streams.get_mut(stream) else {
            return false;
        };
        if !matches!(open.side, Side::Responder { .. }) || open.receiving != Half::Open {
            return false;
        }
        open.receiving = Half::Closed;
        self.control.push_cancel(stream);
        self.drop_reassembly(stream);
        self.close_if_over(stream);
        true
    }

    /// Pushes metadata for the whole connection (specification, "METADATA_PUSH Frame"). At most 32 KiB.
    ///
    /// # Errors
    /// [`SendError::Closed`], [`SendError::NotReady`], [`SendError::Full`], [`SendError::PayloadTooLarge`], and
    /// [`SendError::Suspended`] while a resumable connection has no transport.
    pub fn metadata_push<S: FrameSink>(
        &mut self,
        metadata: &[u8],
        sink: &mut S,
    ) -> Result<(), SendError> {
        match self.state {
            State::Open | State::Draining => {}
            State::AwaitSetup | State::Deciding | State::DecidingResume => {
                return Err(SendError::NotReady);
            }
            State::Closed => return Err(SendError::Closed),
        }
        if metadata.len() > MAX_METADATA_PUSH {
            return Err(SendError::PayloadTooLarge);
        }
        if self.is_suspended() {
            return Err(SendError::Suspended);
        }
        let frame = Frame::MetadataPush(MetadataPush { metadata });
        let recorded = self.recorded(sink, |this, sink| this.write_push(&frame, sink));
        recorded.unwrap_or_else(|| self.write_push(&frame, sink))
    }

    fn write_push<S: FrameSink>(
        &mut self,
        frame: &Frame<'_>,
        sink: &mut S,
    ) -> Result<(), SendError> {
        if !self.flush_first(sink) || !sink.begin(frame.encoded_len(), 0) {
            return Err(SendError::Full);
        }
        frame.encode(0, sink.buffer());
        sink.end();
        Ok(())
    }

    /// Whether this side may still send on a stream; tells what the stream is.
    #[inline]
    fn check_sendable(&self, stream: u32) -> Result<RequestKind, SendError> {
        if self.state == State::Closed {
            return Err(SendError::Closed);
        }
        match self.streams.get(stream) {
            // A request whose fragments are still arriving has not been handed out.
            Some(open) if open.sending == Half::Open && !open.is_arriving() => Ok(open.kind),
            _ => Err(SendError::NoSuchStream),
        }
    }

    /// This side's last frame on a stream has been written, or waits.
    #[inline]
    fn note_end(&mut self, stream: u32, sends: Sends) {
        match sends {
            Sends::Whole => self.end_sending(stream),
            Sends::Later => {
                if let Some(open) = self.streams.get_mut(stream) {
                    open.sending = Half::Ending;
                }
            }
        }
    }

    /// Nothing is sent on a stream any more.
    #[inline]
    pub(super) fn end_sending(&mut self, stream: u32) {
        if let Some(open) = self.streams.get_mut(stream) {
            open.sending = Half::Closed;
            self.close_if_over(stream);
        }
    }

    #[inline]
    pub(super) fn close_if_over(&mut self, stream: u32) {
        if self.streams.get(stream).is_some_and(|open| open.is_over()) {
            self.close_stream(stream);
        }
    }
}
