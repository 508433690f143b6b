//! The transport, and what happens between one and the next.

use std::sync::Arc;
use std::task::{Context, Poll, ready};

use rsocket_protocol::{ResumeError, Time};

use super::Driver;
use super::returning::Returning;
use crate::links::ResumeAsked;
use crate::room::Charge;
use crate::sessions::{Session, Sessions};
use crate::shared::{Shared, State};
use crate::transport::Transport;
use crate::{Rejection, ResumeEvent, ResumeOptions};

/// What a client is told whose connection has ended, or never was.
const UNKNOWN: &str = "the session is not known";

/// The transport that the task reads and writes.
pub(super) struct Link {
    /// None while there is none.
    pub(super) transport: Option<Transport>,
    /// Which of the connection's it is, or was.
    pub(super) number: u64,
    pub(super) resuming: Resuming,
    /// What has happened to it, to be told outside the lock.
    happened: Vec<ResumeEvent>,
}

/// What the task does about another transport.
pub(crate) enum Resuming {
    /// Nothing: the connection ends with its only one.
    Not,
    /// A client dials again.
    Client(Returning),
    /// A server's client comes back over another connection of the server's.
    Server(Agreeing),
}

/// A server's part.
pub(crate) struct Agreeing {
    sessions: Arc<Sessions>,
    options: ResumeOptions,
    /// What the client proposes, until it is accepted.
    token: Option<Vec<u8>>,
    /// From then on.
    session: Option<Session>,
}

impl Agreeing {
    pub(crate) fn new(sessions: Arc<Sessions>, options: ResumeOptions) -> Self {
        Self {
            sessions,
            options,
            token: None,
            session: None,
        }
    }
}

/// What has become of the transport since the task looked last.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Followed {
    /// Nothing.
    Same,
    /// It is lost.
    Lost,
    /// There is another one.
    Next,
}

impl Link {
    pub(super) fn new(transport: Transport, resuming: Resuming) -> Self {
        Self {
            transport: Some(transport),
            number: 0,
            resuming,
            happened: Vec::new(),
        }
    }

    /// Keeps up with the connection's transport. What the last one brought and has not taken is to be forgotten where it
    /// is not the same.
    pub(super) fn follow(&mut self, state: &mut State, released: &mut Charge) -> Followed {
        if state.links.number() == self.number {
            if self.transport.is_none() || !state.core.awaits_transport() {
                return Followed::Same;
            }
            *released += state.lose_link("the peer is silent");
        }
        let mut followed = Followed::Same;
        if self.transport.take().is_some() {
            self.note_loss(state.links.why_lost());
            followed = Followed::Lost;
        }
        if let Some(transport) = state.links.take_next() {
            self.transport = Some(transport);
            self.number = state.links.number();
            self.note_resumed();
            followed = Followed::Next;
        }
        followed
    }

    fn note_loss(&mut self, reason: Arc<str>) {
        let suspended = match &mut self.resuming {
            Resuming::Not => false,
            Resuming::Client(returning) => returning.begin(),
            Resuming::Server(agreeing) => agreeing.set_suspended(true),
        };
        if suspended {
            tracing::debug!(%reason, "transport lost; the connection waits for another");
            self.happened.push(ResumeEvent::Suspended { reason });
        }
    }

    /// The connection goes on.
    pub(super) fn note_resumed(&mut self) {
        match &mut self.resuming {
            Resuming::Not => {}
            Resuming::Client(returning) => returning.end(),
            Resuming::Server(agreeing) => {
                agreeing.set_suspended(false);
            }
        }
        tracing::debug!("connection resumed");
        self.happened.push(ResumeEvent::Resumed);
    }

    /// The batch has been taken, so that there is room for what was not.
    pub(super) fn note_taken(&self, shared: &Shared) {
        if !matches!(self.resuming, Resuming::Not) {
            shared.turnstile.moved();
        }
    }

    /// Tells what has happened. To be called outside the lock.
    pub(super) fn tell(&mut self, shared: &Shared) {
        for event in self.happened.drain(..) {
            shared.teller.tell(event);
            // Room comes back with a transport, even where nothing is written to it at first.
            shared.turnstile.moved();
        }
    }
}

impl Agreeing {
    /// Notes what the client proposes.
    pub(super) fn propose(&mut self, token: Option<Vec<u8>>) {
        self.token = token;
    }

    /// Keeps the connection findable, if its client wants to be able to resume.
    fn begin_session(&mut self, shared: &Arc<Shared>) -> Result<(), Rejection> {
        let Some(token) = self.token.take() else {
            return Ok(());
        };
        let Some(session) = self.sessions.begin(token, shared) else {
            return Err(Rejection::rejected("the resume token is in use"));
        };
        self.session = Some(session);
        shared.keep_frames(&self.options);
        Ok(())
    }

    /// True where the connection has a session.
    fn set_suspended(&mut self, suspended: bool) -> bool {
        let Some(session) = &mut self.session else {
            return false;
        };
        session.set_suspended(suspended);
        true
    }
}

impl Driver {
    /// A server's client is accepted, unless its session cannot begin.
    pub(super) fn begin_session(&mut self) -> Result<(), Rejection> {
        match &mut self.link.resuming {
            Resuming::Server(agreeing) => agreeing.begin_session(&self.shared),
            Resuming::Not | Resuming::Client(_) => Ok(()),
        }
    }

    /// Ready when there is a transport. A client gets itself one.
    pub(super) fn poll_link(&mut self, now: Time, cx: &mut Context<'_>) -> Poll<()> {
        if self.link.transport.is_some() {
            return Poll::Ready(());
        }
        let Resuming::Client(returning) = &mut self.link.resuming else {
            return Poll::Pending;
        };
        let transport = ready!(returning.poll_transport(&self.shared.teller, cx));
        let mut state = self.shared.lock();
        if state.core.begin_resume(now).is_err() {
            // The connection is over, which the next turn sees.
            return Poll::Pending;
        }
        state.links.agreement.clone_from(&transport.agreement);
        self.link.transport = Some(transport);
        self.link.number = state.links.number();
        Poll::Ready(())
    }

    /// Gives the transport to the connection that its client wants to go on with, or turns the client away.
    pub(super) fn hand_over(&mut self, asked: &ResumeAsked) {
        let Some(transport) = self.link.transport.take() else {
            return;
        };
        let found = match &self.link.resuming {
            Resuming::Server(agreeing) => agreeing.sessions.find(&asked.token),
            Resuming::Not | Resuming::Client(_) => None,
        };
        let Some(found) = found else {
            return self.reject_resume(transport, UNKNOWN);
        };
        if !self.input.is_empty() {
            return self.reject_resume(transport, "frames came before RESUME_OK");
        }
        match found.resume(asked, transport) {
            Ok(()) => self
                .shared
                .transport_closed("the transport went to the connection that was resumed"),
            Err((transport, ResumeError::NotResumable)) => self.reject_resume(transport, UNKNOWN),
            Err((transport, error)) => self.reject_resume(transport, &error.to_string()),
        }
    }

    fn reject_resume(&mut self, transport: Transport, message: &str) {
        tracing::debug!(message, "resume rejected");
        self.link.transport = Some(transport);
        let mut state = self.shared.lock();
        if state.core.reject_resume(message).is_ok() {
            self.shared.after_close(state);
        }
    }
}
