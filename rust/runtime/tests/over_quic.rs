//! The interactions over QUIC: the same tests as over TCP, in a program whose transport is another one.
#![cfg(feature = "quic")]
#![allow(clippy::duplicate_mod, reason = "each suite brings what it needs")]

#[path = "cancel.rs"]
mod cancel;
#[path = "items_close.rs"]
mod items_close;
#[path = "metadata_push.rs"]
mod metadata_push;
#[path = "request_channel.rs"]
mod request_channel;
#[path = "request_response.rs"]
mod request_response;
#[path = "request_stream.rs"]
mod request_stream;
