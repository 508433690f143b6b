//! RSocket 1.0 as a sans-IO state machine.
//!
//! This crate knows frames, streams and deadlines. It does no I/O, reads no clock, spawns nothing and never blocks: a
//! driver hands it received frames and the time, and takes events, frames to send and the next deadline from it. The
//! same [`Connection`] therefore serves a tokio program, a Go program and a simulation.
//!
//! - [`frame`]: every frame type of the specification, decoded without copying.
//! - [`metadata`]: composite metadata, routing, authentication and the other metadata extensions.
//! - [`Connection`]: one connection's state, as client or as server, requester and responder at once.
//! - [`FrameSink`]: where a connection writes its frames; implemented by the transport layer below.
#![forbid(unsafe_code)]

pub mod frame;
pub mod metadata;

mod config;
mod connection;
mod error;
mod event;
mod frame_store;
mod sink;
mod time;

pub use config::{Config, Limits, ResumeConfig, Role, SetupConfig};
pub use connection::Connection;
pub use error::{CloseReason, Origin, ResumeError, SendError};
pub use event::{
    Event, InboundPayload, OwnedPayload, RequestKind, ResumeRequest, SetupRequest, StreamName,
};
pub use frame_store::{FrameStore, MemoryStore};
pub use sink::{Body, ExternalBody, ExternalSpan, FrameSink, Part};
pub use time::Time;
