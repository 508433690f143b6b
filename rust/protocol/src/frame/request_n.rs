//! REQUEST_N: credit for more payloads.

use bytes::BufMut;

use super::fields::{Fields, put_u31};
use super::{DecodeError, Flags, FrameType};

/// The body of a REQUEST_N frame ("REQUEST_N Frame (0x08)").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RequestN {
    /// The payloads that the peer may send beyond those granted before. 31 bits: more is sent as the
    /// largest. Zero decodes; the connection refuses it.
    pub n: u32,
}

impl RequestN {
    /// Reads the body of a REQUEST_N frame. Bytes after the field are ignored.
    #[inline]
    pub fn decode(_flags: Flags, body: &[u8]) -> Result<Self, DecodeError> {
        let mut fields = Fields::new(FrameType::RequestN, body);
        Ok(Self {
            n: fields.u31("request n")?,
        })
    }

    /// None: the frame defines no flags.
    #[inline]
    pub fn flags(&self) -> Flags {
        Flags::EMPTY
    }

    /// The length of the body in bytes.
    #[inline]
    pub fn body_len(&self) -> usize {
        4
    }

    /// Writes the body.
    #[inline]
    pub fn encode_body(&self, out: &mut impl BufMut) {
        put_u31(self.n, out);
    }
}

#[cfg(test)]
mod tests {
    use super::super::Frame;
    use super::super::table::{Entry, check};
    use super::*;

    // Conforms: request-n/layout
    #[test]
    fn request_n_is_laid_out_as_specified() {
        check(&[
            Entry {
                name: "some",
                stream_id: 1,
                frame: Frame::RequestN(RequestN { n: 0x0102_0304 }),
                bytes: &[
                    0x00, 0x00, 0x00, 0x01, // stream id 1
                    0x20, 0x00, // type 8, no flags
                    0x01, 0x02, 0x03, 0x04, // request n
                ],
                required: 10,
            },
            Entry {
                name: "forbidden zero",
                stream_id: 2,
                frame: Frame::RequestN(RequestN { n: 0 }),
                bytes: &[
                    0x00, 0x00, 0x00, 0x02, // stream id 2
                    0x20, 0x00, // type 8, no flags
                    0x00, 0x00, 0x00, 0x00, // request n 0
                ],
                required: 10,
            },
        ]);
    }

    // Conforms: header/reserved-bit
    #[test]
    fn the_reserved_bit_is_masked_and_never_sent() {
        let decoded = RequestN::decode(Flags::EMPTY, &[0x80, 0, 0, 5]);
        assert_eq!(decoded, Ok(RequestN { n: 5 }));

        let mut out = Vec::new();
        RequestN { n: u32::MAX }.encode_body(&mut out);
        assert_eq!(out, [0x7F, 0xFF, 0xFF, 0xFF]);
    }

    #[test]
    fn bytes_after_the_field_are_ignored() {
        let decoded = RequestN::decode(Flags::EMPTY, &[0, 0, 0, 5, 9]);
        assert_eq!(decoded, Ok(RequestN { n: 5 }));
    }
}
