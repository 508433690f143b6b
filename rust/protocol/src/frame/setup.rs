//! SETUP: the client's parameters for a connection.

use std::borrow::Cow;

use bytes::BufMut;

use super::fields::{Fields, bounded, put_u31};
use super::{DecodeError, Flags, FrameType, PayloadRef, Version};

/// The body of a SETUP frame, the first on a connection ("SETUP Frame (0x01)"). On stream 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Setup<'a> {
    /// The protocol version that the client speaks.
    pub version: Version,
    /// The milliseconds between the client's KEEPALIVE frames. 31 bits: more is sent as the largest.
    /// Zero decodes; the connection refuses it.
    pub keepalive_interval_ms: u32,
    /// The milliseconds for which the client takes a silent server to be alive. 31 bits: more is sent
    /// as the largest. Zero decodes; the connection refuses it.
    pub max_lifetime_ms: u32,
    /// The token that names the session, if the client asks for resumption. At most
    /// [`MAX_TOKEN_LEN`](Self::MAX_TOKEN_LEN) bytes.
    pub resume_token: Option<&'a [u8]>,
    /// Whether the client waits for leases before it requests, and the server with it.
    pub honors_lease: bool,
    /// The MIME type of all metadata; should be US-ASCII, may be anything. At most
    /// [`MAX_MIME_LEN`](Self::MAX_MIME_LEN) bytes.
    pub metadata_mime: &'a [u8],
    /// The MIME type of all data, likewise.
    pub data_mime: &'a [u8],
    /// What the application has to say about the connection.
    pub payload: PayloadRef<'a>,
}

impl<'a> Setup<'a> {
    /// The longest resume token in bytes. A longer one fails a debug assertion, and is otherwise cut.
    pub const MAX_TOKEN_LEN: usize = u16::MAX as usize;

    /// The longest MIME type in bytes. A longer one fails a debug assertion, and is otherwise cut.
    pub const MAX_MIME_LEN: usize = u8::MAX as usize;

    /// Reads the body of a SETUP frame.
    pub fn decode(flags: Flags, body: &'a [u8]) -> Result<Self, DecodeError> {
        let mut fields = Fields::new(FrameType::Setup, body);
        Ok(Self {
            version: Version {
                major: fields.u16("major version")?,
                minor: fields.u16("minor version")?,
            },
            keepalive_interval_ms: fields.u31("time between KEEPALIVE frames")?,
            max_lifetime_ms: fields.u31("max lifetime")?,
            resume_token: if flags.contains(Flags::RESUME_ENABLE) {
                let len = fields.u16("resume identification token length")?;
                Some(fields.bytes(len.into(), "resume identification token")?)
            } else {
                None
            },
            honors_lease: flags.contains(Flags::LEASE),
            metadata_mime: decode_mime(&mut fields, "metadata MIME type")?,
            data_mime: decode_mime(&mut fields, "data MIME type")?,
            payload: PayloadRef::decode(flags.contains(Flags::METADATA), fields.rest())?,
        })
    }

    /// The MIME type of metadata as text; bytes that are not UTF-8 are replaced.
    pub fn metadata_mime_lossy(&self) -> Cow<'a, str> {
        String::from_utf8_lossy(self.metadata_mime)
    }

    /// The MIME type of data as text; bytes that are not UTF-8 are replaced.
    pub fn data_mime_lossy(&self) -> Cow<'a, str> {
        String::from_utf8_lossy(self.data_mime)
    }

    /// METADATA if the payload has metadata, RESUME_ENABLE if there is a token, LEASE.
    pub fn flags(&self) -> Flags {
        Flags::METADATA.when(self.payload.metadata.is_some())
            | Flags::RESUME_ENABLE.when(self.resume_token.is_some())
            | Flags::LEASE.when(self.honors_lease)
    }

    /// The length of the body in bytes.
    pub fn body_len(&self) -> usize {
        let token_len = match self.resume_token {
            Some(token) => 2 + bounded(token, Self::MAX_TOKEN_LEN).len(),
            None => 0,
        };
        let metadata_mime_len = 1 + bounded(self.metadata_mime, Self::MAX_MIME_LEN).len();
        let data_mime_len = 1 + bounded(self.data_mime, Self::MAX_MIME_LEN).len();
        4 + 4 + 4 + token_len + metadata_mime_len + data_mime_len + self.payload.wire_len()
    }

    /// Writes the body.
    pub fn encode_body(&self, out: &mut impl BufMut) {
        out.put_u16(self.version.major);
        out.put_u16(self.version.minor);
        put_u31(self.keepalive_interval_ms, out);
        put_u31(self.max_lifetime_ms, out);
        if let Some(token) = self.resume_token {
            let token = bounded(token, Self::MAX_TOKEN_LEN);
            out.put_u16(token.len() as u16);
            out.put_slice(token);
        }
        encode_mime(self.metadata_mime, out);
        encode_mime(self.data_mime, out);
        self.payload.encode(out);
    }
}

fn decode_mime<'a>(fields: &mut Fields<'a>, field: &'static str) -> Result<&'a [u8], DecodeError> {
    let len = fields.u8(field)?;
    fields.bytes(len.into(), field)
}

fn encode_mime(mime: &[u8], out: &mut impl BufMut) {
    let mime = bounded(mime, Setup::MAX_MIME_LEN);
    out.put_u8(mime.len() as u8);
    out.put_slice(mime);
}

#[cfg(test)]
mod tests {
    use super::super::Frame;
    use super::super::table::{Entry, check};
    use super::*;

