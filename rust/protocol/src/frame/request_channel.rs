//! REQUEST_CHANNEL: a stream of payloads in both directions.

use bytes::BufMut;

use super::fields::{Fields, put_u31};
use super::{DecodeError, Flags, FrameType, PayloadRef};

/// The body of a REQUEST_CHANNEL frame ("REQUEST_CHANNEL Frame (0x07)"). The requester's later
/// payloads are PAYLOAD frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RequestChannel<'a> {
    /// Whether PAYLOAD frames with the rest of the payload follow ("Fragmentation And Reassembly").
    pub follows: bool,
    /// Whether the requester sends no payload after this one.
    pub complete: bool,
    /// The payloads that the requester takes for a start. 31 bits: more is sent as the largest. Zero
    /// decodes; the connection refuses it.
    pub initial_n: u32,
    /// The requester's first payload, or its first fragment.
    pub payload: PayloadRef<'a>,
}

impl<'a> RequestChannel<'a> {
    /// Reads the body of a REQUEST_CHANNEL frame.
    pub fn decode(flags: Flags, body: &'a [u8]) -> Result<Self, DecodeError> {
        let mut fields = Fields::new(FrameType::RequestChannel, body);
        Ok(Self {
            follows: flags.contains(Flags::FOLLOWS),
            complete: flags.contains(Flags::COMPLETE),
            initial_n: fields.u31("initial request n")?,
            payload: PayloadRef::decode(flags.contains(Flags::METADATA), fields.rest())?,
        })
    }

    /// METADATA if the payload has metadata, FOLLOWS, COMPLETE.
    pub fn flags(&self) -> Flags {
        Flags::METADATA.when(self.payload.metadata.is_some())
            | Flags::FOLLOWS.when(self.follows)
            | Flags::COMPLETE.when(self.complete)
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

    // Conforms: metadata/length-field, request-channel/layout
    #[test]
    fn request_channel_is_laid_out_as_specified() {
        check(&[
            Entry {
                name: "data only",
                stream_id: 1,
                frame: Frame::RequestChannel(RequestChannel {
                    follows: false,
                    complete: false,
                    initial_n: 1,
                    payload: PayloadRef::from_data(b"first"),
                }),
                bytes: &[
                    0x00, 0x00, 0x00, 0x01, // stream id 1
                    0x1C, 0x00, // type 7, no flags
                    0x00, 0x00, 0x00, 0x01, // initial request n 1
                    b'f', b'i', b'r', b's', b't', // data
                ],
                required: 10,
            },
            Entry {
                name: "only payload, empty metadata",
                stream_id: 3,
                frame: Frame::RequestChannel(RequestChannel {
                    follows: false,
                    complete: true,
                    initial_n: 256,
                    payload: PayloadRef::new(Some(b""), b"x"),
                }),
                bytes: &[
                    0x00, 0x00, 0x00, 0x03, // stream id 3
                    0x1D, 0x40, // type 7, METADATA, COMPLETE
                    0x00, 0x00, 0x01, 0x00, // initial request n 256
                    0x00, 0x00, 0x00, // metadata
                    b'x', // data
                ],
                required: 10 + 3,
            },
            Entry {
                name: "first fragment",
                stream_id: 5,
                frame: Frame::RequestChannel(RequestChannel {
                    follows: true,
                    complete: false,
                    initial_n: 0x7FFF_FFFF,
                    payload: PayloadRef::new(Some(b"mm"), b""),
                }),
                bytes: &[
                    0x00, 0x00, 0x00, 0x05, // stream id 5
                    0x1D, 0x80, // type 7, METADATA, FOLLOWS
                    0x7F, 0xFF, 0xFF, 0xFF, // initial request n 2^31 - 1
                    0x00, 0x00, 0x02, b'm', b'm', // metadata
                ],
                required: 10 + 5,
            },
        ]);
    }

    // Conforms: header/reserved-bit
    #[test]
    fn the_reserved_bit_of_request_n_is_masked_and_never_sent() {
        let request = RequestChannel {
            follows: false,
            complete: false,
            initial_n: 0x7F00_0000,
            payload: PayloadRef::default(),
        };
        let decoded = RequestChannel::decode(Flags::EMPTY, &[0xFF, 0, 0, 0]);
        assert_eq!(decoded, Ok(request));

        let mut out = Vec::new();
        RequestChannel {
            initial_n: 1 << 31,
            ..request
        }
        .encode_body(&mut out);
        assert_eq!(out, [0x7F, 0xFF, 0xFF, 0xFF]);
    }
}
