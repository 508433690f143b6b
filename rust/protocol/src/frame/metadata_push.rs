//! METADATA_PUSH: metadata about the connection.

use bytes::BufMut;

use super::{DecodeError, Flags};

/// The body of a METADATA_PUSH frame ("METADATA_PUSH Frame (0x0C)"). On stream 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MetadataPush<'a> {
    /// The whole body, without a length before it.
    pub metadata: &'a [u8],
}

impl<'a> MetadataPush<'a> {
    /// Takes the body as metadata, also if the metadata flag, which the frame must have, is missing.
    pub fn decode(_flags: Flags, body: &'a [u8]) -> Result<Self, DecodeError> {
        Ok(Self { metadata: body })
    }

    /// METADATA, always.
    pub fn flags(&self) -> Flags {
        Flags::METADATA
    }

    /// The length of the body in bytes.
    pub fn body_len(&self) -> usize {
        self.metadata.len()
    }

    /// Writes the body.
    pub fn encode_body(&self, out: &mut impl BufMut) {
        out.put_slice(self.metadata);
    }
}

#[cfg(test)]
mod tests {
    use super::super::Frame;
    use super::super::table::{Entry, check};
    use super::*;

    // Conforms: metadata/only-metadata, metadata-push/layout, metadata-push/no-length
    #[test]
    fn metadata_push_is_laid_out_as_specified() {
        check(&[
            Entry {
                name: "metadata, which has no length before it",
                stream_id: 0,
                frame: Frame::MetadataPush(MetadataPush { metadata: b"meta" }),
                bytes: &[
                    0x00, 0x00, 0x00, 0x00, // stream id 0
                    0x31, 0x00, // type 12, METADATA
                    b'm', b'e', b't', b'a', // metadata
                ],
                required: 6,
            },
            Entry {
                name: "empty metadata",
                stream_id: 0,
                frame: Frame::MetadataPush(MetadataPush { metadata: b"" }),
                bytes: &[
                    0x00, 0x00, 0x00, 0x00, // stream id 0
                    0x31, 0x00, // type 12, METADATA
                ],
                required: 6,
            },
        ]);
    }

    #[test]
    fn a_missing_metadata_flag_decodes() {
        let decoded = MetadataPush::decode(Flags::EMPTY, b"m");
        assert_eq!(decoded, Ok(MetadataPush { metadata: b"m" }));
    }
}