    const PLAIN: Setup<'static> = Setup {
        version: Version::V1_0,
        keepalive_interval_ms: 20_000,
        max_lifetime_ms: 90_000,
        resume_token: None,
        honors_lease: false,
        metadata_mime: b"a/b",
        data_mime: b"text/x",
        payload: PayloadRef::from_data(b"hi"),
    };

    // Conforms: general/big-endian, setup/layout, setup/flags, setup/times-layout, setup/token-layout
    // Conforms: setup/mime-layout, setup/mime-not-terminated
    #[test]
    fn setup_is_laid_out_as_specified() {
        check(&[
            Entry {
                name: "no token, no lease, no metadata",
                stream_id: 0,
                frame: Frame::Setup(PLAIN),
                bytes: &[
                    0x00, 0x00, 0x00, 0x00, // stream id 0
                    0x04, 0x00, // type 1, no flags
                    0x00, 0x01, // major version 1
                    0x00, 0x00, // minor version 0
                    0x00, 0x00, 0x4E, 0x20, // keepalive interval 20000 ms
                    0x00, 0x01, 0x5F, 0x90, // max lifetime 90000 ms
                    3, b'a', b'/', b'b', // metadata MIME type
                    6, b't', b'e', b'x', b't', b'/', b'x', // data MIME type
                    b'h', b'i', // data
                ],
                required: 6 + 4 + 8 + 4 + 7,
            },
            Entry {
                name: "token, lease, metadata, highest times, no data",
                stream_id: 0,
                frame: Frame::Setup(Setup {
                    version: Version {
                        major: 0x0102,
                        minor: 0x0304,
                    },
                    keepalive_interval_ms: 0x7FFF_FFFF,
                    max_lifetime_ms: 0x7FFF_FFFE,
                    resume_token: Some(b"tok"),
                    honors_lease: true,
                    metadata_mime: b"m",
                    data_mime: b"d",
                    payload: PayloadRef::new(Some(b"xy"), b""),
                }),
                bytes: &[
                    0x00, 0x00, 0x00, 0x00, // stream id 0
                    0x05, 0xC0, // type 1, METADATA, RESUME_ENABLE, LEASE
                    0x01, 0x02, // major version
                    0x03, 0x04, // minor version
                    0x7F, 0xFF, 0xFF, 0xFF, // keepalive interval 2^31 - 1 ms
                    0x7F, 0xFF, 0xFF, 0xFE, // max lifetime 2^31 - 2 ms
                    0x00, 0x03, b't', b'o', b'k', // resume token
                    1, b'm', // metadata MIME type
                    1, b'd', // data MIME type
                    0x00, 0x00, 0x02, b'x', b'y', // metadata
                ],
                required: 6 + 4 + 8 + 5 + 2 + 2 + 5,
            },
            Entry {
                name: "empty token, empty MIME types, empty metadata, forbidden times of zero",
                stream_id: 0,
                frame: Frame::Setup(Setup {
                    version: Version::V1_0,
                    keepalive_interval_ms: 0,
                    max_lifetime_ms: 0,
                    resume_token: Some(b""),
                    honors_lease: false,
                    metadata_mime: b"",
                    data_mime: b"",
                    payload: PayloadRef::new(Some(b""), b"d"),
                }),
                bytes: &[
                    0x00, 0x00, 0x00, 0x00, // stream id 0
                    0x05, 0x80, // type 1, METADATA, RESUME_ENABLE
                    0x00, 0x01, 0x00, 0x00, // version 1.0
                    0x00, 0x00, 0x00, 0x00, // keepalive interval 0
                    0x00, 0x00, 0x00, 0x00, // max lifetime 0
                    0x00, 0x00, // resume token
                    0,    // metadata MIME type
                    0,    // data MIME type
                    0x00, 0x00, 0x00, // metadata
                    b'd', // data
                ],
                required: 6 + 4 + 8 + 2 + 1 + 1 + 3,
            },
        ]);
    }

    // Conforms: setup/mime-free
    #[test]
    fn a_mime_type_need_not_be_text() {
        let setup = Setup {
            metadata_mime: b"a/\xFF",
            ..PLAIN
        };
        assert_eq!(setup.metadata_mime_lossy(), "a/\u{FFFD}");
        assert_eq!(setup.data_mime_lossy(), "text/x");
    }

    // Conforms: header/reserved-bit, setup/times-layout
    #[test]
    fn reserved_bits_of_times_are_masked_and_never_sent() {
        let mut body = Vec::new();
        let above = Setup {
            keepalive_interval_ms: u32::MAX,
            max_lifetime_ms: 1 << 31,
            ..PLAIN
        };
        above.encode_body(&mut body);
        assert_eq!(
            body[4..12],
            [0x7F, 0xFF, 0xFF, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF]
        );

        body[4..12].copy_from_slice(&[0x80, 0, 0, 1, 0xFF, 0, 0, 2]);
        let decoded = Setup::decode(Flags::EMPTY, &body).expect("decodes");
        assert_eq!(
            (decoded.keepalive_interval_ms, decoded.max_lifetime_ms),
            (1, 0x7F00_0002)
        );
    }

    /// The length before a field and the field agree even when the caller's check is missing.
    #[test]
    #[cfg_attr(debug_assertions, should_panic(expected = "at most 255 fit"))]
    fn a_mime_type_that_is_too_long_fails_an_assertion_or_is_cut() {
        let setup = Setup {
            data_mime: &[b'x'; 256],
            ..PLAIN
        };
        let mut body = Vec::new();
        setup.encode_body(&mut body);
        assert_eq!(body.len(), setup.body_len());
        let decoded = Setup::decode(Flags::EMPTY, &body).expect("decodes");
        assert_eq!(decoded.data_mime, [b'x'; 255]);
        assert_eq!(decoded.payload, PLAIN.payload);
    }
}
