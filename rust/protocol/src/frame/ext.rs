//! EXT: room for frame types that the protocol does not have.

use bytes::BufMut;

use super::fields::{Fields, MAX_U31};
use super::{DecodeError, Flags, FrameType, PayloadRef};

/// The body of an EXT frame ("EXT (Extension) Frame (0x3F)").
///
/// What follows the extended type depends on it, so that the codec keeps those bytes as they are: an
/// extension that nobody here knows must not fail to decode, or it could not be ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ext<'a> {
    /// The extension that the frame belongs to. 31 bits: more fails a debug assertion, and the top bit
    /// is dropped. Zero decodes; it is nobody's extension.
    pub extended_type: u32,
    /// Whether a receiver that does not understand the frame may ignore it.
    pub ignore: bool,
    /// Whether the frame has metadata, by its flag.
    pub has_metadata: bool,
    /// Everything after the extended type.
    pub body: &'a [u8],
}

impl<'a> Ext<'a> {
    /// Reads the body of an EXT frame.
    pub fn decode(flags: Flags, body: &'a [u8]) -> Result<Self, DecodeError> {
        let mut fields = Fields::new(FrameType::Ext, body);
        Ok(Self {
            extended_type: fields.u31("extended type")?,
            ignore: flags.contains(Flags::IGNORE),
            has_metadata: flags.contains(Flags::METADATA),
            body: fields.rest(),
        })
    }

    /// Reads the bytes after the extended type as metadata and data, for an extension that lays them
    /// out as other frames do.
    pub fn payload(&self) -> Result<PayloadRef<'a>, DecodeError> {
        PayloadRef::decode(self.has_metadata, self.body)
    }

    /// IGNORE, METADATA.
    pub fn flags(&self) -> Flags {
        Flags::IGNORE.when(self.ignore) | Flags::METADATA.when(self.has_metadata)
    }

    /// The length of the body in bytes, extended type included.
    pub fn body_len(&self) -> usize {
        4 + self.body.len()
    }

    /// Writes the body.
    pub fn encode_body(&self, out: &mut impl BufMut) {
        debug_assert!(
            self.extended_type <= MAX_U31,
            "extended type {}",
            self.extended_type
        );
        out.put_u32(self.extended_type & MAX_U31);
        out.put_slice(self.body);
    }
}

#[cfg(test)]
mod tests {
    use super::super::Frame;
    use super::super::table::{Entry, check};
    use super::*;

    // Conforms: ext/layout
    #[test]
    fn ext_is_laid_out_as_specified() {
        check(&[
            Entry {
                name: "may be ignored, metadata flag, a body that no payload has",
                stream_id: 1,
                frame: Frame::Ext(Ext {
                    extended_type: 0x0102_0304,
                    ignore: true,
                    has_metadata: true,
                    body: b"\xFF",
                }),
                bytes: &[
                    0x00, 0x00, 0x00, 0x01, // stream id 1
                    0xFF, 0x00, // type 63, IGNORE, METADATA
                    0x01, 0x02, 0x03, 0x04, // extended type
                    0xFF, // body
                ],
                required: 10,
            },
            Entry {
                name: "must be understood, no body, forbidden extended type of zero",
                stream_id: 0,
                frame: Frame::Ext(Ext {
                    extended_type: 0,
                    ignore: false,
                    has_metadata: false,
                    body: b"",
                }),
                bytes: &[
                    0x00, 0x00, 0x00, 0x00, // stream id 0
                    0xFC, 0x00, // type 63, no flags
                    0x00, 0x00, 0x00, 0x00, // extended type 0
                ],
                required: 10,
            },
        ]);
    }

    #[test]
    fn an_extension_may_lay_out_a_payload() {
        let body = [0, 0, 0, 1, 0, 0, 1, b'm', b'd'];
        let ext = Ext::decode(Flags::METADATA, &body).expect("decodes");
        assert_eq!(ext.payload(), Ok(PayloadRef::new(Some(b"m"), b"d")));

        let ext = Ext::decode(Flags::EMPTY, &body).expect("decodes");
        assert_eq!(ext.payload(), Ok(PayloadRef::from_data(&body[4..])));
    }

    // Conforms: header/reserved-bit
    #[test]
    fn the_reserved_bit_of_the_extended_type_is_masked() {
        let ext = Ext::decode(Flags::EMPTY, &[0x80, 0, 0, 7]).expect("decodes");
        assert_eq!(ext.extended_type, 7);
    }
}
