//! REQUEST_FNF (fire and forget): a request that has no answer.

use bytes::BufMut;

use super::{DecodeError, Flags, PayloadRef};

/// The body of a REQUEST_FNF frame ("REQUEST_FNF (Fire-n-Forget) Frame (0x05)").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RequestFnf<'a> {
    /// Whether PAYLOAD frames with the rest of the payload follow ("Fragmentation And Reassembly").
    pub follows: bool,
    /// The request, or its first fragment.
    pub payload: PayloadRef<'a>,
}

impl<'a> RequestFnf<'a> {
    /// Reads the body of a REQUEST_FNF frame.
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

    // Conforms: metadata/length-field, metadata/no-data, fire-and-forget/layout
    #[test]
    fn request_fnf_is_laid_out_as_specified() {
        check(&[
            Entry {
                name: "data only, from a server",
                stream_id: 2,
                frame: Frame::RequestFnf(RequestFnf {
                    follows: false,
                    payload: PayloadRef::from_data(b"log"),
                }),
                bytes: &[
                    0x00, 0x00, 0x00, 0x02, // stream id 2
                    0x14, 0x00, // type 5, no flags
                    b'l', b'o', b'g', // data
                ],
                required: 6,
            },
            Entry {
                name: "first fragment, metadata only",
                stream_id: 0x0001_0203,
                frame: Frame::RequestFnf(RequestFnf {
                    follows: true,
                    payload: PayloadRef::new(Some(b"route"), b""),
                }),
                bytes: &[
                    0x00, 0x01, 0x02, 0x03, // stream id
                    0x15, 0x80, // type 5, METADATA, FOLLOWS
                    0x00, 0x00, 0x05, b'r', b'o', b'u', b't', b'e', // metadata
                ],
                required: 6 + 8,
            },
        ]);
    }
}
