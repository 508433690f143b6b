//! What can go wrong, as one small type per operation.

use std::borrow::Cow;
use std::fmt;

use crate::frame::ErrorCode;

/// Who ended the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The user of this side asked for it.
    User,
    /// This library did: the peer broke a rule, passed a limit or fell silent.
    Library,
    /// The peer said so with an ERROR frame.
    Remote,
    /// The transport went away.
    Transport,
}

/// Why a connection is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CloseReason {
    /// Who ended it.
    pub origin: Origin,
    /// The code that was received or sent in the ERROR frame on stream 0.
    pub code: ErrorCode,
    /// What was said with it. Taken from the wire where the origin is [`Origin::Remote`].
    pub message: Cow<'static, str>,
}

impl CloseReason {
    pub(crate) fn library(code: ErrorCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            origin: Origin::Library,
            code,
            message: message.into(),
        }
    }
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let who = match self.origin {
            Origin::User => "closed",
            Origin::Library => "closed by this side",
            Origin::Remote => "closed by the peer",
            Origin::Transport => "transport lost",
        };
        write!(f, "{who}: {}: {}", self.code, self.message)
    }
}

/// Why a frame could not be sent. Nothing was written and the connection goes on.
#[derive(thiserror::Error, Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendError {
    /// The sink has no room. Offer the same call again when it has.
    #[error("no room in the output")]
    Full,
    /// The connection is over; see [`Connection::close_reason`](crate::Connection::close_reason).
    #[error("the connection is closed")]
    Closed,
    /// The connection is being closed and takes no new requests, while those under way may end.
    #[error("the connection takes no new requests")]
    Draining,
    /// The setup exchange has not come far enough for this call.
    #[error("the connection is not set up")]
    NotReady,
    /// [`Limits::max_outbound_streams`](crate::Limits::max_outbound_streams) requests are open.
    #[error("too many requests are open")]
    TooManyStreams,
    /// The payload does not fit a frame and is longer than
    /// [`Limits::max_payload_len`](crate::Limits::max_payload_len).
    #[error("the payload is too long")]
    PayloadTooLarge,
    /// The peer's lease allows no more requests now.
    #[error("the peer's lease allows no more requests now")]
    NoLease,
    /// The peer has not asked for another item.
    #[error("the peer has not asked for another item")]
    NoCredit,
    /// The stream has ended or never was: the peer cancelled it, or it has its answer.
    #[error("no such stream")]
    NoSuchStream,
    /// A resumable connection keeps what it sends, so its payloads have to be [`Body::Inline`](crate::Body::Inline).
    #[error("payloads have to be copied on a resumable connection")]
    NotCopied,
    /// There is no transport at the moment, and this frame would not be sent again.
    #[error("the connection has no transport at the moment")]
    Suspended,
}

/// Why a session cannot be resumed.
#[derive(thiserror::Error, Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResumeError {
    /// The connection is over, or is not a server's that agreed to be resumed.
    #[error("the session cannot be resumed")]
    NotResumable,
    /// The client has not kept what this side has not received.
    #[error("the client has given up frames that the server has not received")]
    ClientPositionGone,
    /// This side has not kept what the client has not received, or the client's position is wrong.
    #[error("the server has given up frames that the client has not received")]
    ServerPositionGone,
}
