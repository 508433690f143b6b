//! Where a connection writes its frames.
//!
//! The transport layer below implements [`FrameSink`]: it knows how a frame is delimited on its kind of wire and where
//! the bytes go. Small payloads are copied into the sink. Large ones can stay where the driver holds them: the
//! connection then writes only the headers and refers to the payload's bytes by the driver's token.

use bytes::BufMut;

use crate::frame::PayloadRef;

/// The half of a payload that an [`ExternalSpan`] refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The payload's metadata.
    Metadata,
    /// The payload's data.
    Data,
}

/// Bytes of a payload that the driver holds, to be sent at this place of the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExternalSpan {
    /// The driver's name for the payload.
    pub token: u64,
    /// Which half of it.
    pub part: Part,
    /// First byte of the span within that half.
    pub offset: usize,
    /// Length of the span in bytes; never 0.
    pub len: usize,
    /// Nothing of this payload follows: once this span is written, the driver may let go of it.
    pub last: bool,
}

/// A payload that stays in the driver's memory while it is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExternalBody {
    /// The driver's name for the payload; comes back in each [`ExternalSpan`].
    pub token: u64,
    /// Length of the metadata in bytes, or `None` where the payload has none.
    pub metadata_len: Option<usize>,
    /// Length of the data in bytes.
    pub data_len: usize,
}

/// A payload on its way out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body<'a> {
    /// Copied into the sink at once.
    Inline(PayloadRef<'a>),
    /// Referred to by the sink, and held by the driver until its last span is written.
    External(ExternalBody),
}

impl Body<'_> {
    /// The payload's length on the wire in bytes: the metadata length field, the metadata and the data.
    #[must_use]
    pub fn wire_len(&self) -> usize {
        match self {
            Self::Inline(payload) => payload.wire_len(),
            Self::External(body) => {
                body.metadata_len
                    .map_or(0, |len| METADATA_LENGTH_FIELD + len)
                    + body.data_len
            }
        }
    }

    /// The payload's length in bytes: the metadata and the data.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Inline(payload) => payload.metadata.map_or(0, <[u8]>::len) + payload.data.len(),
            Self::External(body) => body.len(),
        }
    }

    /// Whether the payload has metadata, be it empty.
    #[must_use]
    pub fn has_metadata(&self) -> bool {
        match self {
            Self::Inline(payload) => payload.metadata.is_some(),
            Self::External(body) => body.metadata_len.is_some(),
        }
    }

    /// How many of [`Self::wire_len`]'s bytes stay in the driver's memory.
    pub(crate) fn external_len(&self) -> usize {
        match self {
            Self::Inline(_) => 0,
            Self::External(body) => body.len(),
        }
    }

    /// Writes the payload as the end of a frame.
    pub(crate) fn write<S: FrameSink>(&self, sink: &mut S) {
        match self {
            Self::Inline(payload) => payload.encode(sink.buffer()),
            Self::External(body) => body.write(sink),
        }
    }
}

impl ExternalBody {
    pub(crate) fn len(&self) -> usize {
        self.metadata_len.unwrap_or(0) + self.data_len
    }

    fn write<S: FrameSink>(&self, sink: &mut S) {
        let metadata_len = self.metadata_len.unwrap_or(0);
        if let Some(len) = self.metadata_len {
            sink.buffer().put_uint(len as u64, METADATA_LENGTH_FIELD);
        }
        let spans = [(Part::Metadata, metadata_len), (Part::Data, self.data_len)];
        for (part, len) in spans.into_iter().filter(|(_, len)| *len > 0) {
            let last = part == Part::Data || self.data_len == 0;
            sink.external(ExternalSpan {
                token: self.token,
                part,
                offset: 0,
                len,
                last,
            });
        }
    }
}

/// Bytes of a payload's metadata length field.
const METADATA_LENGTH_FIELD: usize = 3;

/// A destination for frames, implemented by the layer below.
///
/// A frame is written as [`begin`](Self::begin), then any mix of [`buffer`](Self::buffer) and
/// [`external`](Self::external) that adds up to the announced lengths, then [`end`](Self::end).
pub trait FrameSink {
    /// The buffer that takes the bytes.
    type Buffer: BufMut;

    /// Starts a frame of `inline` bytes that are written here and `external` bytes that are referred to.
    ///
    /// Returns false when there is no room: nothing was written, and the frame is to be offered again later.
    #[must_use]
    fn begin(&mut self, inline: usize, external: usize) -> bool;

    /// The buffer for the frame's inline bytes.
    fn buffer(&mut self) -> &mut Self::Buffer;

    /// Places a span of a payload that the driver holds.
    fn external(&mut self, span: ExternalSpan);

    /// Ends the frame.
    fn end(&mut self);
}
