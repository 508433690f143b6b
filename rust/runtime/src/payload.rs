//! What requests and answers carry.

use bytes::Bytes;
use rsocket_protocol::frame::PayloadRef;
use rsocket_protocol::{Body, ExternalBody, InboundPayload, OwnedPayload};

/// Metadata and data, both opaque bytes.
///
/// Absent metadata (`None`) and empty metadata (`Some`) are different payloads and arrive as such. Cloning is cheap: the
/// bytes are shared.
///
/// A received payload may share memory with what arrived beside it: bytes of up to 4 KiB are copied out, larger ones are
/// slices of a read buffer of at most 64 KiB or of the frame's own buffer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Payload {
    /// The metadata, if there is any.
    pub metadata: Option<Bytes>,
    /// The data; absent data is empty data.
    pub data: Bytes,
}

impl Payload {
    /// A payload without metadata.
    pub fn new(data: impl Into<Bytes>) -> Self {
        Self {
            metadata: None,
            data: data.into(),
        }
    }

    /// The same data with this metadata.
    #[must_use]
    pub fn with_metadata(mut self, metadata: impl Into<Bytes>) -> Self {
        self.metadata = Some(metadata.into());
        self
    }

    pub(crate) fn as_ref(&self) -> PayloadRef<'_> {
        PayloadRef::new(self.metadata.as_deref(), &self.data)
    }

    /// The payload as a body that is copied.
    pub(crate) fn inline(&self) -> Body<'_> {
        Body::Inline(self.as_ref())
    }

    /// The payload as a body that stays where it is, under this name.
    pub(crate) fn external(&self, token: u64) -> Body<'static> {
        Body::External(ExternalBody {
            token,
            metadata_len: self.metadata.as_ref().map(Bytes::len),
            data_len: self.data.len(),
        })
    }

    /// Takes a received payload out of a frame that will be overwritten.
    pub(crate) fn copied(payload: InboundPayload<'_>) -> Self {
        Self::received(payload, Bytes::copy_from_slice)
    }

    /// Takes a received payload out of a frame that it may keep.
    pub(crate) fn sliced(payload: InboundPayload<'_>, frame: &Bytes) -> Self {
        Self::received(payload, |part| frame.slice_ref(part))
    }

    fn received(payload: InboundPayload<'_>, take: impl Fn(&[u8]) -> Bytes) -> Self {
        match payload {
            InboundPayload::Borrowed(PayloadRef { metadata, data }) => Self {
                metadata: metadata.map(&take),
                data: take(data),
            },
            InboundPayload::Owned(OwnedPayload { metadata, data }) => Self {
                metadata: metadata.map(Bytes::from),
                data: data.into(),
            },
        }
    }
}
