//! What a connection tells its driver.

use std::borrow::Cow;

use crate::frame::{ErrorCode, PayloadRef, Setup};

/// The interaction that a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestKind {
    /// One request, one answer.
    RequestResponse,
    /// One request, no answer.
    FireAndForget,
}

/// A payload that was put together from fragments.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnedPayload {
    /// The metadata, or `None` where no fragment had any.
    pub metadata: Option<Vec<u8>>,
    /// The data.
    pub data: Vec<u8>,
}

/// A received payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InboundPayload<'a> {
    /// Part of the frame that was handed in.
    Borrowed(PayloadRef<'a>),
    /// Put together from several frames.
    Owned(OwnedPayload),
}

impl InboundPayload<'_> {
    /// The payload's bytes, wherever they are.
    #[must_use]
    pub fn as_ref(&self) -> PayloadRef<'_> {
        match self {
            Self::Borrowed(payload) => *payload,
            Self::Owned(owned) => PayloadRef::new(owned.metadata.as_deref(), &owned.data),
        }
    }
}

/// A client's SETUP frame, waiting for the server's decision.
pub type SetupRequest<'a> = Setup<'a>;

/// Something that the driver has to act on. Borrows from the frame that caused it.
#[derive(Clone, Debug, PartialEq)]
pub enum Event<'a> {
    /// To a server: a client asks to connect. Call
    /// [`accept_setup`](crate::Connection::accept_setup) or [`reject_setup`](crate::Connection::reject_setup) before
    /// the next frame is handed in.
    Setup(SetupRequest<'a>),
    /// The peer made a request.
    Request {
        /// The stream to answer on. For fire-and-forget the stream has already ended.
        stream: u32,
        /// A name for the stream that is dense: `generation << 32 | index`, the index below
        /// [`Limits::max_inbound_streams`](crate::Limits::max_inbound_streams). 0 for fire-and-forget.
        slot: u64,
        /// What the peer asks for.
        kind: RequestKind,
        /// The request's payload.
        payload: InboundPayload<'a>,
    },
    /// The peer answered one of this side's requests; the stream has ended.
    Response {
        /// What the driver named the request.
        user: u64,
        /// The answer; `None` where the stream completed without one.
        payload: Option<InboundPayload<'a>>,
    },
    /// One of this side's requests failed; the stream has ended.
    Failed {
        /// What the driver named the request.
        user: u64,
        /// The peer's or this library's code.
        code: ErrorCode,
        /// What was said with it, usually UTF-8.
        message: Cow<'a, [u8]>,
    },
    /// The peer withdrew a request; the stream has ended and its answer is not wanted.
    Cancelled {
        /// The stream.
        stream: u32,
        /// Its slot, as in [`Event::Request`].
        slot: u64,
    },
    /// The peer closes the connection once the streams under way have ended; new requests fail.
    Draining,
    /// The connection is over, every stream with it. What is left to send should be sent, then the transport closed.
    Closed,
}
