//! The metadata extensions of RSocket: what can stand in the metadata of a payload, and how.
//!
//! - [`Composite`]: several metadata of different MIME types in one ("Composite Metadata Extension").
//! - [`Routing`]: where a request should go ("Routing Metadata Extension").
//! - [`StreamMime`], [`AcceptMimes`]: how the data of one request and of its answers is encoded
//!   ("Stream Data MIME Types Metadata Extension").
//! - [`Auth`]: who asks ("Authentication Extension").
//! - [`Zipkin`]: the trace that a request belongs to ("Tracing (Zipkin) Metadata Extension").
//!
//! A connection does not look into metadata: which of these it carries is agreed on by the MIME type in
//! SETUP. That is usually [`WellKnownMime::CompositeMetadata`]; it may also be one of the others, whose
//! content then is the whole metadata.
//!
//! Decoding borrows from the bytes, allocates nothing and panics on no input. Encoding checks every
//! limit before it writes the first byte. All integers are big endian.
//!
//! The extensions are at version 0 of their documents, which leave one thing open: in the seven bits
//! before a MIME type or an authentication type stands its length *less one*. Only so do the 128 bytes
//! fit that the documents allow, and so the implementations in other languages write and read it.

mod auth;
mod composite;
mod error;
mod fields;
mod item;
mod mime_type;
mod name;
mod routing;
mod stream_mime;
mod tracing;
mod well_known_mime;

#[cfg(test)]
mod properties;

pub use auth::{Auth, OtherAuthType};
pub use composite::{Composite, Entries, Entry};
pub use error::{DecodeError, EncodeError};
pub use item::Item;
pub use mime_type::MimeType;
pub use routing::{Routing, Tags};
pub use stream_mime::{AcceptMimes, MimeTypes, StreamMime};
pub use tracing::{Sampling, Span, TraceId, Zipkin};
pub use well_known_mime::WellKnownMime;

/// The longest MIME type or authentication type in bytes, where it is sent as text.
pub const MAX_NAME_LEN: usize = 128;
