//! One connection's state.
//!
//! [`Connection`] is requester and responder at once, on either side. Its concerns live beside it:
//!
//! - `receive`: what a frame from the peer means in the current state
//! - `requester`, `responder`: the calls that send requests and answers
//! - `setup`: the exchange that opens the connection
//! - `keepalive`: who has to be heard by when
//! - `streams`: the table of open streams and their ids
//! - `reassembly`: payloads that arrive in fragments, within limits
//! - `sending`: payloads that leave in fragments
//! - `control`: small frames that wait for room and go ahead of payloads

mod control;
mod keepalive;
mod reassembly;
mod receive;
mod requester;
mod responder;
mod sending;
mod setup;
mod streams;
#[cfg(test)]
mod tests;

use crate::config::{Config, Role};
use crate::error::{CloseReason, Origin, SendError};
use crate::event::Event;
use crate::frame::{ErrorCode, ErrorFrame, Flags, Frame, FrameHeader, FrameType, MAX_FRAME_LEN};
use crate::sink::{Body, FrameSink};
use crate::time::Time;

use control::ControlQueue;
use keepalive::Keepalive;
use reassembly::ReassemblyBudget;
use sending::{Fragmented, Sending, Sent};
use streams::StreamTable;

/// How far the connection has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// A server that has not heard the client's SETUP.
    AwaitSetup,
    /// A server whose driver has to accept or reject the SETUP.
    Deciding,
    /// Requests may flow both ways.
    Open,
    /// No new requests; the connection ends with its last stream.
    Draining,
    /// Over.
    Closed,
}

/// How a payload is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sends {
    /// It has been written.
    Whole,
    /// Its fragments wait for room.
    InFragments,
}

/// One RSocket connection, as client or as server.
///
/// The driver hands in whole frames with [`receive`](Self::receive) and acts on the event, calls
/// [`handle_timeout`](Self::handle_timeout) at [`poll_timeout`](Self::poll_timeout), and lets the connection write
/// what waits with [`transmit`](Self::transmit) after either. Calls that send payloads write to the sink at once.
///
/// Memory is bounded by [`Limits`](crate::Limits), whatever the peer sends.
#[derive(Debug)]
pub struct Connection {
    role: Role,
    state: State,
    streams: StreamTable,
    reassembly: ReassemblyBudget,
    sending: Sending,
    max_payload_len: usize,
    control: ControlQueue,
    keepalive: Keepalive,
    /// A client has seen that the server accepted its SETUP.
    setup_confirmed: bool,
    /// Why the connection is over, or will be once it is drained.
    close_reason: Option<CloseReason>,
}

impl Connection {
    /// A connection whose transport has just been opened. A client's SETUP frame waits to be
    /// [transmitted](Self::transmit).
    #[must_use]
    pub fn new(config: &Config, now: Time) -> Self {
        let mut control = ControlQueue::new(config.limits.max_control_bytes);
        let (state, keepalive) = match config.role {
            Role::Client => {
                setup::queue_setup(&config.setup, &mut control);
                (State::Open, Keepalive::client(&config.setup, now))
            }
            Role::Server => {
                let deadline = now + config.limits.setup_timeout;
                (State::AwaitSetup, Keepalive::await_setup(deadline))
            }
        };
        Self {
            role: config.role,
            state,
            streams: StreamTable::new(config.role, &config.limits),
            reassembly: ReassemblyBudget::new(&config.limits),
            sending: Sending::default(),
            max_payload_len: config.limits.max_payload_len,
            control,
            keepalive,
            setup_confirmed: false,
            close_reason: None,
        }
    }

    /// Which side this is.
    #[must_use]
    pub fn role(&self) -> Role {
        self.role
    }

    /// Why the connection is over, once it is.
    #[must_use]
    pub fn close_reason(&self) -> Option<&CloseReason> {
        self.close_reason.as_ref().filter(|_| self.is_closed())
    }

