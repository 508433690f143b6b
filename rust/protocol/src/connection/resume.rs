//! A session that outlives its transport (specification, "Resuming Operation").
//!
//! Where client and server agree on it in the SETUP, the loss of the transport suspends the connection instead of
//! ending it: streams stay open, what is sent meanwhile is kept in the session's [`FrameStore`], and when the client
//! comes back with RESUME on another transport both sides send again what the other has not received. Nothing is lost
//! and nothing is doubled, as each side counts the bytes that it has received of the other's tracked frames.
//!
//! Frames on stream 0 are not tracked: KEEPALIVE, LEASE and METADATA_PUSH are lost with the transport they were
//! written to, and leases begin anew.

use std::time::Duration;

use bytes::BytesMut;

use super::control::write;
use super::recorder::is_tracked;
use super::setup::VERSION;
use super::{Connection, State};
use crate::config::{ResumeConfig, Role};
use crate::error::{CloseReason, Origin, ResumeError, SendError};
use crate::event::{Event, ResumeRequest};
use crate::frame::{ErrorCode, ErrorFrame, Frame, FrameHeader, FrameType, Resume, ResumeOk};
use crate::frame_store::{FrameStore, MemoryStore};
use crate::sink::FrameSink;
use crate::time::Time;

/// How long a client waits for RESUME_OK before it gives the transport up.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// What a resumable connection keeps besides its streams.
#[derive(Debug)]
pub(super) struct Session {
    token: Vec<u8>,
    timeout: Duration,
    pub(super) store: Box<dyn FrameStore>,
    /// Up to where frames have been written to the present transport, while there is one.
    sent: u64,
    /// Up to where frames have been written to any transport: more the peer cannot have.
    sent_ever: u64,
    /// Bytes of the peer's tracked frames that have been received.
    received: u64,
    link: Link,
    /// RESUME or RESUME_OK, which goes ahead of everything.
    handshake: Option<BytesMut>,
    /// The frame that is being written.
    pub(super) frame: BytesMut,
    /// The peer is to say what it has whenever so many bytes have been sent.
    ask_every: u64,
    asked_at: u64,
}

/// Whether there is a transport.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Link {
    Up,
    /// There is none; the session ends at `until`.
    Down {
        until: Time,
    },
    /// A client waits for RESUME_OK on a new one, until `answer_by`.
    Resuming {
        until: Time,
        answer_by: Time,
    },
}

impl Session {
    pub(super) fn new(config: &ResumeConfig, token: &[u8]) -> Box<Self> {
        Box::new(Self {
            token: token.to_vec(),
            timeout: config.session_timeout,
            store: Box::new(MemoryStore::new(config.store_limit)),
            sent: 0,
            sent_ever: 0,
            received: 0,
            link: Link::Up,
            handshake: None,
            frame: BytesMut::new(),
            ask_every: (config.store_limit as u64 / 4).max(1),
            asked_at: 0,
        })
    }

    #[inline]
    pub(super) fn is_up(&self) -> bool {
        self.link == Link::Up
    }

    /// Whether everything that was kept has been written to the present transport.
    #[inline]
    pub(super) fn is_replayed(&self) -> bool {
        self.handshake.is_none() && self.sent == self.store.end()
    }

    /// Bytes of tracked frames that have been received, as KEEPALIVE tells them.
    pub(super) fn received(&self) -> u64 {
        self.received
    }

    /// A frame came from the peer.
    #[inline]
    fn note_received(&mut self, header: FrameHeader, len: usize) {
        if is_tracked(header) {
            self.received += len as u64;
        }
    }

    /// Keeps the frame that has just been written, if it is tracked.
    #[inline]
    pub(super) fn record(&mut self) {
        let tracked = FrameHeader::decode(&self.frame).is_ok_and(|(header, _)| is_tracked(header));
        if !tracked {
            return;
        }
        self.store.append(&self.frame);
        if self.is_up() {
            self.sent = self.store.end();
            self.sent_ever = self.sent;
        }
    }

    /// The peer says that it has everything before `position`. One that claims more than it got on this transport and
    /// had when it began is not believed.
    fn acknowledge(&mut self, position: u64) {
        if position <= self.sent {
            self.store.release(position);
        }
    }

    /// Whether the peer should be asked what it has: else the store gives up what may be needed.
    fn wants_to_ask(&self) -> bool {
        self.is_up() && self.sent >= self.asked_at.saturating_add(self.ask_every)
    }

