//! QUIC for RSocket, by quinn: a connection is one stream of bytes.
//!
//! [`connect`] and [`Listener`] give a [`Stream`], which is `AsyncRead` and `AsyncWrite` and carries length-prefixed frames as
//! a TCP connection does. It is the only stream of its QUIC connection: bidirectional, opened by the client. TLS 1.3 is part
//! of QUIC; a rustls config says whom to trust and what to show, and the protocol that both sides name (ALPN) is
//! `rsocket`, unless the config names others. Nothing is sent before the handshake is over (0-RTT), and no sessions are
//! resumed.
//!
//! A server lets its client open the stream when it has accepted the client's certificate. So a client that has connected
//! to such a server has been let in, which over TCP it would find out later.
//!
//! - `client`, `listener`: how connections come about
//! - `stream`: what they are used for
//! - `config`, `limits`: what they are told
//! - `error`: what went wrong, in the words of the other transports
//! - `bridge`, on Unix systems: the same for programs that do not use tokio
#![forbid(unsafe_code)]

#[cfg(unix)]
pub mod bridge;
mod client;
mod config;
mod error;
mod limits;
mod listener;
mod stream;

pub use client::connect;
pub use config::{ClientConfig, ServerConfig};
pub use limits::Limits;
pub use listener::{Incoming, Listener, Next};
pub use stream::Stream;

/// The protocol that both sides name (ALPN).
pub const ALPN: &[u8] = b"rsocket";
