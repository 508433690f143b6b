//! LEASE: leave to send requests for a time.

use bytes::BufMut;

use super::fields::{Fields, put_u31};
use super::{DecodeError, Flags, FrameType};

/// The body of a LEASE frame ("LEASE Frame (0x02)"). On stream 0. It replaces the lease before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Lease<'a> {
    /// The milliseconds from reception for which the lease holds; 0 ends all leave. 31 bits: more is
    /// sent as the largest.
    pub ttl_ms: u32,
    /// The requests that may be sent in that time; 0 ends all leave. 31 bits: more is sent as the
    /// largest.
    pub requests: u32,
    /// The metadata, if the flag is set: all the rest of the frame, without a length before it.
    pub metadata: Option<&'a [u8]>,
}

impl<'a> Lease<'a> {
    /// Reads the body of a LEASE frame. Without the metadata flag, bytes after the fields are ignored.
    pub fn decode(flags: Flags, body: &'a [u8]) -> Result<Self, DecodeError> {
        let mut fields = Fields::new(FrameType::Lease, body);
        Ok(Self {
            ttl_ms: fields.u31("time-to-live")?,
            requests: fields.u31("number of requests")?,
            metadata: flags.contains(Flags::METADATA).then_some(fields.rest()),
        })
    }

    /// METADATA if there is metadata.
    pub fn flags(&self) -> Flags {
        Flags::METADATA.when(self.metadata.is_some())
    }

    /// The length of the body in bytes.
    pub fn body_len(&self) -> usize {
        4 + 4 + self.metadata.map_or(0, <[u8]>::len)
    }

    /// Writes the body.
    pub fn encode_body(&self, out: &mut impl BufMut) {
        put_u31(self.ttl_ms, out);
        put_u31(self.requests, out);
        out.put_slice(self.metadata.unwrap_or_default());
    }
}

#[cfg(test)]
mod tests {
    use super::super::Frame;
    use super::super::table::{Entry, check};
    use super::*;

    // Conforms: metadata/only-metadata, lease/layout, lease/no-metadata-length
    #[test]
    fn lease_is_laid_out_as_specified() {
        check(&[
            Entry {
                name: "without metadata",
                stream_id: 0,
                frame: Frame::Lease(Lease {
                    ttl_ms: 5000,
                    requests: 10,
                    metadata: None,
                }),
                bytes: &[
                    0x00, 0x00, 0x00, 0x00, // stream id 0
                    0x08, 0x00, // type 2, no flags
                    0x00, 0x00, 0x13, 0x88, // time-to-live 5000 ms
                    0x00, 0x00, 0x00, 0x0A, // 10 requests
                ],
                required: 14,
            },
            Entry {
                name: "with metadata, which has no length before it",
                stream_id: 0,
                frame: Frame::Lease(Lease {
                    ttl_ms: 0x7FFF_FFFF,
                    requests: 0,
                    metadata: Some(b"meta"),
                }),
                bytes: &[
                    0x00, 0x00, 0x00, 0x00, // stream id 0
                    0x09, 0x00, // type 2, METADATA
                    0x7F, 0xFF, 0xFF, 0xFF, // time-to-live 2^31 - 1 ms
                    0x00, 0x00, 0x00, 0x00, // no requests
                    b'm', b'e', b't', b'a', // metadata
                ],
                required: 14,
            },
            Entry {
                name: "with empty metadata",
                stream_id: 0,
                frame: Frame::Lease(Lease {
                    ttl_ms: 1,
                    requests: 1,
                    metadata: Some(b""),
                }),
                bytes: &[
                    0x00, 0x00, 0x00, 0x00, // stream id 0
                    0x09, 0x00, // type 2, METADATA
                    0x00, 0x00, 0x00, 0x01, // time-to-live 1 ms
                    0x00, 0x00, 0x00, 0x01, // 1 request
                ],
                required: 14,
            },
        ]);
    }

    #[test]
    fn bytes_after_a_lease_without_the_metadata_flag_are_ignored() {
        let body = [0, 0, 0, 1, 0, 0, 0, 2, b'x'];
        let lease = Lease {
            ttl_ms: 1,
            requests: 2,
            metadata: None,
        };
        assert_eq!(Lease::decode(Flags::EMPTY, &body), Ok(lease));
    }

    // Conforms: header/reserved-bit
    #[test]
    fn reserved_bits_are_masked_and_never_sent() {
        let body = [0x80, 0, 0, 1, 0xFF, 0, 0, 2];
        let lease = Lease {
            ttl_ms: 1,
            requests: 0x7F00_0002,
            metadata: None,
        };
        assert_eq!(Lease::decode(Flags::EMPTY, &body), Ok(lease));

        let mut out = Vec::new();
        Lease {
            ttl_ms: u32::MAX,
            requests: 1 << 31,
            metadata: None,
        }
        .encode_body(&mut out);
        assert_eq!(out, [0x7F, 0xFF, 0xFF, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF]);
    }
}