    /// Whether everything from `position` on can be sent again.
    fn can_replay_from(&mut self, position: u64) -> bool {
        let kept = position == self.store.end() || self.store.frame_at(position).is_some();
        kept && position <= self.sent_ever
    }

    /// There is a transport again, and the peer has everything before `position`.
    fn come_up(&mut self, position: u64) {
        self.store.release(position);
        self.sent = position;
        self.asked_at = position;
        self.link = Link::Up;
    }

    /// Writes what a new transport begins with: RESUME or RESUME_OK.
    fn flush_handshake<S: FrameSink>(&mut self, sink: &mut S) -> bool {
        if let Some(frame) = &self.handshake {
            if !write(frame, sink) {
                return false;
            }
            self.handshake = None;
        }
        true
    }

    /// Writes what the peer does not have of what is kept.
    fn replay<S: FrameSink>(&mut self, sink: &mut S) -> bool {
        while let Some(frame) = self.store.frame_at(self.sent) {
            if !write(frame, sink) {
                return false;
            }
            self.sent += frame.len() as u64;
            self.sent_ever = self.sent_ever.max(self.sent);
        }
        true
    }
}

fn encoded(frame: &Frame<'_>) -> Option<BytesMut> {
    let mut bytes = BytesMut::with_capacity(frame.encoded_len());
    frame.encode(0, &mut bytes);
    Some(bytes)
}

impl Connection {
    /// Whether the loss of the transport suspends this connection instead of ending it.
    #[must_use]
    pub fn is_resumable(&self) -> bool {
        self.session.is_some() && matches!(self.state, State::Open | State::Draining)
    }

    /// Whether the connection has lost its transport and waits for another one, be it that it is asking the server to
    /// go on. Requests can be made as long as the store has room.
    #[must_use]
    pub fn is_suspended(&self) -> bool {
        self.session
            .as_ref()
            .is_some_and(|session| !session.is_up())
    }

    /// Whether the connection is suspended and has no transport: one that the driver still has is to be given up.
    #[must_use]
    pub fn awaits_transport(&self) -> bool {
        let link = self.session.as_ref().map(|session| session.link);
        matches!(link, Some(Link::Down { .. })) && self.state != State::Closed
    }

    /// Keeps sent frames in `store`, in place of a [`MemoryStore`]. A client calls it before the first
    /// [`transmit`](Self::transmit), a server before [`accept_setup`](Self::accept_setup). False where the connection
    /// is not resumable or has sent something.
    pub fn use_frame_store(&mut self, store: Box<dyn FrameStore>) -> bool {
        match &mut self.session {
            Some(session) if session.store.end() == 0 && store.end() == 0 => {
                session.store = store;
                true
            }
            _ => false,
        }
    }

    /// Notes that the transport is gone. True when the connection is suspended: a client calls
    /// [`begin_resume`](Self::begin_resume) once it has another transport, a server waits for
    /// [`Event::Resume`] on one. Otherwise everything ends, as by [`transport_closed`](Self::transport_closed).
    ///
    /// What was written and not sent is to be dropped; the connection keeps it.
    pub fn transport_lost(&mut self, now: Time, message: &str) -> bool {
        let suspended = self.suspend(now);
        if !suspended {
            self.transport_closed(message);
        }
        suspended
    }

    /// Goes on a client's suspended connection over a transport that has just been opened: RESUME is the next output.
    /// [`Event::Resumed`] follows, or [`Event::Closed`] when the server refuses.
    ///
    /// # Errors
    /// [`SendError::NotReady`] when the connection is not suspended or is a server's, [`SendError::Closed`].
    pub fn begin_resume(&mut self, now: Time) -> Result<(), SendError> {
        if self.state == State::Closed {
            return Err(SendError::Closed);
        }
        let answer_by = now + ANSWER_TIMEOUT;
        match &mut self.session {
            Some(session) if self.role == Role::Client => {
                let Link::Down { until } = session.link else {
                    return Err(SendError::NotReady);
                };
                session.link = Link::Resuming { until, answer_by };
                session.handshake = encoded(&Frame::Resume(Resume {
                    version: VERSION,
                    token: &session.token,
                    last_received_server_position: session.received,
                    first_available_client_position: session.store.first(),
                }));
                Ok(())
            }
            _ => Err(SendError::NotReady),
        }
    }

