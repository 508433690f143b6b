//! What all metadata has in common.

use bytes::BufMut;

use super::{EncodeError, MimeType};

/// Metadata of one MIME type: what one entry of [`Composite`](super::Composite) metadata holds.
pub trait Item {
    /// How the content is encoded.
    fn mime_type(&self) -> MimeType<'_>;

    /// The length of the content in bytes: without the MIME type, and without the length that composite
    /// metadata puts before it. Fails where [`encode`](Self::encode) would.
    fn encoded_len(&self) -> Result<usize, EncodeError>;

    /// Writes the content. If it fails, nothing was written.
    ///
    /// # Panics
    /// If `out` cannot grow and has less room than [`encoded_len`](Self::encoded_len).
    fn encode(&self, out: &mut impl BufMut) -> Result<(), EncodeError>;
}
