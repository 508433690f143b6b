//! RSocket for tokio: dial, listen, request, answer.
//!
//! [`connect`] opens a connection, [`Server::bind`] accepts them, and both give a [`Connection`] that requests. Either
//! side may also answer: a [`Handler`] is called for what the peer asks.
//!
//! ```no_run
//! use rsocket_runtime::{ConnectOptions, Failure, Payload, Server, ServerOptions, connect};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let server = Server::bind("tcp://127.0.0.1:0", ServerOptions::default()).await?;
//! let url = server.url();
//! let serving = server.serve(|request: Payload| async move { Ok::<_, Failure>(Some(request)) });
//!
//! let connection = connect(&url, ConnectOptions::default()).await?;
//! let answer = connection.request_response(Payload::new("hello")).await?;
//! assert_eq!(answer, Some(Payload::new("hello")));
//!
//! connection.close();
//! serving.shutdown(std::time::Duration::from_secs(5)).await;
//! # Ok(())
//! # }
//! ```
//!
//! # What a caller can rely on
//! - **No request hangs.** A request ends with its answer, or with a typed [`Error`] as soon as the connection is
//!   lost, closed by either side, or silent for longer than its lifetime.
//! - **Dropping is cancelling.** A dropped request future or stream sends CANCEL, and the peer's handler future is
//!   dropped.
//! - **Items come as they are asked for.** A stream or channel holds as many items as its prefetch, and asks for more as
//!   they are taken; a stream that nobody reads delays no other.
//! - **Leases are kept.** Where both sides take part in [leases](LeaseStrategy), a request that the peer does not allow
//!   fails at once and is not sent; one that this side does not allow is rejected and reaches no handler.
//! - **A transport may be lost.** Where both sides [resume](ResumeOptions), requests outlive it, and nothing is lost or
//!   doubled.
//! - **Memory is bounded.** Output waits in a buffer of [`max_output_bytes`](ConnectOptions::max_output_bytes); callers
//!   wait for room there, in order. Input is held up to the longest frame of [`Limits`]; the peer's requests are bounded
//!   by [`Limits::max_inbound_streams`].
//!
//! # Transports
//! `tcp://host:port`; on Unix, `unix:///path`; with the feature `tls`, `tls://host:port`; with the feature `websocket`,
//! `ws://host:port/path`; with both, `wss://host:port/path`. Both are on by default. With the feature `quic`,
//! `quic://host:port`. Any other that keeps bytes in order: [`Connection::over`], and
//! [`Layered`] for one with a layer over it.
//!
//! # The runtime
//! Connections are driven by one task each on the tokio runtime that they were opened on, which needs its I/O and time
//! drivers enabled. Requests may be made from any thread and any executor.
#![forbid(unsafe_code)]

mod acceptor;
mod address;
mod answer;
mod backoff;
mod channel;
mod connection;
mod dial;
mod driver;
mod error;
mod exchange;
mod failure;
mod handler;
mod happy_eyeballs;
mod item;
mod item_sender;
mod items;
mod layered;
mod layers;
mod lease;
mod lease_watch;
mod links;
mod listen;
mod listener;
mod not_sent;
mod opening;
mod options;
mod outlet;
mod output;
mod payload;
mod pending;
mod postponed;
mod receiver;
mod reply;
mod request_stream;
mod resume;
mod resume_events;
mod room;
mod serving;
mod sessions;
mod setup;
mod share;
mod shared;
mod slab;
mod socket;
mod streams;
mod submitted;
#[cfg(feature = "tls")]
pub mod tls;
mod transport;
mod turnstile;
#[cfg(unix)]
mod unix_socket;
mod window;

pub use acceptor::{AcceptAll, Acceptor};
pub use address::{AddressError, AddressProblem, supported_transports};
pub use backoff::{Backoff, Jitter};
pub use channel::{Channel, OpenChannel};
pub use connection::Connection;
pub use dial::{ConnectError, connect};
pub use error::Error;
pub use failure::Failure;
pub use handler::{Handler, NotSupported};
pub use item::IntoItem;
pub use item_sender::ItemSender;
pub use items::Items;
pub use layered::Layered;
pub use lease::{FixedLease, Lease, LeaseStrategy};
pub use lease_watch::LeaseWatch;
pub use listen::{BindError, Server};
pub use not_sent::NotSent;
pub use options::{ConnectOptions, ServerOptions};
pub use payload::Payload;
pub use request_stream::RequestStream;
pub use resume::ResumeOptions;
pub use resume_events::{ResumeEvent, ResumeEvents};
pub use serving::Serving;
pub use setup::{Rejection, Setup};

pub use rsocket_protocol::frame::ErrorCode;
pub use rsocket_protocol::{CloseReason, FrameStore, Limits, MemoryStore, Origin, SetupConfig};
pub use rsocket_transport::layer::{Layer, LayerError, LayerErrorKind};
#[cfg(feature = "websocket")]
pub use rsocket_transport::websocket;
