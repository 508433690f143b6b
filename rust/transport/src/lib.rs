//! Sans-IO byte layers below the RSocket protocol: bytes in, frames out, and back.
//!
//! A layer does no I/O. It finds the frames in bytes that a driver has read, and implements
//! [`FrameSink`](rsocket_protocol::FrameSink) for the bytes that the driver will write.
#![forbid(unsafe_code)]

pub mod layer;
pub mod length_prefix;
