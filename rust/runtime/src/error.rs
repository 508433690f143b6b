//! How a request fails.

use std::sync::Arc;

use rsocket_protocol::frame::ErrorCode;
use rsocket_protocol::{CloseReason, Origin};

use crate::Failure;

/// Why a request has no answer.
///
/// The first five are the peer's words in an ERROR frame on the request's stream (specification, "ERROR Frame"); the
/// connection goes on. The next three end every request of a connection at once. The last six are this side's.
#[derive(thiserror::Error, Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// REJECTED: the peer has done nothing for the request.
    #[error("rejected by the peer: {message}")]
    Rejected {
        /// What the peer said.
        message: String,
    },
    /// APPLICATION_ERROR: the peer's application failed.
    #[error("failed by the peer: {message}")]
    Application {
        /// What the peer said.
        message: String,
    },
    /// CANCELED: the peer gave the request up and may have worked on it.
    #[error("cancelled by the peer: {message}")]
    Cancelled {
        /// What the peer said.
        message: String,
    },
    /// INVALID: the peer cannot understand the request.
    #[error("called invalid by the peer: {message}")]
    Invalid {
        /// What the peer said.
        message: String,
    },
    /// Any other code, such as the application's own.
    #[error("failed by the peer with {code}: {message}")]
    Custom {
        /// The code on the wire.
        code: ErrorCode,
        /// What the peer said.
        message: String,
    },
    /// The server did not accept this client's SETUP; no request of the connection was looked at.
    #[error("setup rejected: {reason}")]
    RejectedSetup {
        /// The server's code and message.
        reason: Arc<CloseReason>,
    },
    /// The connection ended without a word: the transport went away, or the peer fell silent or broke a rule. Or it was to
    /// be [resumed](crate::ResumeOptions) and that did not come about in time, or was refused.
    #[error("connection lost: {reason}")]
    ConnectionLost {
        /// What happened.
        reason: Arc<CloseReason>,
        /// Whether the request was on its way, so that the peer may have acted on it.
        sent: bool,
    },
    /// The connection was closed by this side, or by the peer with an ERROR frame on stream 0.
    #[error("connection closed: {reason}")]
    Closed {
        /// Who closed it and why.
        reason: Arc<CloseReason>,
        /// Whether the request was on its way, so that the peer may have acted on it.
        sent: bool,
    },
    /// [`Limits::max_outbound_streams`](crate::Limits::max_outbound_streams) requests are open on the connection.
    #[error("too many requests are open")]
    TooManyStreams,
    /// The peer's lease allows no more requests now, or none has come; nothing was sent.
    /// [`Connection::watch_lease`](crate::Connection::watch_lease) waits for the next.
    #[error("no lease")]
    NoLease,
    /// The connection has no transport at the moment, and this would not be sent again; nothing was sent.
    #[error("the connection has no transport at the moment")]
    Suspended,
    /// The payload is longer than [`Limits::max_payload_len`](crate::Limits::max_payload_len).
    #[error("the payload is longer than this side sends")]
    PayloadTooLarge,
    /// The peer passed a limit on the request's stream, as [`Limits`](crate::Limits) has them; this side gave the stream
    /// up, and the connection goes on.
    #[error("given up by this side with {code}: {message}")]
    LimitPassed {
        /// What it amounts to.
        code: ErrorCode,
        /// Which limit.
        message: String,
    },
    /// This side ended its channel with a failure, which the peer was told where the channel had begun.
    #[error("given up by this side: {failure}")]
    Aborted {
        /// What this side said.
        failure: Failure,
    },
}

impl Error {
    /// What ended a request's stream: the peer's ERROR frame, or this library because the peer passed a limit.
    pub(crate) fn of_stream(origin: Origin, code: ErrorCode, message: &[u8]) -> Self {
        let message = String::from_utf8_lossy(message).into_owned();
        if origin == Origin::Library {
            return Self::LimitPassed { code, message };
        }
        match code {
            ErrorCode::REJECTED => Self::Rejected { message },
            ErrorCode::APPLICATION_ERROR => Self::Application { message },
            ErrorCode::CANCELED => Self::Cancelled { message },
            ErrorCode::INVALID => Self::Invalid { message },
            code => Self::Custom { code, message },
        }
    }

