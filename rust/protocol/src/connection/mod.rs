//! One connection's state.
//!
//! [`Connection`] is requester and responder at once, on either side. Its concerns live beside it:
//!
//! - `receive`, `receive_stream`: what a frame from the peer means in the current state
//! - `requester`, `item`: the calls that send requests, and items and answers in both directions
//! - `payload`: a payload becomes one frame or several
//! - `setup`: the exchange that opens the connection
//! - `lease`: how many requests each side may make
//! - `resume`, `recorder`: the connection outlives its transport
//! - `keepalive`: who has to be heard by when
//! - `streams`: the table of open streams and their ids
//! - `grants`: what this side asks the peer for
//! - `reassembly`: payloads that arrive in fragments, within limits
//! - `sending`: payloads that leave in fragments
//! - `control`: small frames that wait for room and go ahead of payloads

mod control;
mod grants;
mod item;
mod keepalive;
mod lease;
mod payload;
mod reassembly;
mod receive;
mod receive_stream;
mod recorder;
mod requester;
mod resume;
mod sending;
mod setup;
mod streams;
#[cfg(test)]
mod tests;

use crate::config::{Config, Limits, MIN_FRAGMENT_LEN, ResumeConfig, Role};
use crate::error::{CloseReason, Origin};
use crate::event::Event;
use crate::frame::{ErrorCode, MAX_FRAME_LEN};
use crate::sink::FrameSink;
use crate::time::Time;

use control::ControlQueue;
use grants::Grants;
use keepalive::Keepalive;
use lease::Leases;
use reassembly::ReassemblyBudget;
use resume::Session;
use sending::{Ended, Sending};
use streams::StreamTable;