    /// Goes on a server's connection over another transport, on which its client has sent the RESUME of
    /// [`Event::Resume`]: RESUME_OK is the next output, then what the client has not received. A transport that the
    /// connection still had is not used any more.
    ///
    /// # Errors
    /// [`ResumeError`] when that cannot be done exactly. The client is to be told with
    /// [`reject_resume`](Self::reject_resume) on the connection that received the RESUME. This one stays as it was, as the
    /// RESUME may be of an attempt that its client has given up: it goes on where it has a transport, and otherwise ends
    /// with its session timeout.
    pub fn resume(
        &mut self,
        now: Time,
        last_received_server_position: u64,
        first_available_client_position: u64,
    ) -> Result<(), ResumeError> {
        if self.role == Role::Client || !self.is_resumable() {
            return Err(ResumeError::NotResumable);
        }
        let Some(session) = &mut self.session else {
            return Err(ResumeError::NotResumable);
        };
        if first_available_client_position > session.received {
            return Err(ResumeError::ClientPositionGone);
        }
        if !session.can_replay_from(last_received_server_position) {
            return Err(ResumeError::ServerPositionGone);
        }
        self.suspend(now); // A transport that it still has is gone.
        let Some(session) = &mut self.session else {
            return Err(ResumeError::NotResumable);
        };
        session.come_up(last_received_server_position);
        session.handshake = encoded(&Frame::ResumeOk(ResumeOk {
            last_received_client_position: session.received,
        }));
        self.keepalive.restart(now);
        Ok(())
    }

    /// Turns away the client in whose [`Event::Resume`] was the last event: queues ERROR\[REJECTED_RESUME\] and ends
    /// this connection, which is not the one that was to be resumed.
    ///
    /// # Errors
    /// [`SendError::NotReady`] when no RESUME waits for a decision.
    pub fn reject_resume(&mut self, message: &str) -> Result<(), SendError> {
        if self.state != State::DecidingResume {
            return Err(SendError::NotReady);
        }
        self.close(ErrorCode::REJECTED_RESUME, message);
        Ok(())
    }

    /// The transport is gone, or given up. False where that ends the connection.
    fn suspend(&mut self, now: Time) -> bool {
        if !self.is_resumable() {
            return false;
        }
        let Some(session) = &mut self.session else {
            return false;
        };
        let until = match session.link {
            Link::Up => now + session.timeout,
            Link::Down { until } | Link::Resuming { until, .. } => until,
        };
        session.link = Link::Down { until };
        session.handshake = None;
        self.control.drop_connection_frames();
        self.leases.lose_outbound();
        true
    }

