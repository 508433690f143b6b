//! The frames of RSocket 1.0: bytes to structs that borrow from them, and back.
//!
//! The codec reads and writes one frame at a time, without the 24-bit length that stream transports
//! put before it. It copies nothing, allocates nothing and panics on no input.
//!
//! It decides what can be *parsed*, never what is *allowed*. A [`DecodeError`] means that the bytes
//! have no reading as the frame that their type says: a field or a length reaches past the end.
//! Everything else decodes, and is the connection's to judge, because the answer depends on the state
//! of the connection or names an error code: values that the specification forbids (a keepalive
//! interval, lifetime or request n of 0, an extended type of 0), a stream id that does not suit the
//! frame type, a PAYLOAD with neither NEXT nor COMPLETE, a METADATA_PUSH without the metadata flag.
//!
//! What the specification tells a receiver not to interpret is dropped: reserved bits, flags that the
//! frame type does not define, and bytes after the last field of a frame of fixed length.
//!
//! All integers are big endian ("Introduction").

mod any;
mod cancel;
mod decode_error;
mod error;
mod error_code;
mod ext;
mod fields;
mod flags;
mod frame_type;
mod header;
mod keepalive;
mod lease;
mod metadata_push;
mod payload;
mod payload_ref;
mod request_channel;
mod request_fnf;
mod request_n;
mod request_response;
mod request_stream;
mod resume;
mod resume_ok;
mod setup;
mod version;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod table;

pub use any::Frame;
pub use cancel::Cancel;
pub use decode_error::DecodeError;
pub use error::ErrorFrame;
pub use error_code::ErrorCode;
pub use ext::Ext;
pub use flags::Flags;
pub use frame_type::{FrameType, UnknownFrameType};
pub use header::FrameHeader;
pub use keepalive::Keepalive;
pub use lease::Lease;
pub use metadata_push::MetadataPush;
pub use payload::PayloadFrame;
pub use payload_ref::PayloadRef;
pub use request_channel::RequestChannel;
pub use request_fnf::RequestFnf;
pub use request_n::RequestN;
pub use request_response::RequestResponse;
pub use request_stream::RequestStream;
pub use resume::Resume;
pub use resume_ok::ResumeOk;
pub use setup::Setup;
pub use version::Version;

/// The longest frame, header included, in bytes: what a 24-bit length can say, on every transport
/// ("Max Frame Size").
pub const MAX_FRAME_LEN: usize = 0xFF_FFFF;

/// The highest stream id; the top bit of the field is reserved ("Frame Header Format").
pub const MAX_STREAM_ID: u32 = 0x7FFF_FFFF;
