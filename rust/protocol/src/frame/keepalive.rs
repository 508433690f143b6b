//! KEEPALIVE: a sign of life, and how far the peer has received.

use bytes::BufMut;

use super::fields::{Fields, put_u63};
use super::{DecodeError, Flags, FrameType};

/// The body of a KEEPALIVE frame ("KEEPALIVE Frame (0x03)"). On stream 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Keepalive<'a> {
    /// Whether the receiver must answer with a KEEPALIVE that has the same data and does not ask.
    pub respond: bool,
    /// The position in bytes up to which the sender has received tracked frames, for resumption
    /// ("Keepalive Position Field"); 0 if it does not resume. 63 bits: more is sent as the largest.
    pub last_received_position: u64,
    /// What the answer must echo.
    pub data: &'a [u8],
}

impl<'a> Keepalive<'a> {
    /// Reads the body of a KEEPALIVE frame.
    pub fn decode(flags: Flags, body: &'a [u8]) -> Result<Self, DecodeError> {
        let mut fields = Fields::new(FrameType::Keepalive, body);
        Ok(Self {
            respond: flags.contains(Flags::RESPOND),
            last_received_position: fields.u63("last received position")?,
            data: fields.rest(),
        })
    }

    /// RESPOND if an answer is asked for.
    pub fn flags(&self) -> Flags {
        Flags::RESPOND.when(self.respond)
    }

    /// The length of the body in bytes.
    pub fn body_len(&self) -> usize {
        8 + self.data.len()
    }

    /// Writes the body.
    pub fn encode_body(&self, out: &mut impl BufMut) {
        put_u63(self.last_received_position, out);
        out.put_slice(self.data);
    }
}

#[cfg(test)]
mod tests {
    use super::super::Frame;
    use super::super::table::{Entry, check};
    use super::*;

    // Conforms: general/big-endian, keepalive/layout
    #[test]
    fn keepalive_is_laid_out_as_specified() {
        check(&[
            Entry {
                name: "asks for an answer, with data",
                stream_id: 0,
                frame: Frame::Keepalive(Keepalive {
                    respond: true,
                    last_received_position: 0x0102_0304_0506_0708,
                    data: b"echo",
                }),
                bytes: &[
                    0x00, 0x00, 0x00, 0x00, // stream id 0
                    0x0C, 0x80, // type 3, RESPOND
                    0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, // last received position
                    b'e', b'c', b'h', b'o', // data
                ],
                required: 14,
            },
            Entry {
                name: "answers, no position, no data",
                stream_id: 0,
                frame: Frame::Keepalive(Keepalive {
                    respond: false,
                    last_received_position: 0,
                    data: b"",
                }),
                bytes: &[
                    0x00, 0x00, 0x00, 0x00, // stream id 0
                    0x0C, 0x00, // type 3, no flags
                    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, // last received position
                ],
                required: 14,
            },
        ]);
    }

    // Conforms: header/reserved-bit
    #[test]
    fn the_reserved_bit_of_the_position_is_masked_and_never_sent() {
        let keepalive = Keepalive {
            respond: false,
            last_received_position: 1,
            data: b"",
        };
        let body = [0x80, 0, 0, 0, 0, 0, 0, 1];
        assert_eq!(Keepalive::decode(Flags::EMPTY, &body), Ok(keepalive));

        let mut out = Vec::new();
        Keepalive {
            last_received_position: u64::MAX,
            ..keepalive
        }
        .encode_body(&mut out);
        assert_eq!(out, [0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]);
    }
}
