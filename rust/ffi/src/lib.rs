//! The C ABI of the RSocket engine. `rsocket.h` is made from this crate by cbindgen.
//!
//! The library starts no threads, makes no callbacks and does no I/O, except for [`quic`]. A program owns its sockets and its clock; it
//! hands received bytes, commands and the time to [`rsocket_connection_drive`](connection::rsocket_connection_drive)
//! and gets events, bytes to send and the next deadline back.
//!
//! # Conventions
//! - Every name starts with `rsocket_` or `RSOCKET_`.
//! - Handles are opaque, made by a `_new` function and given back to its `_free`; freeing NULL does nothing.
//! - Inputs come first and are not changed, outputs come last and are written only on success.
//! - A function that can fail returns [`rsocket_result`](result::rsocket_result). NULL where a pointer is needed gives
//!   `RSOCKET_RESULT_NULL_ARGUMENT`; an array of length 0 may be NULL.
//! - A handle is used by one thread at a time. A second thread that enters a connection gets `RSOCKET_RESULT_BUSY`.
//! - A panic inside the library is caught, returned as `RSOCKET_RESULT_PANIC`, and makes that one handle unusable.
//! - Records that cross in arrays hold no pointers.
#![allow(non_camel_case_types)]

pub mod config;
pub mod connection;
mod drive;
mod gate;
mod guard;
pub mod layer;
mod memory;
pub mod quic;
pub mod record;
pub mod result;
pub mod resume;
mod setup;
pub mod version;
pub mod websocket;

#[cfg(test)]
mod tests;
