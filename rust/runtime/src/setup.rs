//! What a client proposes, and a server's no.

use std::borrow::Cow;
use std::time::Duration;

use bytes::Bytes;
use rsocket_protocol::SetupRequest;
use rsocket_protocol::frame::ErrorCode;

use crate::Payload;

/// A client's SETUP, for an [`Acceptor`](crate::Acceptor) to decide on (specification, "SETUP Frame").
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Setup {
    /// MIME type of every payload's metadata. Bytes that are not UTF-8 are replaced.
    pub metadata_mime: String,
    /// MIME type of every payload's data, likewise.
    pub data_mime: String,
    /// Time between the client's KEEPALIVE frames.
    pub keepalive_interval: Duration,
    /// How long the peer may be silent before the connection counts as dead.
    pub max_lifetime: Duration,
    /// What the client's application has to say.
    pub payload: Payload,
}

impl Setup {
    pub(crate) fn from_frame(setup: &SetupRequest<'_>) -> Self {
        Self {
            metadata_mime: setup.metadata_mime_lossy().into_owned(),
            data_mime: setup.data_mime_lossy().into_owned(),
            keepalive_interval: Duration::from_millis(setup.keepalive_interval_ms.into()),
            max_lifetime: Duration::from_millis(setup.max_lifetime_ms.into()),
            payload: Payload {
                metadata: setup.payload.metadata.map(Bytes::copy_from_slice),
                data: Bytes::copy_from_slice(setup.payload.data),
            },
        }
    }
}

/// A server's no to a SETUP: an ERROR on stream 0, after which the connection closes.
#[derive(thiserror::Error, Clone, Debug, PartialEq, Eq)]
#[error("{code}: {message}")]
pub struct Rejection {
    pub(crate) code: ErrorCode,
    pub(crate) message: Cow<'static, str>,
}

impl Rejection {
    /// REJECTED_SETUP: the server does not want this client, for the reason given.
    pub fn rejected(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorCode::REJECTED_SETUP, message)
    }

    /// UNSUPPORTED_SETUP: the server does not support something that the client asks for, such as a MIME type.
    pub fn unsupported(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorCode::UNSUPPORTED_SETUP, message)
    }

    /// INVALID_SETUP: the server cannot make sense of the setup.
    pub fn invalid(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorCode::INVALID_SETUP, message)
    }

    fn new(code: ErrorCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }
}
