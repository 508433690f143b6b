//! A frame of any type.

use bytes::BufMut;

use super::{
    Cancel, DecodeError, ErrorFrame, Ext, Flags, FrameHeader, FrameType, Keepalive, Lease,
    MetadataPush, PayloadFrame, RequestChannel, RequestFnf, RequestN, RequestResponse,
    RequestStream, Resume, ResumeOk, Setup,
};

/// A frame without its stream id ("Frame Types").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Frame<'a> {
    /// Opens a connection.
    Setup(Setup<'a>),
    /// Grants requests.
    Lease(Lease<'a>),
    /// Shows that the connection lives.
    Keepalive(Keepalive<'a>),
    /// Asks for one payload.
    RequestResponse(RequestResponse<'a>),
    /// Sends one payload; nothing comes back.
    RequestFnf(RequestFnf<'a>),
    /// Asks for a stream of payloads.
    RequestStream(RequestStream<'a>),
    /// Opens a stream of payloads in both directions.
    RequestChannel(RequestChannel<'a>),
    /// Grants payloads.
    RequestN(RequestN),
    /// Ends a request early.
    Cancel(Cancel),
    /// Carries a payload, a fragment of one, or a completion.
    Payload(PayloadFrame<'a>),
    /// Ends a stream or the connection with an error.
    Error(ErrorFrame<'a>),
    /// Carries metadata about the connection.
    MetadataPush(MetadataPush<'a>),
    /// Asks to continue a session.
    Resume(Resume<'a>),
    /// Accepts a RESUME.
    ResumeOk(ResumeOk),
    /// Belongs to an extension.
    Ext(Ext<'a>),
    /// Has a type that RSocket 1.0 does not define, and is kept as it is.
    Unknown {
        /// The type as it stands on the wire, 0 to 63.
        frame_type: u8,
        /// All ten flags; [`IGNORE`](Flags::IGNORE) says whether the frame may be ignored.
        flags: Flags,
        /// Everything after the header.
        body: &'a [u8],
    },
}

/// Evaluates one expression for the body struct of whichever known type a frame has, and another for
/// an unknown type.
macro_rules! match_frame {
    ($frame:expr, $known:ident => $of_known:expr, $unknown:pat => $of_unknown:expr) => {
        match $frame {
            Frame::Setup($known) => $of_known,
            Frame::Lease($known) => $of_known,
            Frame::Keepalive($known) => $of_known,
            Frame::RequestResponse($known) => $of_known,
            Frame::RequestFnf($known) => $of_known,
            Frame::RequestStream($known) => $of_known,
            Frame::RequestChannel($known) => $of_known,
            Frame::RequestN($known) => $of_known,
            Frame::Cancel($known) => $of_known,
            Frame::Payload($known) => $of_known,
            Frame::Error($known) => $of_known,
            Frame::MetadataPush($known) => $of_known,
            Frame::Resume($known) => $of_known,
            Frame::ResumeOk($known) => $of_known,
            Frame::Ext($known) => $of_known,
            $unknown => $of_unknown,
        }
    };
}

impl<'a> Frame<'a> {
    /// Reads a whole frame: its stream id and what it says. A type that is not known is no error.
    #[inline]
    pub fn decode(frame: &'a [u8]) -> Result<(u32, Self), DecodeError> {
        let (
            FrameHeader {
                stream_id,
                frame_type,
                flags,
            },
            body,
        ) = FrameHeader::decode(frame)?;
        let Ok(known) = FrameType::try_from(frame_type) else {
            return Ok((
                stream_id,
                Self::Unknown {
                    frame_type,
                    flags,
                    body,
                },
            ));
        };
        let frame = match known {
            FrameType::Setup => Self::Setup(Setup::decode(flags, body)?),
            FrameType::Lease => Self::Lease(Lease::decode(flags, body)?),
            FrameType::Keepalive => Self::Keepalive(Keepalive::decode(flags, body)?),
            FrameType::RequestResponse => {
                Self::RequestResponse(RequestResponse::decode(flags, body)?)
            }
            FrameType::RequestFnf => Self::RequestFnf(RequestFnf::decode(flags, body)?),
            FrameType::RequestStream => Self::RequestStream(RequestStream::decode(flags, body)?),
            FrameType::RequestChannel => Self::RequestChannel(RequestChannel::decode(flags, body)?),
            FrameType::RequestN => Self::RequestN(RequestN::decode(flags, body)?),
            FrameType::Cancel => Self::Cancel(Cancel::decode(flags, body)?),
            FrameType::Payload => Self::Payload(PayloadFrame::decode(flags, body)?),
            FrameType::Error => Self::Error(ErrorFrame::decode(flags, body)?),
            FrameType::MetadataPush => Self::MetadataPush(MetadataPush::decode(flags, body)?),
            FrameType::Resume => Self::Resume(Resume::decode(flags, body)?),
            FrameType::ResumeOk => Self::ResumeOk(ResumeOk::decode(flags, body)?),
            FrameType::Ext => Self::Ext(Ext::decode(flags, body)?),
        };
        Ok((stream_id, frame))
    }

    /// The type as it stands in the header, 0 to 63.
    #[inline]
    pub fn frame_type(&self) -> u8 {
        let known = match self {
            Self::Setup(_) => FrameType::Setup,
            Self::Lease(_) => FrameType::Lease,
            Self::Keepalive(_) => FrameType::Keepalive,
            Self::RequestResponse(_) => FrameType::RequestResponse,
            Self::RequestFnf(_) => FrameType::RequestFnf,
            Self::RequestStream(_) => FrameType::RequestStream,
            Self::RequestChannel(_) => FrameType::RequestChannel,
            Self::RequestN(_) => FrameType::RequestN,
            Self::Cancel(_) => FrameType::Cancel,
            Self::Payload(_) => FrameType::Payload,
            Self::Error(_) => FrameType::Error,
            Self::MetadataPush(_) => FrameType::MetadataPush,
            Self::Resume(_) => FrameType::Resume,
            Self::ResumeOk(_) => FrameType::ResumeOk,
            Self::Ext(_) => FrameType::Ext,
            Self::Unknown { frame_type, .. } => return *frame_type,
        };
        known as u8
    }

    /// The flags that the content asks for; those of an unknown frame as they came.
    #[inline]
    pub fn flags(&self) -> Flags {
        match_frame!(self, known => known.flags(), Self::Unknown { flags, .. } => *flags)
    }

    /// The length in bytes that [`encode`](Self::encode) writes, header included. A frame must not be
    /// longer than [`MAX_FRAME_LEN`](super::MAX_FRAME_LEN); the caller checks, since it is the one who
    /// can send fragments instead.
    #[inline]
    pub fn encoded_len(&self) -> usize {
        FrameHeader::LEN
            + match_frame!(self, known => known.body_len(), Self::Unknown { body, .. } => body.len())
    }

    /// Writes the frame for `stream_id`, which is at most [`MAX_STREAM_ID`](super::MAX_STREAM_ID).
    ///
    /// # Panics
    /// If `out` cannot take [`encoded_len`](Self::encoded_len) bytes; a buffer that grows always can.
    #[inline]
    pub fn encode(&self, stream_id: u32, out: &mut impl BufMut) {
        let (frame_type, flags) = (self.frame_type(), self.flags());
        FrameHeader {
            stream_id,
            frame_type,
            flags,
        }
        .encode(out);
        match_frame!(self, known => known.encode_body(out), Self::Unknown { body, .. } => out.put_slice(body));
    }
}

#[cfg(test)]
mod tests {
    use super::super::table::{Entry, check};
    use super::*;

    #[test]
    fn an_unknown_type_is_kept_as_it_is() {
        check(&[
            Entry {
                name: "reserved type 0",
                stream_id: 0,
                frame: Frame::Unknown {
                    frame_type: 0,
                    flags: Flags::EMPTY,
                    body: b"",
                },
                bytes: &[
                    0x00, 0x00, 0x00, 0x00, // stream id 0
                    0x00, 0x00, // type 0, no flags
                ],
                required: 6,
            },
            Entry {
                name: "type after the last, may be ignored",
                stream_id: 1,
                frame: Frame::Unknown {
                    frame_type: 15,
                    flags: Flags::IGNORE,
                    body: b"?",
                },
                bytes: &[
                    0x00, 0x00, 0x00, 0x01, // stream id 1
                    0x3E, 0x00, // type 15, IGNORE
                    b'?', // body
                ],
                required: 6,
            },
            Entry {
                name: "type before EXT, all flags, a metadata length that means nothing here",
                stream_id: 2,
                frame: Frame::Unknown {
                    frame_type: 62,
                    flags: Flags::from_bits_truncate(0x3FF),
                    body: b"\xFF\xFF\xFF",
                },
                bytes: &[
                    0x00, 0x00, 0x00, 0x02, // stream id 2
                    0xFB, 0xFF, // type 62, all flags
                    0xFF, 0xFF, 0xFF, // body
                ],
                required: 6,
            },
        ]);
    }

    // Conforms: header/undefined-flags-unset, header/undefined-flags-ignored
    #[test]
    fn flags_that_a_type_does_not_define_are_not_interpreted() {
        let payload_flags = Flags::METADATA | Flags::FOLLOWS;
        let defined = [
            (
                FrameType::Setup,
                Flags::METADATA | Flags::RESUME_ENABLE | Flags::LEASE,
            ),
            (FrameType::Lease, Flags::METADATA),
            (FrameType::Keepalive, Flags::RESPOND),
            (FrameType::RequestResponse, payload_flags),
            (FrameType::RequestFnf, payload_flags),
            (FrameType::RequestStream, payload_flags),
            (FrameType::RequestChannel, payload_flags | Flags::COMPLETE),
            (FrameType::RequestN, Flags::EMPTY),
            (FrameType::Cancel, Flags::EMPTY),
            (
                FrameType::Payload,
                payload_flags | Flags::COMPLETE | Flags::NEXT,
            ),
            (FrameType::Error, Flags::EMPTY),
            (FrameType::MetadataPush, Flags::METADATA),
            (FrameType::Resume, Flags::EMPTY),
            (FrameType::ResumeOk, Flags::EMPTY),
            (FrameType::Ext, Flags::IGNORE | Flags::METADATA),
        ];
        for (frame_type, defined) in defined {
            let all = Flags::from_bits_truncate(0x3FF);
            let header = FrameHeader {
                stream_id: 1,
                frame_type: frame_type as u8,
                flags: all,
            };
            let mut bytes = Vec::new();
            header.encode(&mut bytes);
            bytes.extend([0; 32]);
            let flags = Frame::decode(&bytes).map(|(_, frame)| frame.flags());
            assert_eq!(flags, Ok(defined), "{frame_type}");
        }
    }

    #[test]
    fn a_frame_shorter_than_its_header_is_an_error() {
        for len in 0..FrameHeader::LEN {
            assert_eq!(
                Frame::decode(&[0; 8][..len]),
                Err(DecodeError::Header { len })
            );
        }
    }

    #[test]
    fn an_error_names_the_frame_and_the_field() {
        let keepalive = [0, 0, 0, 0, 0x0C, 0x80, 1, 2, 3];
        let error = Frame::decode(&keepalive).expect_err("the position takes 8 bytes");
        assert_eq!(
            error.to_string(),
            "KEEPALIVE frame ends within its last received position"
        );
    }
}
