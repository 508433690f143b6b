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
//! - **Dropping is cancelling.** A dropped request future sends CANCEL, and the peer's handler future is dropped.
//! - **Memory is bounded.** Output waits in a buffer of [`max_output_bytes`](ConnectOptions::max_output_bytes); callers
//!   wait for room there, in order. Input is held up to the longest frame of [`Limits`]; the peer's requests are bounded
//!   by [`Limits::max_inbound_streams`].
//!
//! # The runtime
//! Connections are driven by one task each on the tokio runtime that they were opened on, which needs its I/O and time
//! drivers enabled. Requests may be made from any thread and any executor.
#![forbid(unsafe_code)]

mod acceptor;
mod address;
mod answer;
mod connection;
mod dial;
mod driver;
mod error;
mod failure;
mod handler;
mod listen;
mod options;
mod output;
mod payload;
mod pending;
mod room;
mod serving;
mod setup;
mod shared;
mod slab;

pub use acceptor::{AcceptAll, Acceptor};
pub use address::AddressError;
pub use connection::Connection;
pub use dial::{ConnectError, connect};
pub use error::Error;
pub use failure::Failure;
pub use handler::{Handler, NotSupported};
pub use listen::{BindError, Server};
pub use options::{ConnectOptions, ServerOptions};
pub use payload::Payload;
pub use serving::Serving;
pub use setup::{Rejection, Setup};

pub use rsocket_protocol::frame::ErrorCode;
pub use rsocket_protocol::{CloseReason, Limits, Origin, SetupConfig};
