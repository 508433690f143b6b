//! What a connection tells its driver.

use std::borrow::Cow;
use std::time::Duration;

use crate::error::Origin;
use crate::frame::{ErrorCode, PayloadRef, Setup};

/// The interaction that a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestKind {
    /// One request, one answer.
    RequestResponse,
    /// One request, no answer.
    FireAndForget,
    /// One request, any number of items in answer.
    RequestStream,
    /// Any number of items in both directions.
    RequestChannel,
}

/// Who a stream belongs to, by the name that the driver knows it by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamName {
    /// One of this side's requests, as the driver named it.
    User(u64),
    /// One of the peer's requests: its slot in [`Event::Request`].
    Slot(u64),
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

/// A client's RESUME frame, waiting for the server's decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResumeRequest<'a> {
    /// The token of the SETUP that the session began with.
    pub token: &'a [u8],
    /// Up to where the client has received this side's tracked frames.
    pub last_received_server_position: u64,
    /// From where on the client can send its own again.
    pub first_available_client_position: u64,
}

/// Something that the driver has to act on. Borrows from the frame that caused it.
#[derive(Clone, Debug, PartialEq)]
pub enum Event<'a> {
    /// To a server: a client asks to connect. Call
    /// [`accept_setup`](crate::Connection::accept_setup) or [`reject_setup`](crate::Connection::reject_setup) before
    /// the next frame is handed in.
    Setup(SetupRequest<'a>),
    /// To a server that resumes: a client asks to go on with the session of `token` on this transport. Look for the
    /// connection that has it and call its [`resume`](crate::Connection::resume), and give it the transport; or call
    /// [`reject_resume`](crate::Connection::reject_resume). This connection takes no further frame.
    Resume(ResumeRequest<'a>),
    /// To a client: the server goes on with the session on this transport.
    Resumed,
    /// The transport is to be given up, as the peer is silent; the connection goes on when it is resumed.
    Suspended,
    /// The peer made a request.
    Request {
        /// The stream to answer on. For fire-and-forget the stream has already ended.
        stream: u32,
        /// A name for the stream that is dense: `generation << 32 | index`, the index below
        /// [`Limits::max_inbound_streams`](crate::Limits::max_inbound_streams). 0 for fire-and-forget.
        slot: u64,
        /// What the peer asks for.
        kind: RequestKind,
        /// How many items the peer takes to begin with: 1 for request-response, 0 for fire-and-forget.
        initial_n: u32,
        /// The peer sends no items of its own: true for all but a channel.
        complete: bool,
        /// The request's payload; a channel's first item.
        payload: InboundPayload<'a>,
    },
    /// The peer sent an item, or said that none follows, or both. For a request-response it is the answer.
    Item {
        /// The stream.
        stream: u32,
        /// Whose it is.
        name: StreamName,
        /// The item; `None` where only the end is told.
        payload: Option<InboundPayload<'a>>,
        /// Nothing follows from the peer. A request of this side that sends nothing either has ended.
        complete: bool,
    },
    /// The peer, or this library, ended a stream with an error.
    Failed {
        /// The stream.
        stream: u32,
        /// Whose it is.
        name: StreamName,
        /// [`Origin::Remote`] where the peer said so with an ERROR frame, [`Origin::Library`] where it passed a limit.
        origin: Origin,
        /// The peer's or this library's code.
        code: ErrorCode,
        /// What was said with it, usually UTF-8.
        message: Cow<'a, [u8]>,
    },
    /// The peer takes so many items more on this stream.
    Granted {
        /// The stream.
        stream: u32,
        /// Whose it is.
        name: StreamName,
        /// How many more; at least 1.
        n: u32,
    },
    /// The peer wants no more items. A request of the peer has ended with it; a channel of this side goes on in the
    /// other direction.
    Cancelled {
        /// The stream.
        stream: u32,
        /// Whose it is.
        name: StreamName,
    },
    /// The peer allows this side so many requests, in place of what it allowed before.
    Lease {
        /// For how long, from now.
        ttl: Duration,
        /// How many; 0 for none.
        requests: u32,
        /// What the peer said with it.
        metadata: Option<&'a [u8]>,
    },
    /// The peer pushed metadata for the connection (specification, "METADATA_PUSH Frame").
    MetadataPush(&'a [u8]),
    /// The peer closes the connection once the streams under way have ended; new requests fail.
    Draining,
    /// The connection is over, every stream with it. What is left to send should be sent, then the transport closed.
    Closed,
}