/// How far the connection has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// A server that has not heard the client's SETUP.
    AwaitSetup,
    /// A server whose driver has to accept or reject the SETUP.
    Deciding,
    /// A server whose driver has to find the session of a RESUME, or reject it.
    DecidingResume,
    /// Requests may flow both ways.
    Open,
    /// No new requests; the connection ends with its last stream.
    Draining,
    /// Over.
    Closed,
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
    grants: Grants,
    fragment_len: usize,
    limits: Limits,
    control: ControlQueue,
    keepalive: Keepalive,
    leases: Leases,
    /// This side takes part in leases if the other does.
    lease: bool,
    /// This side agrees to be resumed.
    resume: Option<ResumeConfig>,
    /// What is kept for that, once both sides have agreed on it.
    session: Option<Box<Session>>,
    /// The latest time that the driver told.
    now: Time,
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
                setup::queue_setup(config, &mut control);
                (State::Open, Keepalive::client(&config.setup, now))
            }
            Role::Server => {
                let deadline = now + config.limits.setup_timeout;
                (State::AwaitSetup, Keepalive::await_setup(deadline))
            }
        };
        let session = config
            .resume
            .as_ref()
            .filter(|_| config.role == Role::Client);
        Self {
            role: config.role,
            state,
            streams: StreamTable::new(config.role, &config.limits),
            reassembly: ReassemblyBudget::new(&config.limits),
            sending: Sending::default(),
            grants: Grants::default(),
            fragment_len: config.fragment_len.clamp(MIN_FRAGMENT_LEN, MAX_FRAME_LEN),
            limits: config.limits,
            control,
            keepalive,
            leases: Leases::new(config.role == Role::Client && config.lease),
            lease: config.lease,
            resume: config.resume.clone(),
            session: session.map(|resume| Session::new(resume, &resume.token)),
            now,
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

    /// Whether a server's driver has to decide on a SETUP or RESUME before the next frame.
    #[must_use]
    pub fn awaits_decision(&self) -> bool {
        matches!(self.state, State::Deciding | State::DecidingResume)
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
            _ if self.is_suspended() => self.suspended_deadline(),
            _ => self.keepalive.deadline(),
        }
    }

    /// Does what is due at `now`: sends a KEEPALIVE, ends a draining connection after its last stream, or ends one
    /// whose peer has been silent for too long (specification, "KEEPALIVE Frame"). Calling it early is harmless.
    ///
    /// Hand in what has been received before calling this, so that a driver that was held up does not blame the peer.
    pub fn handle_timeout(&mut self, now: Time) -> Option<Event<'static>> {
        self.now = now;
        if self.state == State::Closed {
            return None;
        }
        if self.is_drained() {
            self.state = State::Closed;
            return Some(Event::Closed);
        }
        if self.is_suspended() {
            return self.handle_suspended(now);
        }
        if let Some(silence) = self.keepalive.expired(now) {
            let suspended = self.suspend_silent(now);
            return suspended.or_else(|| Some(self.abort(silence.code(), silence.message())));
        }
        if self.keepalive.take_due(now) {
            self.streams.trim();
            let position = self.received_position();
            self.control.push_keepalive_request(position);
        }
        None
    }

    /// Whether [`transmit`](Self::transmit) has something to write.
    #[must_use]
    pub fn wants_transmit(&self) -> bool {
        let frames_wait =
            !self.control.is_empty() || !self.grants.is_empty() || !self.sending.is_empty();
        self.session_wants_transmit(frames_wait)
    }

    /// Writes what waits, as far as there is room: first the frames that go ahead of payloads, then fragments.
    pub fn transmit<S: FrameSink>(&mut self, sink: &mut S) {
        self.transmit_all(sink);
        if self.ask_for_position() {
            self.transmit_all(sink);
        }
    }

    fn transmit_all<S: FrameSink>(&mut self, sink: &mut S) {
        if !self.flush_session(sink) {
            return;
        }
        let recorded = self.recorded(sink, |this, sink| this.transmit_frames(sink));
        recorded.unwrap_or_else(|| self.transmit_frames(sink));
    }

    fn transmit_frames<S: FrameSink>(&mut self, sink: &mut S) {
        while self.transmit_frame(sink) {
            if self.sending.is_empty() {
                // What waited for a request to be written can go now.
                self.flush_first(sink);
                return;
            }
        }
    }

    /// Writes the frames that go ahead of payloads and at most one fragment, so that calls that send payloads can have
    /// their turn before the next one. False when there was no room.
    pub fn transmit_one<S: FrameSink>(&mut self, sink: &mut S) -> bool {
        self.ask_for_position();
        if !self.flush_session(sink) {
            return false;
        }
        let recorded = self.recorded(sink, |this, sink| this.transmit_frame(sink));
        recorded.unwrap_or_else(|| self.transmit_frame(sink))
    }

    fn transmit_frame<S: FrameSink>(&mut self, sink: &mut S) -> bool {
        if !self.flush_first(sink) {
            return false;
        }
        match self.sending.write_one(self.fragment_len, sink) {
            Ok(Some(Ended(stream))) => {
                self.end_sending(stream);
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

    /// Ends the connection on the user's behalf: queues an ERROR on stream 0 with `code` and drops all streams.
    /// The driver flushes what is queued and closes the transport. Does nothing once the connection is over.
    ///
    /// CONNECTION_CLOSE promises that streams are waited for, so that it becomes CONNECTION_ERROR where some are open;
    /// and so does a code that is for streams alone (specification, "Error Codes").
    pub fn close(&mut self, code: ErrorCode, message: &str) {
        if self.state == State::Closed {
            return;
        }
        let breaks_off = code == ErrorCode::CONNECTION_CLOSE && !self.is_idle();
        let code = if breaks_off || code.is_stream() {
            ErrorCode::CONNECTION_ERROR
        } else {
            code
        };
        self.control.push_error(0, code, message.as_bytes());
        self.finish(CloseReason {
            origin: Origin::User,
            code,
            message: message.to_owned().into(),
        });
    }

    /// Notes that bytes arrived, be they only part of a frame: a sign of life of the peer.
    pub fn heard(&mut self, now: Time) {
        self.keepalive.heard(now);
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

    /// Whether a connection that the peer is closing has lost its last stream, and said all that it had to.
    fn is_drained(&self) -> bool {
        self.state == State::Draining && self.is_idle() && self.is_up_to_date()
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
        self.end_session();
        self.streams.clear();
        self.sending.clear();
        self.grants.clear();
        self.close_reason.get_or_insert(reason);
        Event::Closed
    }
}
