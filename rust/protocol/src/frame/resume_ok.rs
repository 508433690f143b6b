//! RESUME_OK: a server's consent to a RESUME.

use bytes::BufMut;

use super::fields::{Fields, put_u63};
use super::{DecodeError, Flags, FrameType};

/// The body of a RESUME_OK frame ("RESUME_OK Frame (0x0E)"). On stream 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ResumeOk {
    /// The position in bytes up to which the server has received from the client ("Implied Position").
    /// 63 bits: more is sent as the largest.
    pub last_received_client_position: u64,
}

impl ResumeOk {
    /// Reads the body of a RESUME_OK frame. Bytes after the field are ignored.
    pub fn decode(_flags: Flags, body: &[u8]) -> Result<Self, DecodeError> {
        let mut fields = Fields::new(FrameType::ResumeOk, body);
        Ok(Self {
            last_received_client_position: fields.u63("last received client position")?,
        })
    }

    /// None: the frame defines no flags.
    pub fn flags(&self) -> Flags {
        Flags::EMPTY
    }

    /// The length of the body in bytes.
    pub fn body_len(&self) -> usize {
        8
    }

    /// Writes the body.
    pub fn encode_body(&self, out: &mut impl BufMut) {
        put_u63(self.last_received_client_position, out);
    }
}

#[cfg(test)]
mod tests {
    use super::super::Frame;
    use super::super::table::{Entry, check};
    use super::*;

    // Conforms: resume/ok-layout
    #[test]
    fn resume_ok_is_laid_out_as_specified() {
        check(&[Entry {
            name: "position",
            stream_id: 0,
            frame: Frame::ResumeOk(ResumeOk {
                last_received_client_position: 0x7FFF_0000_0000_0001,
            }),
            bytes: &[
                0x00, 0x00, 0x00, 0x00, // stream id 0
                0x38, 0x00, // type 14, no flags
                0x7F, 0xFF, 0x00, 0x00, 0x00, 0x00, 0x00,
                0x01, // last received client position
            ],
            required: 14,
        }]);
    }

    // Conforms: header/reserved-bit
    #[test]
    fn the_reserved_bit_is_masked_and_never_sent() {
        let decoded = ResumeOk::decode(Flags::EMPTY, &[0x80, 0, 0, 0, 0, 0, 0, 1]);
        assert_eq!(
            decoded,
            Ok(ResumeOk {
                last_received_client_position: 1
            })
        );

        let mut out = Vec::new();
        ResumeOk {
            last_received_client_position: u64::MAX,
        }
        .encode_body(&mut out);
        assert_eq!(out, [0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]);
    }
}
