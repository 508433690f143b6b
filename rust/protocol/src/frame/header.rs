//! The six bytes that every frame begins with.

use bytes::BufMut;

use super::{DecodeError, Flags, MAX_STREAM_ID};

/// The header of a frame ("Frame Header Format"): a reserved bit and 31 bits of stream id, 6 bits of
/// type, 10 bits of flags.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FrameHeader {
    /// The stream that the frame belongs to, or 0 for the connection.
    pub stream_id: u32,
    /// The type as it stands on the wire, 0 to 63, because unknown types must be told apart by the
    /// [`IGNORE`](Flags::IGNORE) flag.
    pub frame_type: u8,
    /// All ten flags, also those that the frame type does not define.
    pub flags: Flags,
}

impl FrameHeader {
    /// The length of a header in bytes.
    pub const LEN: usize = 6;

    const FLAG_BITS: u32 = 10;

    /// Splits `frame` into its header and its body. The reserved bit of the stream id is masked.
    #[inline]
    pub fn decode(frame: &[u8]) -> Result<(Self, &[u8]), DecodeError> {
        // The slice pattern keeps four bytes together, so that the stream id is read as one number.
        let Some(([stream_id @ .., high, low], body)) = frame.split_first_chunk::<{ Self::LEN }>()
        else {
            return Err(DecodeError::Header { len: frame.len() });
        };
        let type_and_flags = u16::from_be_bytes([*high, *low]);
        let header = Self {
            stream_id: u32::from_be_bytes(*stream_id) & MAX_STREAM_ID,
            frame_type: (type_and_flags >> Self::FLAG_BITS) as u8,
            flags: Flags::from_bits_truncate(type_and_flags),
        };
        Ok((header, body))
    }

    /// Writes the header. A stream id or frame type that is out of range is a bug of the caller: it
    /// fails a debug assertion, and its surplus bits are dropped.
    #[inline]
    pub fn encode(&self, out: &mut impl BufMut) {
        debug_assert!(
            self.stream_id <= MAX_STREAM_ID,
            "stream id {}",
            self.stream_id
        );
        debug_assert!(self.frame_type < 64, "frame type {}", self.frame_type);
        let [a, b, c, d] = (self.stream_id & MAX_STREAM_ID).to_be_bytes();
        let frame_type = u16::from(self.frame_type) << Self::FLAG_BITS;
        let [e, f] = (frame_type | self.flags.bits()).to_be_bytes();
        out.put_slice(&[a, b, c, d, e, f]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Conforms: general/big-endian, header/layout, header/common-flags
    #[test]
    fn header_is_laid_out_as_specified() {
        let table: [(FrameHeader, [u8; 6]); 3] = [
            (
                FrameHeader {
                    stream_id: 0,
                    frame_type: 0,
                    flags: Flags::EMPTY,
                },
                [0x00, 0x00, 0x00, 0x00, 0b0000_0000, 0b0000_0000],
            ),
            (
                FrameHeader {
                    stream_id: 0x0102_0304,
                    frame_type: 0x0A,
                    flags: Flags::NEXT,
                },
                [0x01, 0x02, 0x03, 0x04, 0b0010_1000, 0b0010_0000],
            ),
            (
                FrameHeader {
                    stream_id: MAX_STREAM_ID,
                    frame_type: 63,
                    flags: Flags::from_bits_truncate(0x3FF),
                },
                [0x7F, 0xFF, 0xFF, 0xFF, 0b1111_1111, 0b1111_1111],
            ),
        ];
        for (header, bytes) in table {
            let mut out = Vec::new();
            header.encode(&mut out);
            assert_eq!(out, bytes);
            out.push(b'x');
            assert_eq!(FrameHeader::decode(&out), Ok((header, &b"x"[..])));
        }
    }

    // Conforms: header/reserved-bit
    #[test]
    fn the_reserved_bit_is_masked() {
        let (header, _) = FrameHeader::decode(&[0x80, 0, 0, 1, 0, 0]).expect("decodes");
        assert_eq!(header.stream_id, 1);
    }
}
