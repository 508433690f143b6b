//! What a frame from the peer means.
//!
//! The specification asks for leniency ("Handling the Unexpected"): frames that make no sense now, such as those for
//! ended streams, are ignored. Frames that cannot be understood end the connection, unless they carry the ignore flag.

use std::borrow::Cow;

use super::reassembly::TooLong;
use super::streams::Side;
use super::{Connection, State};
use crate::config::Role;
use crate::error::{CloseReason, Origin};
use crate::event::{Event, InboundPayload, RequestKind};
use crate::frame::{
    DecodeError, ErrorCode, ErrorFrame, Flags, FrameHeader, FrameType, Keepalive, PayloadFrame,
    PayloadRef, RequestChannel, RequestFnf, RequestResponse, RequestStream, Setup,
};
use crate::time::Time;

/// A frame without its header.
#[derive(Clone, Copy)]
struct Incoming<'a> {
    stream: u32,
    flags: Flags,
    body: &'a [u8],
}

impl Connection {
    /// Takes one whole frame, without the transport's delimiter.
    ///
    /// After [`Event::Closed`] frames are ignored. The event borrows from `frame`; payloads that were put together
    /// from several frames are owned.
    pub fn receive<'a>(&mut self, now: Time, frame: &'a [u8]) -> Option<Event<'a>> {
        if self.state == State::Closed {
            return None;
        }
        self.keepalive.heard(now);
        let (header, body) = match FrameHeader::decode(frame) {
            Ok(decoded) => decoded,
            Err(_) if self.state == State::AwaitSetup => return Some(self.refuse_first()),
            Err(error) => return Some(self.malformed(error)),
        };
        let incoming = Incoming {
            stream: header.stream_id,
            flags: header.flags,
            body,
        };
        let event = self
            .dispatch(now, header.frame_type, incoming)
            .unwrap_or_else(|error| self.undecodable(header.flags, error));
        if self.control.overflowed() && self.state != State::Closed {
            return Some(self.abort(
                ErrorCode::CONNECTION_ERROR,
                "the peer does not read its answers",
            ));
        }
        event
    }

    fn dispatch<'a>(
        &mut self,
        now: Time,
        frame_type: u8,
        incoming: Incoming<'a>,
    ) -> Result<Option<Event<'a>>, DecodeError> {
        let known = FrameType::try_from(frame_type);
        if matches!(self.state, State::AwaitSetup | State::Deciding) {
            return self.receive_first(now, known.ok(), incoming);
        }
        let Ok(known) = known else {
            return Ok(self.not_understood(frame_type, incoming.flags));
        };
        // A server sends neither before it has accepted the SETUP.
        self.setup_confirmed |= incoming.stream != 0 || known == FrameType::Lease;
        match (incoming.stream, known) {
            (0, FrameType::Keepalive) => self.receive_keepalive(incoming),
            (0, FrameType::Error) => self.receive_connection_error(incoming),
            (0, FrameType::Resume) if self.role == Role::Server => Ok(Some(
                self.abort(ErrorCode::CONNECTION_ERROR, "RESUME after SETUP"),
            )),
            (_, FrameType::Ext) => Ok(self.not_understood(frame_type, incoming.flags)),
            (0, _) => Ok(None),
            (_, FrameType::Payload) => self.receive_payload(incoming),
            (_, FrameType::RequestResponse) => {
                let frame = RequestResponse::decode(incoming.flags, incoming.body)?;
                let kind = RequestKind::RequestResponse;
                Ok(self.receive_request(incoming.stream, kind, frame.follows, frame.payload))
            }
            (_, FrameType::RequestFnf) => {
                let frame = RequestFnf::decode(incoming.flags, incoming.body)?;
                let kind = RequestKind::FireAndForget;
                Ok(self.receive_request(incoming.stream, kind, frame.follows, frame.payload))
            }
            (_, FrameType::RequestStream) => {
                RequestStream::decode(incoming.flags, incoming.body)?;
                self.reject_unsupported(incoming.stream);
                Ok(None)
            }
            (_, FrameType::RequestChannel) => {
                RequestChannel::decode(incoming.flags, incoming.body)?;
                self.reject_unsupported(incoming.stream);
                Ok(None)
            }
            (_, FrameType::Cancel) => Ok(self.receive_cancel(incoming.stream)),
            (_, FrameType::Error) => self.receive_error(incoming),
            _ => Ok(None),
        }
    }

    /// The first frame has to be SETUP; RESUME is turned away (specification, "Connection Establishment").
    fn receive_first<'a>(
        &mut self,
        now: Time,
        known: Option<FrameType>,
        incoming: Incoming<'a>,
    ) -> Result<Option<Event<'a>>, DecodeError> {
        if self.state == State::Deciding {
            return Ok(Some(self.abort(
                ErrorCode::CONNECTION_ERROR,
                "a frame was handed in before the SETUP was decided on",
            )));
        }
        match (incoming.stream, known) {
            (0, Some(FrameType::Setup)) => match Setup::decode(incoming.flags, incoming.body) {
                Ok(setup) => Ok(Some(self.receive_setup(now, setup))),
                Err(_) => Ok(Some(
                    self.refuse(ErrorCode::INVALID_SETUP, "the SETUP frame is malformed"),
                )),
            },
            (0, Some(FrameType::Resume)) => Ok(Some(
                self.refuse(ErrorCode::REJECTED_RESUME, "resume is not supported"),
            )),
            _ => Ok(Some(self.refuse_first())),
        }
    }

    fn refuse_first(&mut self) -> Event<'static> {
        self.refuse(ErrorCode::INVALID_SETUP, "the first frame must be SETUP")
    }

    fn receive_keepalive<'a>(
        &mut self,
        incoming: Incoming<'a>,
    ) -> Result<Option<Event<'a>>, DecodeError> {
        let frame = Keepalive::decode(incoming.flags, incoming.body)?;
        if frame.respond {
            self.control.push_keepalive_reply(frame.data);
        }
        Ok(None)
    }

    /// ERROR on stream 0: the peer ends the connection, at once or after the streams under way.
    fn receive_connection_error<'a>(
        &mut self,
        incoming: Incoming<'a>,
    ) -> Result<Option<Event<'a>>, DecodeError> {
        let frame = ErrorFrame::decode(incoming.flags, incoming.body)?;
        if is_setup_error(frame.code) && (self.role == Role::Server || self.setup_confirmed) {
            return Ok(None);
        }
        let reason = CloseReason {
            origin: Origin::Remote,
            code: frame.code,
            message: String::from_utf8_lossy(frame.data).into_owned().into(),
        };
        if frame.code == ErrorCode::CONNECTION_CLOSE && !self.is_idle() {
            if self.state == State::Draining {
                return Ok(None);
            }
            self.state = State::Draining;
            self.close_reason = Some(reason);
            return Ok(Some(Event::Draining));
        }
        self.control.clear();
        Ok(Some(self.finish(reason)))
    }

    fn receive_request<'a>(
        &mut self,
        stream: u32,
        kind: RequestKind,
        follows: bool,
        payload: PayloadRef<'a>,
    ) -> Option<Event<'a>> {
        if self.streams.contains(stream) {
            return None;
        }
        if let Some(objection) = self.objection(stream) {
            if kind == RequestKind::RequestResponse {
                self.reject(stream, objection);
            }
            return None;
        }
        if follows {
            self.streams.open_inbound(stream, kind).1.reassembly = Some(Box::default());
            return self.receive_fragment(stream, payload);
        }
        let slot = match kind {
            RequestKind::RequestResponse => self.streams.open_inbound(stream, kind).0,
            RequestKind::FireAndForget => 0,
        };
        Some(Event::Request {
            stream,
            slot,
            kind,
            payload: InboundPayload::Borrowed(payload),
        })
    }

    /// Why a request on this stream is turned away, if it is.
    fn objection(&self, stream: u32) -> Option<&'static str> {
        if self.state == State::Draining {
            return Some("the connection is closing");
        }
        if !self.streams.is_peers(stream) {
            return Some("the stream id belongs to the other side");
        }
        if self.streams.inbound_full() {
            return Some("too many requests are open");
        }
        None
    }

    fn receive_payload<'a>(
        &mut self,
        incoming: Incoming<'a>,
    ) -> Result<Option<Event<'a>>, DecodeError> {
        let frame = PayloadFrame::decode(incoming.flags, incoming.body)?;
        let Some(stream) = self.streams.get_mut(incoming.stream) else {
            return Ok(None);
        };
        let fragmented = stream.reassembly.is_some();
        if matches!(stream.side, Side::Responder { .. }) && !fragmented {
            return Ok(None);
        }
        // FOLLOWS wins over COMPLETE: some peers put COMPLETE on the first fragment.
        if frame.follows {
            stream.reassembly.get_or_insert_default();
            return Ok(self.receive_fragment(incoming.stream, frame.payload));
        }
        if fragmented {
            return Ok(self.receive_last_fragment(incoming.stream, frame.payload));
        }
        // Some peers leave NEXT off, so bytes count as a payload too.
        let present = frame.next || !frame.payload.is_empty();
        let payload = present.then_some(InboundPayload::Borrowed(frame.payload));
        Ok(self.finish_response(incoming.stream, payload))
    }

    /// A fragment that more will follow.
    fn receive_fragment(&mut self, id: u32, fragment: PayloadRef<'_>) -> Option<Event<'static>> {
        let reassembly = self.streams.get_mut(id)?.reassembly.as_mut()?;
        match self.reassembly.append(reassembly, fragment) {
            Ok(()) => None,
            Err(TooLong) => self.give_up_reassembly(id),
        }
    }

    fn receive_last_fragment(
        &mut self,
        id: u32,
        fragment: PayloadRef<'_>,
    ) -> Option<Event<'static>> {
        let stream = self.streams.get_mut(id)?;
        let reassembly = stream.reassembly.as_mut()?;
        if self.reassembly.append(reassembly, fragment).is_err() {
            return self.give_up_reassembly(id);
        }
        let whole = stream.reassembly.take()?;
        let payload = InboundPayload::Owned(self.reassembly.release(*whole));
        let (slot, kind) = match stream.side {
            Side::Requester { .. } => return self.finish_response(id, Some(payload)),
            Side::Responder { slot, kind } => (slot, kind),
        };
        if kind == RequestKind::FireAndForget {
            self.streams.close(id);
        }
        Some(Event::Request {
            stream: id,
            slot: if kind == RequestKind::FireAndForget {
                0
            } else {
                slot
            },
            kind,
            payload,
        })
    }

    /// A payload passed the limits: its request fails, the connection goes on.
    fn give_up_reassembly(&mut self, id: u32) -> Option<Event<'static>> {
        const MESSAGE: &str = "the fragmented payload is too long";
        match self.close_stream(id)? {
            Side::Requester { user } => {
                self.control.push_cancel(id);
                Some(Event::Failed {
                    user,
                    code: ErrorCode::INVALID,
                    message: Cow::Borrowed(MESSAGE.as_bytes()),
                })
            }
            Side::Responder {
                kind: RequestKind::RequestResponse,
                ..
            } => {
                self.reject(id, MESSAGE);
                None
            }
            Side::Responder {
                kind: RequestKind::FireAndForget,
                ..
            } => None,
        }
    }

    fn finish_response<'a>(
        &mut self,
        id: u32,
        payload: Option<InboundPayload<'a>>,
    ) -> Option<Event<'a>> {
        match self.close_stream(id)? {
            Side::Requester { user } => Some(Event::Response { user, payload }),
            Side::Responder { .. } => None,
        }
    }

    fn receive_error<'a>(
        &mut self,
        incoming: Incoming<'a>,
    ) -> Result<Option<Event<'a>>, DecodeError> {
        let frame = ErrorFrame::decode(incoming.flags, incoming.body)?;
        let Some(open) = self.streams.get(incoming.stream) else {
            return Ok(None);
        };
        let Side::Requester { user } = open.side else {
            return Ok(self.receive_cancel(incoming.stream));
        };
        self.close_stream(incoming.stream);
        Ok(Some(Event::Failed {
            user,
            code: frame.code,
            message: Cow::Borrowed(frame.data),
        }))
    }

    fn receive_cancel(&mut self, stream: u32) -> Option<Event<'static>> {
        let open = self.streams.get(stream)?;
        // A CANCEL for a stream of ours makes no sense for the interactions there are.
        let Side::Responder { slot, .. } = open.side else {
            return None;
        };
        // A request whose fragments are still arriving has not been handed out, and one whose answer is leaving in
        // fragments is done with.
        let awaited = open.reassembly.is_none() && !open.answered;
        self.close_stream(stream);
        awaited.then_some(Event::Cancelled { stream, slot })
    }

    /// Ends a stream, gives back what its fragments held and stops sending others.
    pub(super) fn close_stream(&mut self, id: u32) -> Option<Side> {
        let stream = self.streams.close(id)?;
        if !self.sending.is_empty() {
            self.sending.abandon(id);
        }
        if let Some(reassembly) = stream.reassembly {
            self.reassembly.release(*reassembly);
        }
        Some(stream.side)
    }

    fn reject_unsupported(&mut self, stream: u32) {
        if !self.streams.contains(stream) {
            self.reject(stream, "this interaction is not supported");
        }
    }

    fn reject(&mut self, stream: u32, message: &str) {
        self.control
            .push_error(stream, ErrorCode::REJECTED, message.as_bytes());
    }

    /// A frame that cannot be parsed: ignored where it may be, else the end.
    fn undecodable(&mut self, flags: Flags, error: DecodeError) -> Option<Event<'static>> {
        if flags.contains(Flags::IGNORE) {
            return None;
        }
        Some(self.malformed(error))
    }

    fn malformed(&mut self, error: DecodeError) -> Event<'static> {
        self.abort(ErrorCode::CONNECTION_ERROR, error.to_string())
    }

    fn not_understood(&mut self, frame_type: u8, flags: Flags) -> Option<Event<'static>> {
        if flags.contains(Flags::IGNORE) {
            return None;
        }
        let message = format!("frame type 0x{frame_type:02x} is not understood");
        Some(self.abort(ErrorCode::CONNECTION_ERROR, message))
    }
}

fn is_setup_error(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::INVALID_SETUP
            | ErrorCode::UNSUPPORTED_SETUP
            | ErrorCode::REJECTED_SETUP
            | ErrorCode::REJECTED_RESUME
    )
}
