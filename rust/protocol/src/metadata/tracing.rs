//! The trace that a request belongs to ("Tracing (Zipkin) Metadata Extension").

use bytes::BufMut;

use super::fields::take_array;
use super::{DecodeError, EncodeError, Item, MimeType, WellKnownMime};

/// The flags, in the first byte. The lowest two bits are not defined.
mod flag {
    pub(super) const IDS: u8 = 0x80;
    pub(super) const DEBUG: u8 = 0x40;
    pub(super) const SAMPLED: u8 = 0x20;
    pub(super) const NOT_SAMPLED: u8 = 0x10;
    pub(super) const TRACE_ID_128: u8 = 0x08;
    pub(super) const PARENT: u8 = 0x04;
}

/// What Zipkin needs to know of the requester: at most 33 bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Zipkin {
    /// Whether the trace is recorded.
    pub sampling: Sampling,
    /// Where in the trace the request is. `None` where only the sampling is told.
    pub span: Option<Span>,
}

/// Whether a trace is recorded. Where a peer sets several of the flags, the first one of Debug, Sampled,
/// NotSampled counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Sampling {
    /// The receiver decides.
    #[default]
    Undecided,
    /// It is not.
    NotSampled,
    /// It is.
    Sampled,
    /// It is, whatever the sampling policy.
    Debug,
}

/// One operation of a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Span {
    /// The trace, shared by all its spans.
    pub trace_id: TraceId,
    /// This span.
    pub id: u64,
    /// The span that this one is a part of. `None` for the first of a trace.
    pub parent_id: Option<u64>,
}

/// The id of a trace, in either of its sizes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TraceId {
    /// Of 64 bits.
    Short(u64),
    /// Of 128 bits.
    Long(u128),
}

impl Zipkin {
    /// Reads the content of tracing metadata. Bits and bytes that the extension does not define are
    /// dropped, and so are the sizes of ids where there are no ids.
    pub fn decode(mut content: &[u8]) -> Result<Self, DecodeError> {
        let [flags] = take_array(&mut content, "flags")?;
        let span = if flags & flag::IDS != 0 {
            Some(Span::decode(flags, content)?)
        } else {
            None
        };
        Ok(Self {
            sampling: Sampling::from_flags(flags),
            span,
        })
    }

    fn flags(&self) -> u8 {
        self.sampling.flag() | self.span.map_or(0, |span| span.flags())
    }
}

impl Sampling {
    const fn from_flags(flags: u8) -> Self {
        if flags & flag::DEBUG != 0 {
            Self::Debug
        } else if flags & flag::SAMPLED != 0 {
            Self::Sampled
        } else if flags & flag::NOT_SAMPLED != 0 {
            Self::NotSampled
        } else {
            Self::Undecided
        }
    }

    const fn flag(self) -> u8 {
        match self {
            Self::Undecided => 0,
            Self::NotSampled => flag::NOT_SAMPLED,
            Self::Sampled => flag::SAMPLED,
            Self::Debug => flag::DEBUG,
        }
    }
}

impl Span {
    fn decode(flags: u8, mut ids: &[u8]) -> Result<Self, DecodeError> {
        let trace_id = if flags & flag::TRACE_ID_128 != 0 {
            TraceId::Long(u128::from_be_bytes(take_array(&mut ids, "trace ID")?))
        } else {
            TraceId::Short(u64::from_be_bytes(take_array(&mut ids, "trace ID")?))
        };
        let id = u64::from_be_bytes(take_array(&mut ids, "span ID")?);
        let parent_id = if flags & flag::PARENT != 0 {
            let parent_id = take_array(&mut ids, "parent span ID")?;
            Some(u64::from_be_bytes(parent_id))
        } else {
            None
        };
        Ok(Self {
            trace_id,
            id,
            parent_id,
        })
    }

    fn flags(&self) -> u8 {
        let size = match self.trace_id {
            TraceId::Short(_) => 0,
            TraceId::Long(_) => flag::TRACE_ID_128,
        };
        let parent = self.parent_id.map_or(0, |_| flag::PARENT);
        flag::IDS | size | parent
    }

    fn encoded_len(&self) -> usize {
        let trace_id_len = match self.trace_id {
            TraceId::Short(_) => 8,
            TraceId::Long(_) => 16,
        };
        trace_id_len + 8 + self.parent_id.map_or(0, |_| 8)
    }

    fn encode(&self, out: &mut impl BufMut) {
        match self.trace_id {
            TraceId::Short(id) => out.put_u64(id),
            TraceId::Long(id) => out.put_u128(id),
        }
        out.put_u64(self.id);
        if let Some(parent_id) = self.parent_id {
            out.put_u64(parent_id);
        }
    }
}

/// Encoding never fails.
impl Item for Zipkin {
    fn mime_type(&self) -> MimeType<'_> {
        WellKnownMime::TracingZipkin.into()
    }

    fn encoded_len(&self) -> Result<usize, EncodeError> {
        Ok(1 + self.span.map_or(0, |span| span.encoded_len()))
    }

    fn encode(&self, out: &mut impl BufMut) -> Result<(), EncodeError> {
        out.put_u8(self.flags());
        if let Some(span) = &self.span {
            span.encode(out);
        }
        Ok(())
    }
}
