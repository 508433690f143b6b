//! Why bytes are not a frame.

use super::{FrameHeader, FrameType};

/// Bytes that have no reading as the frame that they claim to be.
///
/// The connection answers with CONNECTION_ERROR and closes, unless the frame's
/// [`IGNORE`](super::Flags::IGNORE) flag is set ("Metadata Optional Header"); the flag is in the header,
/// which decodes in every case but [`Header`](Self::Header).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The frame is shorter than a header.
    #[error(
        "frame of {len} bytes is shorter than its header of {} bytes",
        FrameHeader::LEN
    )]
    Header {
        /// The length of the whole frame in bytes.
        len: usize,
    },
    /// The frame ends before or within a field that its type must have.
    #[error("{frame_type} frame ends within its {field}")]
    Truncated {
        /// The type of the frame.
        frame_type: FrameType,
        /// The field, in the specification's words.
        field: &'static str,
    },
    /// The metadata flag is set, but the frame has no room for the 24-bit metadata length.
    #[error("metadata flag is set, but only {available} bytes are left for the metadata length")]
    MetadataHeader {
        /// The bytes that are left where the length should stand: 0 to 2.
        available: usize,
    },
    /// The metadata length reaches past the end of the frame.
    #[error("metadata length is {declared}, but only {available} bytes are left")]
    MetadataLength {
        /// The metadata length that the frame states, in bytes.
        declared: usize,
        /// The bytes after the metadata length.
        available: usize,
    },
}