    /// What the end of the connection means for a request that had been `sent`, or had not.
    pub(crate) fn from_close(reason: Arc<CloseReason>, sent: bool) -> Self {
        match reason.origin {
            Origin::Remote if is_setup_rejection(reason.code) => Self::RejectedSetup { reason },
            Origin::Remote if reason.code == ErrorCode::REJECTED_RESUME => {
                Self::ConnectionLost { reason, sent }
            }
            Origin::Remote | Origin::User => Self::Closed { reason, sent },
            Origin::Library | Origin::Transport => Self::ConnectionLost { reason, sent },
        }
    }

    /// The code on the wire: the peer's or this side's on the stream, or the connection's when that has ended.
    #[must_use]
    pub fn code(&self) -> Option<ErrorCode> {
        match self {
            Self::Rejected { .. } => Some(ErrorCode::REJECTED),
            Self::Application { .. } => Some(ErrorCode::APPLICATION_ERROR),
            Self::Cancelled { .. } => Some(ErrorCode::CANCELED),
            Self::Invalid { .. } => Some(ErrorCode::INVALID),
            Self::Custom { code, .. } | Self::LimitPassed { code, .. } => Some(*code),
            Self::RejectedSetup { reason }
            | Self::ConnectionLost { reason, .. }
            | Self::Closed { reason, .. } => Some(reason.code),
            Self::Aborted { failure } => Some(failure.code),
            Self::TooManyStreams | Self::NoLease | Self::Suspended | Self::PayloadTooLarge => None,
        }
    }

    /// What was said with the [code](Self::code); empty where there is none.
    #[must_use]
    pub fn message(&self) -> &str {
        match self {
            Self::Rejected { message }
            | Self::Application { message }
            | Self::Cancelled { message }
            | Self::Invalid { message }
            | Self::Custom { message, .. }
            | Self::LimitPassed { message, .. } => message,
            Self::RejectedSetup { reason }
            | Self::ConnectionLost { reason, .. }
            | Self::Closed { reason, .. } => &reason.message,
            Self::Aborted { failure } => &failure.message,
            Self::TooManyStreams | Self::NoLease | Self::Suspended | Self::PayloadTooLarge => "",
        }
    }

    /// Who caused it.
    #[must_use]
    pub fn origin(&self) -> Origin {
        match self {
            Self::Rejected { .. }
            | Self::Application { .. }
            | Self::Cancelled { .. }
            | Self::Invalid { .. }
            | Self::Custom { .. } => Origin::Remote,
            Self::LimitPassed { .. } => Origin::Library,
            Self::RejectedSetup { reason }
            | Self::ConnectionLost { reason, .. }
            | Self::Closed { reason, .. } => reason.origin,
            Self::Suspended => Origin::Transport,
            Self::TooManyStreams | Self::NoLease | Self::PayloadTooLarge | Self::Aborted { .. } => {
                Origin::User
            }
        }
    }

    /// Why the connection is over, where that is what ended the request.
    #[must_use]
    pub fn close_reason(&self) -> Option<&CloseReason> {
        match self {
            Self::RejectedSetup { reason }
            | Self::ConnectionLost { reason, .. }
            | Self::Closed { reason, .. } => Some(reason),
            _ => None,
        }
    }

    /// Whether the peer has certainly not acted on the request, so that sending it again, on this connection or
    /// another, cannot do it twice. False for what would fail again as it is.
    #[must_use]
    pub fn is_retry_safe(&self) -> bool {
        match self {
            Self::Rejected { .. }
            | Self::RejectedSetup { .. }
            | Self::TooManyStreams
            | Self::NoLease
            | Self::Suspended => true,
            Self::ConnectionLost { sent, .. } | Self::Closed { sent, .. } => !sent,
            Self::Application { .. }
            | Self::Cancelled { .. }
            | Self::Invalid { .. }
            | Self::Custom { .. }
            | Self::LimitPassed { .. }
            | Self::PayloadTooLarge
            | Self::Aborted { .. } => false,
        }
    }
}

fn is_setup_rejection(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::INVALID_SETUP | ErrorCode::UNSUPPORTED_SETUP | ErrorCode::REJECTED_SETUP
    )
}