    /// Whether the connection is over.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.state == State::Closed
    }

    /// Whether a server's driver has to accept or reject a SETUP before the next frame.
    #[must_use]
    pub fn awaits_decision(&self) -> bool {
        self.state == State::Deciding
    }

    /// Requests that this side has open.
    #[must_use]
    pub fn outbound_streams(&self) -> usize {
        self.streams.outbound()
    }

    /// Requests of the peer that are open.
    #[must_use]
    pub fn inbound_streams(&self) -> usize {
        self.streams.inbound()
    }

    /// When [`handle_timeout`](Self::handle_timeout) wants to be called, if at all.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Time> {
        match self.state {
            State::Closed => None,
            _ if self.is_drained() => Some(Time::ZERO),
            _ => self.keepalive.deadline(),
        }
    }

    /// Does what is due at `now`: sends a KEEPALIVE, ends a draining connection after its last stream, or ends one
    /// whose peer has been silent for too long (specification, "KEEPALIVE Frame"). Calling it early is harmless.
    ///
    /// Hand in what has been received before calling this, so that a driver that was held up does not blame the peer.
    pub fn handle_timeout(&mut self, now: Time) -> Option<Event<'static>> {
        if self.state == State::Closed {
            return None;
        }
        if self.is_drained() {
            self.state = State::Closed;
            return Some(Event::Closed);
        }
        if let Some(silence) = self.keepalive.expired(now) {
            return Some(self.abort(silence.code(), silence.message()));
        }
        if self.keepalive.take_due(now) {
            self.control.push_keepalive_request();
        }
        None
    }

    /// Whether [`transmit`](Self::transmit) has something to write.
    #[must_use]
    pub fn wants_transmit(&self) -> bool {
        !self.control.is_empty() || !self.sending.is_empty()
    }

    /// Writes what waits, as far as there is room: first the frames that go ahead of payloads, then fragments.
    pub fn transmit<S: FrameSink>(&mut self, sink: &mut S) {
        while self.transmit_one(sink) && !self.sending.is_empty() {}
    }

    /// Writes the frames that go ahead of payloads and at most one fragment, so that calls that send payloads can have
    /// their turn before the next one. False when there was no room.
    pub fn transmit_one<S: FrameSink>(&mut self, sink: &mut S) -> bool {
        if !self.control.flush(sink) {
            return false;
        }
        match self.sending.write_one(MAX_FRAME_LEN, sink) {
            Ok(Some(stream)) => {
                self.sent(stream);
                true
            }
            Ok(None) => true,
            Err(_) => false,
        }
    }

    /// The token of a payload in the driver's memory that is not needed any more although its last span was not
    /// written: its stream ended early. Ask until there is none, after every call.
    pub fn poll_released(&mut self) -> Option<u64> {
        self.sending.pop_released()
    }

    /// The last fragment of a payload has been written.
    fn sent(&mut self, stream: u32) {
        let answered = self.streams.get(stream).is_some_and(|open| open.answered);
        if answered {
            self.close_stream(stream);
        }
    }

    /// Ends the connection on the user's behalf: queues an ERROR on stream 0 with `code` and drops all streams.
    /// The driver flushes what is queued and closes the transport. Does nothing once the connection is over.
    pub fn close(&mut self, code: ErrorCode, message: &str) {
        if self.state == State::Closed {
            return;
        }
        self.control.push_error(0, code, message.as_bytes());
        self.finish(CloseReason {
            origin: Origin::User,
            code,
            message: message.to_owned().into(),
        });
    }

    /// Ends the connection because the layer below found bytes that are no frames, and tells the peer so.
    pub fn fail(&mut self, message: &str) -> Event<'static> {
        if self.state == State::Closed {
            return Event::Closed;
        }
        self.abort(ErrorCode::CONNECTION_ERROR, message)
    }

    /// Notes that the transport is gone: all streams end, nothing more can be sent.
    pub fn transport_closed(&mut self, message: &str) {
        self.control.clear();
        self.finish(CloseReason {
            origin: Origin::Transport,
            code: ErrorCode::CONNECTION_ERROR,
            message: message.to_owned().into(),
        });
    }

    /// Whether a connection that the peer is closing has lost its last stream.
    fn is_drained(&self) -> bool {
        self.state == State::Draining && self.is_idle()
    }

    /// Whether nothing is under way: no stream, and no fire-and-forget that is still being sent.
    fn is_idle(&self) -> bool {
        self.streams.is_empty() && self.sending.is_empty()
    }

    /// Ends the connection because of what the peer did, and tells the peer so.
    fn abort(&mut self, code: ErrorCode, message: impl Into<String>) -> Event<'static> {
        let message: String = message.into();
        self.control.push_error(0, code, message.as_bytes());
        self.finish(CloseReason::library(code, message))
    }

    /// Enters the final state; the first reason stays.
    fn finish(&mut self, reason: CloseReason) -> Event<'static> {
        self.state = State::Closed;
        self.streams.clear();
        self.sending.clear();
        self.close_reason.get_or_insert(reason);
        Event::Closed
    }

    /// Sends a payload: in one frame at once, behind whatever waits, or in fragments as there is room.
    fn send_payload<S: FrameSink>(
        &mut self,
        header: FrameHeader,
        last_flags: Flags,
        body: &Body<'_>,
        sink: &mut S,
    ) -> Result<Sends, SendError> {
        let len = FrameHeader::LEN + body.wire_len();
        if len > MAX_FRAME_LEN {
            return self.queue_fragments(header, last_flags, body);
        }
        if !self.control.flush(sink) {
            return Err(SendError::Full);
        }
        let external = body.external_len();
        if !sink.begin(len - external, external) {
            return Err(SendError::Full);
        }
        let flags = header.flags | last_flags;
        FrameHeader { flags, ..header }.encode(sink.buffer());
        body.write(sink);
        sink.end();
        Ok(Sends::Whole)
    }

    /// Queues a payload that stays with the driver while it is sent.
    fn queue_fragments(
        &mut self,
        header: FrameHeader,
        last_flags: Flags,
        body: &Body<'_>,
    ) -> Result<Sends, SendError> {
        let (Body::External(body), Ok(frame_type)) = (body, FrameType::try_from(header.frame_type))
        else {
            return Err(SendError::PayloadTooLarge);
        };
        if body.metadata_len.unwrap_or(0) + body.data_len > self.max_payload_len {
            return Err(SendError::PayloadTooLarge);
        }
        self.sending.push(Fragmented {
            stream: header.stream_id,
            frame_type,
            last_flags,
            body: *body,
            sent: Sent::default(),
        });
        Ok(Sends::InFragments)
    }

    /// Writes one ERROR frame for a stream, behind whatever waits.
    fn write_error<S: FrameSink>(
        &mut self,
        stream: u32,
        code: ErrorCode,
        message: &[u8],
        sink: &mut S,
    ) -> Result<(), SendError> {
        if !self.control.flush(sink) {
            return Err(SendError::Full);
        }
        let frame = Frame::Error(ErrorFrame {
            code,
            data: message,
        });
        if !sink.begin(frame.encoded_len(), 0) {
            return Err(SendError::Full);
        }
        frame.encode(stream, sink.buffer());
        sink.end();
        Ok(())
    }
}
