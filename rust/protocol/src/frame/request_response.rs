//! REQUEST_RESPONSE: a request for one payload.

use bytes::BufMut;

use super::{DecodeError, Flags, PayloadRef};

/// The body of a REQUEST_RESPONSE frame ("REQUEST_RESPONSE Frame (0x04)").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RequestResponse<'a> {
    /// Whether PAYLOAD frames with the rest of the payload follow ("Fragmentation And Reassembly").
    pub follows: bool,
    /// The request, or its first fragment.
    pub payload: PayloadRef<'a>,
}

impl<'a> RequestResponse<'a> {
    /// Reads the body of a REQUEST_RESPONSE frame.
    #[inline]
    pub fn decode(flags: Flags, body: &'a [u8]) -> Result<Self, DecodeError> {
        Ok(Self {
            follows: flags.contains(Flags::FOLLOWS),
            payload: PayloadRef::decode(flags.contains(Flags::METADATA), body)?,
        })
    }

    /// METADATA if the payload has metadata, FOLLOWS.
    #[inline]
    pub fn flags(&self) -> Flags {
        Flags::METADATA.when(self.payload.metadata.is_some()) | Flags::FOLLOWS.when(self.follows)
    }

    /// The length of the body in bytes.
    #[inline]
    pub fn body_len(&self) -> usize {
        self.payload.wire_len()
    }

    /// Writes the body.
    #[inline]
    pub fn encode_body(&self, out: &mut impl BufMut) {
        self.payload.encode(out);
    }
}

#[cfg(test)]
mod tests {
    use super::super::Frame;
    use super::super::table::{Entry, check};
    use super::*;

    // Conforms: metadata/length-field, metadata/absent, metadata/no-data, request-response/layout
    #[test]
    fn request_response_is_laid_out_as_specified() {
        check(&[
            Entry {
                name: "data only",
                stream_id: 1,
                frame: Frame::RequestResponse(RequestResponse {
                    follows: false,
                    payload: PayloadRef::from_data(b"ping"),
                }),
                bytes: &[
                    0x00, 0x00, 0x00, 0x01, // stream id 1
                    0x10, 0x00, // type 4, no flags
                    b'p', b'i', b'n', b'g', // data
                ],
                required: 6,
            },
            Entry {
                name: "first fragment, metadata and data, highest stream id",
                stream_id: 0x7FFF_FFFF,
                frame: Frame::RequestResponse(RequestResponse {
                    follows: true,
                    payload: PayloadRef::new(Some(b"me"), b"da"),
                }),
                bytes: &[
                    0x7F, 0xFF, 0xFF, 0xFF, // stream id 2^31 - 1
                    0x11, 0x80, // type 4, METADATA, FOLLOWS
                    0x00, 0x00, 0x02, b'm', b'e', // metadata
                    b'd', b'a', // data
                ],
                required: 6 + 5,
            },
            Entry {
                name: "empty metadata is not absent metadata",
                stream_id: 3,
                frame: Frame::RequestResponse(RequestResponse {
                    follows: false,
                    payload: PayloadRef::new(Some(b""), b""),
                }),
                bytes: &[
                    0x00, 0x00, 0x00, 0x03, // stream id 3
                    0x11, 0x00, // type 4, METADATA
                    0x00, 0x00, 0x00, // metadata
                ],
                required: 6 + 3,
            },
            Entry {
                name: "nothing at all",
                stream_id: 5,
                frame: Frame::RequestResponse(RequestResponse {
                    follows: false,
                    payload: PayloadRef::new(None, b""),
                }),
                bytes: &[
                    0x00, 0x00, 0x00, 0x05, // stream id 5
                    0x10, 0x00, // type 4, no flags
                ],
                required: 6,
            },
        ]);
    }
}
