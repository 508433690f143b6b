//! Requests of this side.

use super::payload::OutgoingPayload;
use super::sending::FirstFrame;
use super::streams::{Half, Outbound, Side};
use super::{Connection, State};
use crate::error::SendError;
use crate::event::RequestKind;
use crate::frame::{Flags, FrameType};
use crate::sink::{Body, FrameSink};

/// Most items that one frame can ask for: 31 bits.
const MAX_REQUEST_N: u32 = 0x7FFF_FFFF;

impl Connection {
    /// Sends a REQUEST_RESPONSE and returns its stream. It ends with exactly one [`Event::Item`](crate::Event::Item) or
    /// [`Event::Failed`](crate::Event::Failed) that carries `user`, unless it is [cancelled](Self::cancel) or the
    /// connection ends first.
    ///
    /// # Errors
    /// [`SendError`]; nothing was written.
    #[inline]
    pub fn request_response<S: FrameSink>(
        &mut self,
        user: u64,
        body: &Body<'_>,
        sink: &mut S,
    ) -> Result<u32, SendError> {
        let outbound = Outbound {
            kind: RequestKind::RequestResponse,
            user,
            initial_n: 1,
        };
        self.request(outbound, Flags::EMPTY, body, sink)
    }

    /// Sends a REQUEST_FNF. Nothing comes back, so nothing is kept.
    ///
    /// # Errors
    /// [`SendError`]; nothing was written.
    #[inline]
    pub fn fire_and_forget<S: FrameSink>(
        &mut self,
        body: &Body<'_>,
        sink: &mut S,
    ) -> Result<(), SendError> {
        let first = FirstFrame {
            frame_type: FrameType::RequestFnf,
            initial_n: None,
        };
        self.check_body(body)?;
        let recorded = self.recorded(sink, |this, sink| {
            this.write_request(first, Flags::EMPTY, body, sink)
        });
        let stream =
            recorded.unwrap_or_else(|| self.write_request(first, Flags::EMPTY, body, sink))?;
        self.streams.skip(stream);
        Ok(())
    }

    /// Sends a REQUEST_STREAM that takes `initial_n` items to begin with, and returns its stream. Each item is an
    /// [`Event::Item`](crate::Event::Item); [`request_n`](Self::request_n) asks for more.
    ///
    /// # Errors
    /// [`SendError`]; nothing was written.
    ///
    /// # Panics
    /// Never; an `initial_n` outside 1 to 2^31 - 1 is clamped.
    pub fn request_stream<S: FrameSink>(
        &mut self,
        user: u64,
        initial_n: u32,
        body: &Body<'_>,
        sink: &mut S,
    ) -> Result<u32, SendError> {
        let outbound = Outbound {
            kind: RequestKind::RequestStream,
            user,
            initial_n: initial_n.clamp(1, MAX_REQUEST_N),
        };
        self.request(outbound, Flags::EMPTY, body, sink)
    }

    /// Sends a REQUEST_CHANNEL that takes `initial_n` items to begin with, and returns its stream. `body` is this
    /// side's first item; more follow by [`send_item`](Self::send_item) as the peer asks for them, unless `complete`
    /// says that it is the only one.
    ///
    /// # Errors
    /// [`SendError`]; nothing was written.
    pub fn request_channel<S: FrameSink>(
        &mut self,
        user: u64,
        initial_n: u32,
        body: &Body<'_>,
        complete: bool,
        sink: &mut S,
    ) -> Result<u32, SendError> {
        let outbound = Outbound {
            kind: RequestKind::RequestChannel,
            user,
            initial_n: initial_n.clamp(1, MAX_REQUEST_N),
        };
        let flags = Flags::COMPLETE.when(complete);
        let stream = self.request(outbound, flags, body, sink)?;
        if !complete && let Some(open) = self.streams.get_mut(stream) {
            open.sending = Half::Open;
        }
        Ok(stream)
    }

    /// Withdraws the request that the driver named `user` and that got this stream: sends CANCEL, and no event will
    /// name it. False when it has ended already.
    pub fn cancel(&mut self, stream: u32, user: u64) -> bool {
        if !self.is_open(stream, user) {
            return false;
        }
        self.close_stream(stream);
        self.control.push_cancel(stream);
        true
    }

    /// Whether the request that the driver named `user` has this stream and has not ended.
    #[must_use]
    pub fn is_open(&self, stream: u32, user: u64) -> bool {
        let open = self.streams.get(stream).map(|open| open.side);
        open == Some(Side::Requester { user })
    }

    /// Asks the peer for `n` items more on a stream that it sends items on, be it a request of this side or the
    /// peer's channel. At most 2^31 - 1 at once; 0 does nothing. False when nothing comes on it any more.
    pub fn request_n(&mut self, stream: u32, n: u32) -> bool {
        let Some(open) = self.streams.get_mut(stream) else {
            return false;
        };
        if open.receiving != Half::Open || open.kind == RequestKind::RequestResponse {
            return false;
        }
        let n = n.min(MAX_REQUEST_N);
        if n == 0 {
            return true;
        }
        open.receive_credit = open.receive_credit.saturating_add(n.into());
        self.add_grant(stream, n);
        true
    }

    #[inline]
    fn request<S: FrameSink>(
        &mut self,
        outbound: Outbound,
        last_flags: Flags,
        body: &Body<'_>,
        sink: &mut S,
    ) -> Result<u32, SendError> {
        self.check_body(body)?;
        let recorded = self.recorded(sink, |this, sink| {
            this.open_request(outbound, last_flags, body, sink)
        });
        recorded.unwrap_or_else(|| self.open_request(outbound, last_flags, body, sink))
    }

    #[inline]
    fn open_request<S: FrameSink>(
        &mut self,
        outbound: Outbound,
        last_flags: Flags,
        body: &Body<'_>,
        sink: &mut S,
    ) -> Result<u32, SendError> {
        if self.streams.outbound_full() {
            return Err(SendError::TooManyStreams);
        }
        let (frame_type, initial_n) = match outbound.kind {
            RequestKind::RequestResponse => (FrameType::RequestResponse, None),
            RequestKind::FireAndForget => (FrameType::RequestFnf, None),
            RequestKind::RequestStream => (FrameType::RequestStream, Some(outbound.initial_n)),
            RequestKind::RequestChannel => (FrameType::RequestChannel, Some(outbound.initial_n)),
        };
        let first = FirstFrame {
            frame_type,
            initial_n,
        };
        let stream = self.write_request(first, last_flags, body, sink)?;
        self.streams.open_outbound(stream, outbound);
        Ok(stream)
    }

    /// An id that neither an open stream has nor a fire-and-forget that is still being sent.
    #[inline]
    fn free_id(&mut self) -> u32 {
        loop {
            let id = self.streams.peek_id();
            if !self.sending.contains(id) {
                return id;
            }
            self.streams.skip(id);
        }
    }

    fn write_request<S: FrameSink>(
        &mut self,
        first: FirstFrame,
        last_flags: Flags,
        body: &Body<'_>,
        sink: &mut S,
    ) -> Result<u32, SendError> {
        match self.state {
            State::Open => {}
            State::AwaitSetup | State::Deciding | State::DecidingResume => {
                return Err(SendError::NotReady);
            }
            State::Draining => return Err(SendError::Draining),
            State::Closed => return Err(SendError::Closed),
        }
        self.leases.check_outbound(self.now)?;
        let stream = self.free_id();
        let payload = OutgoingPayload {
            stream,
            first,
            last_flags,
            body: *body,
            ends: false,
        };
        self.send_payload(&payload, sink)?;
        self.leases.use_outbound();
        Ok(stream)
    }
}