    /// The first frame on a server's new transport is RESUME.
    pub(super) fn receive_resume<'a>(&mut self, frame: Resume<'a>) -> Event<'a> {
        if self.resume.is_none() {
            return self.refuse(ErrorCode::REJECTED_RESUME, "resume is not supported");
        }
        if frame.version.major != VERSION.major {
            return self.refuse(
                ErrorCode::REJECTED_RESUME,
                "only version 1 of the protocol is supported",
            );
        }
        self.state = State::DecidingResume;
        Event::Resume(ResumeRequest {
            token: frame.token,
            last_received_server_position: frame.last_received_server_position,
            first_available_client_position: frame.first_available_client_position,
        })
    }

    /// A frame on a connection that is suspended: a client waits for the server's answer to RESUME.
    pub(super) fn receive_suspended<'a>(
        &mut self,
        now: Time,
        header: FrameHeader,
        body: &'a [u8],
    ) -> Option<Event<'a>> {
        let session = self.session.as_mut()?;
        let Link::Resuming { .. } = session.link else {
            return None; // Of a transport that was given up.
        };
        let answer = match (header.stream_id, FrameType::try_from(header.frame_type)) {
            (0, Ok(FrameType::ResumeOk)) => ResumeOk::decode(header.flags, body)
                .ok()
                .map(|ok| self.receive_resume_ok(now, ok)),
            (0, Ok(FrameType::Error)) => ErrorFrame::decode(header.flags, body)
                .ok()
                .map(|error| self.receive_refusal(&error)),
            _ => None,
        };
        answer.or_else(|| {
            let message = "the server answered RESUME with something else than RESUME_OK";
            Some(self.abort_resume(message))
        })
    }

    fn receive_resume_ok(&mut self, now: Time, ok: ResumeOk) -> Event<'static> {
        let position = ok.last_received_client_position;
        if let Some(session) = &mut self.session
            && session.can_replay_from(position)
        {
            session.come_up(position);
            self.keepalive.restart(now);
            return Event::Resumed;
        }
        self.abort_resume("the server needs frames that are not kept any more")
    }

    fn receive_refusal(&mut self, error: &ErrorFrame<'_>) -> Event<'static> {
        self.control.clear();
        self.finish(CloseReason {
            origin: Origin::Remote,
            code: error.code,
            message: String::from_utf8_lossy(error.data).into_owned().into(),
        })
    }

    /// Ends the connection on its new transport, and tells the server so.
    fn abort_resume(&mut self, message: &'static str) -> Event<'static> {
        if let Some(session) = &mut self.session {
            session.link = Link::Up;
        }
        self.control.clear();
        self.abort(ErrorCode::CONNECTION_ERROR, message)
    }

    /// What is due on a connection that is suspended.
    pub(super) fn handle_suspended(&mut self, now: Time) -> Option<Event<'static>> {
        let link = self.session.as_ref()?.link;
        match link {
            Link::Down { until } | Link::Resuming { until, .. } if now >= until => {
                Some(self.finish(CloseReason {
                    origin: Origin::Transport,
                    code: ErrorCode::CONNECTION_ERROR,
                    message: "the connection was not resumed in time".into(),
                }))
            }
            Link::Resuming { answer_by, .. } if now >= answer_by => {
                self.suspend(now);
                Some(Event::Suspended)
            }
            _ => None,
        }
    }

    /// When [`handle_suspended`](Self::handle_suspended) has something to do.
    pub(super) fn suspended_deadline(&self) -> Option<Time> {
        match self.session.as_ref()?.link {
            Link::Up => None,
            Link::Down { until } => Some(until),
            Link::Resuming { until, answer_by } => Some(until.min(answer_by)),
        }
    }

    /// The peer has been silent for too long: that ends a transport, but not a session.
    pub(super) fn suspend_silent(&mut self, now: Time) -> Option<Event<'static>> {
        self.suspend(now).then_some(Event::Suspended)
    }

    #[inline]
    pub(super) fn note_received(&mut self, header: FrameHeader, len: usize) {
        if let Some(session) = &mut self.session {
            session.note_received(header, len);
        }
    }

    /// A KEEPALIVE tells what the peer has.
    pub(super) fn note_acknowledged(&mut self, position: u64) {
        if let Some(session) = &mut self.session {
            session.acknowledge(position);
        }
    }

    /// What this side has received, as KEEPALIVE tells it; 0 where nothing can be resumed.
    pub(super) fn received_position(&self) -> u64 {
        self.session
            .as_ref()
            .map_or(0, |session| session.received())
    }

    /// Writes what goes ahead of everything on a new transport; false when there was no room. KEEPALIVE does not wait
    /// for what is sent again.
    #[inline]
    pub(super) fn flush_session<S: FrameSink>(&mut self, sink: &mut S) -> bool {
        let Some(session) = &mut self.session else {
            return true;
        };
        if !session.flush_handshake(sink) {
            return false;
        }
        let up_to_date = session.is_replayed() || !session.is_up();
        up_to_date || (self.control.flush_connection_frames(sink) && session.replay(sink))
    }

    /// Asks the peer for its position if much has been sent since the last time.
    #[inline]
    pub(super) fn ask_for_position(&mut self) -> bool {
        let session = self.session.as_mut();
        let Some(session) = session.filter(|session| session.wants_to_ask()) else {
            return false;
        };
        session.asked_at = session.sent;
        self.control.push_keepalive_request(session.received);
        true
    }

    /// Whether the peer has been sent everything that is kept for it.
    pub(super) fn is_up_to_date(&self) -> bool {
        self.session
            .as_ref()
            .is_none_or(|session| session.is_up() && session.is_replayed())
    }

    /// Whether something waits that a transport, or while there is none the store, would take.
    pub(super) fn session_wants_transmit(&self, frames_wait: bool) -> bool {
        match &self.session {
            None => frames_wait,
            Some(session) if session.is_up() => {
                frames_wait || !session.is_replayed() || session.wants_to_ask()
            }
            // The store may have no room for them; they are moved to it whenever the connection is driven.
            Some(session) => session.handshake.is_some(),
        }
    }

    /// Nothing is sent again on a connection that is over; its last frame goes out where there is a transport, in place
    /// of the answer to a RESUME if need be.
    pub(super) fn end_session(&mut self) {
        let Some(session) = self.session.take() else {
            return;
        };
        if !session.is_up() {
            self.control.clear();
        } else if session.handshake.is_some() {
            self.control.keep_last_words();
        }
    }
}
