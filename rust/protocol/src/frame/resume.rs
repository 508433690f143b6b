//! RESUME: a client's wish to continue a session on a new connection.

use bytes::BufMut;

use super::fields::{Fields, bounded, put_u63};
use super::{DecodeError, Flags, FrameType, Version};

/// The body of a RESUME frame, sent instead of SETUP ("RESUME Frame (0x0D)"). On stream 0.
///
/// Positions count the bytes of tracked frames, without length fields ("Implied Position"). 63 bits:
/// more is sent as the largest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Resume<'a> {
    /// The protocol version that the client speaks.
    pub version: Version,
    /// The token of the session's SETUP. At most [`MAX_TOKEN_LEN`](Self::MAX_TOKEN_LEN) bytes.
    pub token: &'a [u8],
    /// The position up to which the client has received from the server.
    pub last_received_server_position: u64,
    /// The earliest position that the client can send again from.
    pub first_available_client_position: u64,
}

impl<'a> Resume<'a> {
    /// The longest token in bytes. A longer one fails a debug assertion, and is otherwise cut.
    pub const MAX_TOKEN_LEN: usize = u16::MAX as usize;

    /// Reads the body of a RESUME frame. Bytes after the fields are ignored.
    pub fn decode(_flags: Flags, body: &'a [u8]) -> Result<Self, DecodeError> {
        let mut fields = Fields::new(FrameType::Resume, body);
        let version = Version {
            major: fields.u16("major version")?,
            minor: fields.u16("minor version")?,
        };
        let token_len = fields.u16("resume identification token length")?;
        Ok(Self {
            version,
            token: fields.bytes(token_len.into(), "resume identification token")?,
            last_received_server_position: fields.u63("last received server position")?,
            first_available_client_position: fields.u63("first available client position")?,
        })
    }

    /// None: the frame defines no flags.
    pub fn flags(&self) -> Flags {
        Flags::EMPTY
    }

    /// The length of the body in bytes.
    pub fn body_len(&self) -> usize {
        4 + 2 + bounded(self.token, Self::MAX_TOKEN_LEN).len() + 8 + 8
    }

    /// Writes the body.
    pub fn encode_body(&self, out: &mut impl BufMut) {
        let token = bounded(self.token, Self::MAX_TOKEN_LEN);
        out.put_u16(self.version.major);
        out.put_u16(self.version.minor);
        out.put_u16(token.len() as u16);
        out.put_slice(token);
        put_u63(self.last_received_server_position, out);
        put_u63(self.first_available_client_position, out);
    }
}

#[cfg(test)]
mod tests {
    use super::super::Frame;
    use super::super::table::{Entry, check};
    use super::*;

    const PLAIN: Resume<'static> = Resume {
        version: Version::V1_0,
        token: b"tok",
        last_received_server_position: 0x0102_0304_0506_0708,
        first_available_client_position: 0x7FFF_FFFF_FFFF_FFFF,
    };

    // Conforms: resume/frame-layout
    #[test]
    fn resume_is_laid_out_as_specified() {
        check(&[
            Entry {
                name: "token and positions",
                stream_id: 0,
                frame: Frame::Resume(PLAIN),
                bytes: &[
                    0x00, 0x00, 0x00, 0x00, // stream id 0
                    0x34, 0x00, // type 13, no flags
                    0x00, 0x01, // major version 1
                    0x00, 0x00, // minor version 0
                    0x00, 0x03, b't', b'o', b'k', // resume token
                    0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07,
                    0x08, // last received server position
                    0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
                    0xFF, // first available client position
                ],
                required: 6 + 4 + 5 + 8 + 8,
            },
            Entry {
                name: "empty token",
                stream_id: 0,
                frame: Frame::Resume(Resume {
                    version: Version {
                        major: 0x0102,
                        minor: 0x0304,
                    },
                    token: b"",
                    last_received_server_position: 0,
                    first_available_client_position: 1,
                }),
                bytes: &[
                    0x00, 0x00, 0x00, 0x00, // stream id 0
                    0x34, 0x00, // type 13, no flags
                    0x01, 0x02, // major version
                    0x03, 0x04, // minor version
                    0x00, 0x00, // resume token
                    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
                    0x00, // last received server position
                    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
                    0x01, // first available client position
                ],
                required: 6 + 4 + 2 + 8 + 8,
            },
        ]);
    }

    // Conforms: header/reserved-bit
    #[test]
    fn reserved_bits_of_positions_are_masked_and_never_sent() {
        let mut body = Vec::new();
        let above = Resume {
            last_received_server_position: u64::MAX,
            first_available_client_position: 1 << 63,
            ..PLAIN
        };
        above.encode_body(&mut body);
        assert_eq!((body[9], body[17]), (0x7F, 0x7F));

        body[9..].copy_from_slice(&[0x80, 0, 0, 0, 0, 0, 0, 1, 0xFF, 0, 0, 0, 0, 0, 0, 2]);
        let decoded = Resume::decode(Flags::EMPTY, &body).expect("decodes");
        assert_eq!(decoded.last_received_server_position, 1);
        assert_eq!(
            decoded.first_available_client_position,
            0x7F00_0000_0000_0002
        );
    }
}
