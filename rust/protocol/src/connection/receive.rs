//! What a frame from the peer means.
//!
//! The specification asks for leniency ("Handling the Unexpected"): frames that make no sense now, such as those for
//! ended streams, are ignored. Frames that cannot be understood end the connection, unless they carry the ignore flag.

use super::control::MAX_KEEPALIVE_DATA;
use super::receive_stream::Arriving;
use super::{Connection, State};
use crate::config::Role;
use crate::error::{CloseReason, Origin};
use crate::event::{Event, RequestKind};
use crate::frame::{
    DecodeError, ErrorCode, ErrorFrame, Flags, FrameHeader, FrameType, Keepalive, Lease,
    MetadataPush, RequestChannel, RequestFnf, RequestN, RequestResponse, RequestStream, Resume,
    Setup,
};
use crate::time::Time;

/// A frame without its header.
#[derive(Clone, Copy)]
pub(super) struct Incoming<'a> {
    pub(super) stream: u32,
    pub(super) flags: Flags,
    pub(super) body: &'a [u8],
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
        self.now = now;
        self.keepalive.heard(now);
        let (header, body) = match FrameHeader::decode(frame) {
            Ok(decoded) => decoded,
            Err(_) if self.state == State::AwaitSetup => return Some(self.refuse_first()),
            Err(error) => return Some(self.malformed(error)),
        };
        if self.is_suspended() {
            return self.receive_suspended(now, header, body);
        }
        self.note_received(header, frame.len());
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
        if matches!(
            self.state,
            State::AwaitSetup | State::Deciding | State::DecidingResume
        ) {
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
            (0, FrameType::Lease) => {
                let lease = Lease::decode(incoming.flags, incoming.body)?;
                Ok(self.receive_lease(now, lease))
            }
            (0, FrameType::MetadataPush) => {
                let frame = MetadataPush::decode(incoming.flags, incoming.body)?;
                Ok(Some(Event::MetadataPush(frame.metadata)))
            }
            (0, _) => Ok(None),
            (_, FrameType::Payload) => self.receive_payload(incoming),
            (_, FrameType::RequestResponse) => {
                let frame = RequestResponse::decode(incoming.flags, incoming.body)?;
                let arriving = Arriving {
                    stream: incoming.stream,
                    kind: RequestKind::RequestResponse,
                    initial_n: 1,
                    complete: true,
                };
                Ok(self.receive_request(arriving, frame.follows, frame.payload))
            }
            (_, FrameType::RequestFnf) => {
                let frame = RequestFnf::decode(incoming.flags, incoming.body)?;
                let arriving = Arriving {
                    stream: incoming.stream,
                    kind: RequestKind::FireAndForget,
                    initial_n: 0,
                    complete: true,
                };
                Ok(self.receive_request(arriving, frame.follows, frame.payload))
            }
            (_, FrameType::RequestStream) => {
                let frame = RequestStream::decode(incoming.flags, incoming.body)?;
                let arriving = Arriving {
                    stream: incoming.stream,
                    kind: RequestKind::RequestStream,
                    initial_n: frame.initial_n,
                    complete: true,
                };
                Ok(self.receive_request(arriving, frame.follows, frame.payload))
            }
            (_, FrameType::RequestChannel) => {
                let frame = RequestChannel::decode(incoming.flags, incoming.body)?;
                let arriving = Arriving {
                    stream: incoming.stream,
                    kind: RequestKind::RequestChannel,
                    initial_n: frame.initial_n,
                    complete: frame.complete,
                };
                Ok(self.receive_request(arriving, frame.follows, frame.payload))
            }
            (_, FrameType::RequestN) => {
                let frame = RequestN::decode(incoming.flags, incoming.body)?;
                Ok(self.receive_request_n(incoming.stream, frame.n))
            }
            (_, FrameType::Cancel) => Ok(self.receive_cancel(incoming.stream)),
            (_, FrameType::Error) => self.receive_error(incoming),
            _ => Ok(None),
        }
    }

    /// The first frame has to be SETUP or RESUME (specification, "Connection Establishment").
    fn receive_first<'a>(
        &mut self,
        now: Time,
        known: Option<FrameType>,
        incoming: Incoming<'a>,
    ) -> Result<Option<Event<'a>>, DecodeError> {
        if self.state != State::AwaitSetup {
            return Ok(Some(self.abort(
                ErrorCode::CONNECTION_ERROR,
                "a frame was handed in before the first one was decided on",
            )));
        }
        match (incoming.stream, known) {
            (0, Some(FrameType::Setup)) => match Setup::decode(incoming.flags, incoming.body) {
                Ok(setup) => Ok(Some(self.receive_setup(now, setup))),
                Err(_) => Ok(Some(
                    self.refuse(ErrorCode::INVALID_SETUP, "the SETUP frame is malformed"),
                )),
            },
            (0, Some(FrameType::Resume)) => match Resume::decode(incoming.flags, incoming.body) {
                Ok(resume) => Ok(Some(self.receive_resume(resume))),
                Err(_) => Ok(Some(
                    self.refuse(ErrorCode::REJECTED_RESUME, "the RESUME frame is malformed"),
                )),
            },
            _ => Ok(Some(self.refuse_first())),
        }
    }

    fn refuse_first(&mut self) -> Event<'static> {
        self.refuse(
            ErrorCode::INVALID_SETUP,
            "the first frame must be SETUP or RESUME",
        )
    }

    fn receive_keepalive<'a>(
        &mut self,
        incoming: Incoming<'a>,
    ) -> Result<Option<Event<'a>>, DecodeError> {
        let frame = Keepalive::decode(incoming.flags, incoming.body)?;
        if frame.data.len() > MAX_KEEPALIVE_DATA {
            return Ok(Some(self.abort(
                ErrorCode::CONNECTION_ERROR,
                "the data of a KEEPALIVE is too long",
            )));
        }
        self.note_acknowledged(frame.last_received_position);
        if frame.respond {
            self.streams.trim();
            let position = self.received_position();
            self.control.push_keepalive_reply(position, frame.data);
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
