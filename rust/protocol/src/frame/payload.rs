//! PAYLOAD: a payload on a stream, a fragment of one, or a completion.

use bytes::BufMut;

use super::{DecodeError, Flags, PayloadRef};

/// The body of a PAYLOAD frame ("PAYLOAD Frame (0x0A)").
///
/// With neither `complete` nor `next` it is invalid, unless it continues a fragmented payload of a peer
/// that leaves NEXT off; the connection tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PayloadFrame<'a> {
    /// Whether more fragments of this payload follow ("Fragmentation And Reassembly").
    pub follows: bool,
    /// Whether the sender has no more payloads.
    pub complete: bool,
    /// Whether the frame carries a payload; one that is empty is still a payload.
    pub next: bool,
    /// The payload, or a fragment of it.
    pub payload: PayloadRef<'a>,
}

impl<'a> PayloadFrame<'a> {
    /// Reads the body of a PAYLOAD frame.
    #[inline]
    pub fn decode(flags: Flags, body: &'a [u8]) -> Result<Self, DecodeError> {
        Ok(Self {
            follows: flags.contains(Flags::FOLLOWS),
            complete: flags.contains(Flags::COMPLETE),
            next: flags.contains(Flags::NEXT),
            payload: PayloadRef::decode(flags.contains(Flags::METADATA), body)?,
        })
    }

    /// METADATA if the payload has metadata, FOLLOWS, COMPLETE, NEXT.
    #[inline]
    pub fn flags(&self) -> Flags {
        Flags::METADATA.when(self.payload.metadata.is_some())
            | Flags::FOLLOWS.when(self.follows)
            | Flags::COMPLETE.when(self.complete)
            | Flags::NEXT.when(self.next)
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

    const NONE: PayloadFrame<'static> = PayloadFrame {
        follows: false,
        complete: false,
        next: false,
        payload: PayloadRef::from_data(b""),
    };

    // Conforms: metadata/length-field, payload/layout, payload/next-and-complete, payload/complete-only
    // Conforms: payload/next-only
    #[test]
    fn payload_is_laid_out_as_specified() {
        check(&[
            Entry {
                name: "last payload, metadata and data",
                stream_id: 1,
                frame: Frame::Payload(PayloadFrame {
                    complete: true,
                    next: true,
                    payload: PayloadRef::new(Some(b"m"), b"pong"),
                    ..NONE
                }),
                bytes: &[
                    0x00, 0x00, 0x00, 0x01, // stream id 1
                    0x29, 0x60, // type 10, METADATA, COMPLETE, NEXT
                    0x00, 0x00, 0x01, b'm', // metadata
                    b'p', b'o', b'n', b'g', // data
                ],
                required: 6 + 4,
            },
            Entry {
                name: "completion without a payload",
                stream_id: 1,
                frame: Frame::Payload(PayloadFrame {
                    complete: true,
                    ..NONE
                }),
                bytes: &[
                    0x00, 0x00, 0x00, 0x01, // stream id 1
                    0x28, 0x40, // type 10, COMPLETE
                ],
                required: 6,
            },
            Entry {
                name: "payload that is empty",
                stream_id: 1,
                frame: Frame::Payload(PayloadFrame { next: true, ..NONE }),
                bytes: &[
                    0x00, 0x00, 0x00, 0x01, // stream id 1
                    0x28, 0x20, // type 10, NEXT
                ],
                required: 6,
            },
            Entry {
                name: "fragment with more to come",
                stream_id: 4,
                frame: Frame::Payload(PayloadFrame {
                    follows: true,
                    next: true,
                    payload: PayloadRef::from_data(b"abc"),
                    ..NONE
                }),
                bytes: &[
                    0x00, 0x00, 0x00, 0x04, // stream id 4
                    0x28, 0xA0, // type 10, FOLLOWS, NEXT
                    b'a', b'b', b'c', // data
                ],
                required: 6,
            },
            Entry {
                name: "neither next nor complete",
                stream_id: 4,
                frame: Frame::Payload(PayloadFrame {
                    payload: PayloadRef::new(Some(b""), b"z"),
                    ..NONE
                }),
                bytes: &[
                    0x00, 0x00, 0x00, 0x04, // stream id 4
                    0x29, 0x00, // type 10, METADATA
                    0x00, 0x00, 0x00, // metadata
                    b'z', // data
                ],
                required: 6 + 3,
            },
        ]);
    }
}
