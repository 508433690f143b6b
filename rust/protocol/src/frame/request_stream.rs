//! REQUEST_STREAM: a request for a stream of payloads.

use bytes::BufMut;

use super::fields::{Fields, put_u31};
use super::{DecodeError, Flags, FrameType, PayloadRef};

/// The body of a REQUEST_STREAM frame ("REQUEST_STREAM Frame (0x06)").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RequestStream<'a> {
    /// Whether PAYLOAD frames with the rest of the payload follow ("Fragmentation And Reassembly").
    pub follows: bool,
    /// The payloads that the requester takes for a start. 31 bits: more is sent as the largest. Zero
    /// decodes; the connection refuses it.
    pub initial_n: u32,
    /// The request, or its first fragment.
    pub payload: PayloadRef<'a>,
}

impl<'a> RequestStream<'a> {
    /// Reads the body of a REQUEST_STREAM frame.
    pub fn decode(flags: Flags, body: &'a [u8]) -> Result<Self, DecodeError> {
        let mut fields = Fields::new(FrameType::RequestStream, body);
        Ok(Self {
            follows: flags.contains(Flags::FOLLOWS),
            initial_n: fields.u31("initial request n")?,
            payload: PayloadRef::decode(flags.contains(Flags::METADATA), fields.rest())?,
        })
    }

    /// METADATA if the payload has metadata, FOLLOWS.
    pub fn flags(&self) -> Flags {
        Flags::METADATA.when(self.payload.metadata.is_some()) | Flags::FOLLOWS.when(self.follows)
    }

    /// The length of the body in bytes.
    pub fn body_len(&self) -> usize {
        4 + self.payload.wire_len()
    }

    /// Writes the body.
    pub fn encode_body(&self, out: &mut impl BufMut) {
        put_u31(self.initial_n, out);
        self.payload.encode(out);
    }
}

#[cfg(test)]
mod tests {
    use super::super::Frame;
    use super::super::table::{Entry, check};
    use super::*;

    // Conforms: metadata/length-field, request-stream/layout
    #[test]
    fn request_stream_is_laid_out_as_specified() {
        check(&[
            Entry {
                name: "data only",
                stream_id: 7,
                frame: Frame::RequestStream(RequestStream {
                    follows: false,
                    initial_n: 128,
                    payload: PayloadRef::from_data(b"all"),
                }),
                bytes: &[
                    0x00, 0x00, 0x00, 0x07, // stream id 7
                    0x18, 0x00, // type 6, no flags
                    0x00, 0x00, 0x00, 0x80, // initial request n 128
                    b'a', b'l', b'l', // data
                ],
                required: 10,
            },
            Entry {
                name: "first fragment, metadata and data, highest request n",
                stream_id: 9,
                frame: Frame::RequestStream(RequestStream {
                    follows: true,
                    initial_n: 0x7FFF_FFFF,
                    payload: PayloadRef::new(Some(b"m"), b"d"),
                }),
                bytes: &[
                    0x00, 0x00, 0x00, 0x09, // stream id 9
                    0x19, 0x80, // type 6, METADATA, FOLLOWS
                    0x7F, 0xFF, 0xFF, 0xFF, // initial request n 2^31 - 1
                    0x00, 0x00, 0x01, b'm', // metadata
                    b'd', // data
                ],
                required: 10 + 4,
            },
            Entry {
                name: "forbidden request n of zero",
                stream_id: 11,
                frame: Frame::RequestStream(RequestStream {
                    follows: false,
                    initial_n: 0,
                    payload: PayloadRef::from_data(b""),
                }),
                bytes: &[
                    0x00, 0x00, 0x00, 0x0B, // stream id 11
                    0x18, 0x00, // type 6, no flags
                    0x00, 0x00, 0x00, 0x00, // initial request n 0
                ],
                required: 10,
            },
        ]);
    }

    // Conforms: header/reserved-bit
    #[test]
    fn the_reserved_bit_of_request_n_is_masked_and_never_sent() {
        let request = RequestStream {
            follows: false,
            initial_n: 3,
            payload: PayloadRef::default(),
        };
        let decoded = RequestStream::decode(Flags::EMPTY, &[0x80, 0, 0, 3]);
        assert_eq!(decoded, Ok(request));

        let mut out = Vec::new();
        RequestStream {
            initial_n: u32::MAX,
            ..request
        }
        .encode_body(&mut out);
        assert_eq!(out, [0x7F, 0xFF, 0xFF, 0xFF]);
    }
}
