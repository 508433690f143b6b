//! ERROR: the end of a stream, or of the connection, with a reason.

use std::borrow::Cow;

use bytes::BufMut;

use super::fields::Fields;
use super::{DecodeError, ErrorCode, Flags, FrameType};

/// The body of an ERROR frame ("ERROR Frame (0x0B)"). On stream 0 it is about the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ErrorFrame<'a> {
    /// What went wrong.
    pub code: ErrorCode,
    /// The message; should be UTF-8, may be anything.
    pub data: &'a [u8],
}

impl<'a> ErrorFrame<'a> {
    /// Reads the body of an ERROR frame.
    pub fn decode(_flags: Flags, body: &'a [u8]) -> Result<Self, DecodeError> {
        let mut fields = Fields::new(FrameType::Error, body);
        Ok(Self {
            code: ErrorCode(fields.u32("error code")?),
            data: fields.rest(),
        })
    }

    /// The message as text; bytes that are not UTF-8 are replaced.
    pub fn message(&self) -> Cow<'a, str> {
        String::from_utf8_lossy(self.data)
    }

    /// None: the frame defines no flags.
    pub fn flags(&self) -> Flags {
        Flags::EMPTY
    }

    /// The length of the body in bytes.
    pub fn body_len(&self) -> usize {
        4 + self.data.len()
    }

    /// Writes the body.
    pub fn encode_body(&self, out: &mut impl BufMut) {
        out.put_u32(self.code.0);
        out.put_slice(self.data);
    }
}

#[cfg(test)]
mod tests {
    use super::super::Frame;
    use super::super::table::{Entry, check};
    use super::*;

    // Conforms: error/layout, error/data-not-terminated
    #[test]
    fn error_is_laid_out_as_specified() {
        check(&[
            Entry {
                name: "on a stream",
                stream_id: 1,
                frame: Frame::Error(ErrorFrame {
                    code: ErrorCode::APPLICATION_ERROR,
                    data: b"no",
                }),
                bytes: &[
                    0x00, 0x00, 0x00, 0x01, // stream id 1
                    0x2C, 0x00, // type 11, no flags
                    0x00, 0x00, 0x02, 0x01, // APPLICATION_ERROR
                    b'n', b'o', // data
                ],
                required: 10,
            },
            Entry {
                name: "on the connection, without a message",
                stream_id: 0,
                frame: Frame::Error(ErrorFrame {
                    code: ErrorCode::REJECTED_SETUP,
                    data: b"",
                }),
                bytes: &[
                    0x00, 0x00, 0x00, 0x00, // stream id 0
                    0x2C, 0x00, // type 11, no flags
                    0x00, 0x00, 0x00, 0x03, // REJECTED_SETUP
                ],
                required: 10,
            },
            Entry {
                name: "highest code, all 32 bits of which count",
                stream_id: 2,
                frame: Frame::Error(ErrorFrame {
                    code: ErrorCode(0xFFFF_FFFF),
                    data: b"",
                }),
                bytes: &[
                    0x00, 0x00, 0x00, 0x02, // stream id 2
                    0x2C, 0x00, // type 11, no flags
                    0xFF, 0xFF, 0xFF, 0xFF, // reserved for extension use
                ],
                required: 10,
            },
        ]);
    }

    // Conforms: error/data-utf8
    #[test]
    fn a_message_need_not_be_text() {
        let error = ErrorFrame {
            code: ErrorCode::INVALID,
            data: b"bad \xFF",
        };
        assert_eq!(error.message(), "bad \u{FFFD}");
    }
}
