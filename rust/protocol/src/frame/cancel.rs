//! CANCEL: the receiver of a stream wants no more of it.

use bytes::BufMut;

use super::{DecodeError, Flags};

/// The body of a CANCEL frame, which has none ("CANCEL Frame (0x09)").
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Cancel;

impl Cancel {
    /// Accepts any body: bytes after the header are ignored.
    #[inline]
    pub fn decode(_flags: Flags, _body: &[u8]) -> Result<Self, DecodeError> {
        Ok(Self)
    }

    /// None: the frame defines no flags.
    #[inline]
    pub fn flags(&self) -> Flags {
        Flags::EMPTY
    }

    /// Zero.
    #[inline]
    pub fn body_len(&self) -> usize {
        0
    }

    /// Writes nothing.
    #[inline]
    pub fn encode_body(&self, _out: &mut impl BufMut) {}
}

#[cfg(test)]
mod tests {
    use super::super::Frame;
    use super::super::table::{Entry, check};
    use super::*;

    // Conforms: cancel/layout
    #[test]
    fn cancel_is_laid_out_as_specified() {
        check(&[Entry {
            name: "cancel",
            stream_id: 0x0A0B_0C0D,
            frame: Frame::Cancel(Cancel),
            bytes: &[
                0x0A, 0x0B, 0x0C, 0x0D, // stream id
                0x24, 0x00, // type 9, no flags
            ],
            required: 6,
        }]);
    }

    #[test]
    fn bytes_after_the_header_are_ignored() {
        assert_eq!(Cancel::decode(Flags::EMPTY, b"why"), Ok(Cancel));
    }
}
