//! Sans-IO byte layers below the RSocket protocol: bytes in, frames out, and back.
//!
//! Nothing here does I/O. [`length_prefix`] finds the frames in bytes that a driver has read, and implements
//! [`FrameSink`](rsocket_protocol::FrameSink) for the bytes that the driver will write. A [`Layer`](layer::Layer) stands
//! between such bytes and a transport.
#![forbid(unsafe_code)]

pub mod layer;
pub mod length_prefix;
#[cfg(feature = "tls")]
pub mod tls;
#[cfg(feature = "websocket")]
pub mod websocket;
