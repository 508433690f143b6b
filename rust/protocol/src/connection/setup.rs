//! The exchange that opens a connection (specification, "Connection Establishment").

use super::control::ControlQueue;
use super::keepalive::period_ms;
use super::lease::Leases;
use super::resume::Session;
use super::{Connection, State};
use crate::config::Config;
use crate::error::{CloseReason, SendError};
use crate::event::Event;
use crate::frame::{ErrorCode, Frame, PayloadRef, Resume, Setup, Version};
use crate::time::Time;

/// The version of the specification that this crate implements.
pub(super) const VERSION: Version = Version { major: 1, minor: 0 };

/// Longest MIME type that SETUP can carry, in bytes.
const MAX_MIME_LEN: usize = 255;

/// Queues a client's first frame.
pub(super) fn queue_setup(config: &Config, control: &mut ControlQueue) {
    let setup = &config.setup;
    let frame = Frame::Setup(Setup {
        version: VERSION,
        keepalive_interval_ms: period_ms(setup.keepalive_interval),
        max_lifetime_ms: period_ms(setup.max_lifetime),
        resume_token: config
            .resume
            .as_ref()
            .map(|resume| cut_token(&resume.token)),
        honors_lease: config.lease,
        metadata_mime: cut_mime(&setup.metadata_mime),
        data_mime: cut_mime(&setup.data_mime),
        payload: PayloadRef::new(setup.metadata.as_deref(), &setup.data),
    });
    control.push(0, &frame);
}

fn cut_mime(mime: &str) -> &[u8] {
    let bytes = mime.as_bytes();
    &bytes[..bytes.len().min(MAX_MIME_LEN)]
}

fn cut_token(token: &[u8]) -> &[u8] {
    &token[..token.len().min(Resume::MAX_TOKEN_LEN)]
}

impl Connection {
    /// Lets the client in whose [`Event::Setup`] was the last event.
    ///
    /// # Errors
    /// [`SendError::NotReady`] when no SETUP waits for a decision.
    pub fn accept_setup(&mut self) -> Result<(), SendError> {
        if self.state != State::Deciding {
            return Err(SendError::NotReady);
        }
        self.state = State::Open;
        Ok(())
    }

    /// Turns the client away: queues an ERROR on stream 0 and ends the connection. `code` is INVALID_SETUP or
    /// UNSUPPORTED_SETUP; any other becomes REJECTED_SETUP.
    ///
    /// # Errors
    /// [`SendError::NotReady`] when no SETUP waits for a decision.
    pub fn reject_setup(&mut self, code: ErrorCode, message: &str) -> Result<(), SendError> {
        if self.state != State::Deciding {
            return Err(SendError::NotReady);
        }
        let code = match code {
            ErrorCode::INVALID_SETUP | ErrorCode::UNSUPPORTED_SETUP => code,
            _ => ErrorCode::REJECTED_SETUP,
        };
        self.close(code, message);
        Ok(())
    }

    /// A server's answer to the first frame, which is SETUP.
    pub(super) fn receive_setup<'a>(&mut self, now: Time, setup: Setup<'a>) -> Event<'a> {
        if let Some((code, message)) = objection(&setup, self.lease, self.resume.is_some()) {
            return self.refuse(code, message);
        }
        self.state = State::Deciding;
        self.leases = Leases::new(setup.honors_lease);
        self.session = match (&self.resume, setup.resume_token) {
            (Some(config), Some(token)) => Some(Session::new(config, token)),
            _ => None,
        };
        self.keepalive
            .established(setup.keepalive_interval_ms, setup.max_lifetime_ms, now);
        Event::Setup(setup)
    }

    /// Ends the connection before it began.
    pub(super) fn refuse(&mut self, code: ErrorCode, message: &'static str) -> Event<'static> {
        self.control.push_error(0, code, message.as_bytes());
        self.finish(CloseReason::library(code, message))
    }
}

/// What this side cannot agree to in a SETUP, if anything.
fn objection(setup: &Setup<'_>, lease: bool, resume: bool) -> Option<(ErrorCode, &'static str)> {
    if setup.version.major != VERSION.major {
        return Some((
            ErrorCode::UNSUPPORTED_SETUP,
            "only version 1 of the protocol is supported",
        ));
    }
    if setup.keepalive_interval_ms == 0 || setup.max_lifetime_ms == 0 {
        return Some((
            ErrorCode::INVALID_SETUP,
            "keepalive interval and max lifetime must not be 0",
        ));
    }
    if setup.resume_token.is_some() && !resume {
        return Some((ErrorCode::REJECTED_SETUP, "resume is not supported"));
    }
    if setup.honors_lease && !lease {
        return Some((ErrorCode::UNSUPPORTED_SETUP, "lease is not supported"));
    }
    None
}
