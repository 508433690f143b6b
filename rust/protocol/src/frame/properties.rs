//! What holds for frames of any content.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::{
    Cancel, ErrorCode, ErrorFrame, Ext, Flags, Frame, FrameType, Keepalive, Lease, MAX_STREAM_ID,
    MetadataPush, PayloadFrame, PayloadRef, RequestChannel, RequestFnf, RequestN, RequestResponse,
    RequestStream, Resume, ResumeOk, Setup, Version,
};

/// The content of a frame of any type; each type takes what it has room for.
#[derive(Debug)]
struct Content {
    numbers: (u64, u64),
    bits: (bool, bool, bool),
    optional: Option<Vec<u8>>,
    short: (Vec<u8>, Vec<u8>),
    metadata: Option<Vec<u8>>,
    data: Vec<u8>,
}

fn content() -> impl Strategy<Value = Content> {
    let bytes = || vec(any::<u8>(), 0..300);
    let short = || vec(any::<u8>(), 0..=Setup::MAX_MIME_LEN);
    (
        any::<(u64, u64)>(),
        any::<(bool, bool, bool)>(),
        option::of(bytes()),
        (short(), short()),
        option::of(bytes()),
        bytes(),
    )
        .prop_map(|(numbers, bits, optional, short, metadata, data)| Content {
            numbers,
            bits,
            optional,
            short,
            metadata,
            data,
        })
}

impl Content {
    fn frame(&self, frame_type: u8) -> Frame<'_> {
        let (positions, (follows, complete, next)) = (self.positions(), self.bits);
        let (first, second) = self.u31s();
        let payload = self.payload();
        let Ok(known) = FrameType::try_from(frame_type) else {
            return self.unknown(frame_type);
        };
        match known {
            FrameType::Setup => Frame::Setup(self.setup()),
            FrameType::Lease => Frame::Lease(Lease {
                ttl_ms: first,
                requests: second,
                metadata: payload.metadata,
            }),
            FrameType::Keepalive => Frame::Keepalive(Keepalive {
                respond: follows,
                last_received_position: positions.0,
                data: payload.data,
            }),
            FrameType::RequestResponse => {
                Frame::RequestResponse(RequestResponse { follows, payload })
            }
            FrameType::RequestFnf => Frame::RequestFnf(RequestFnf { follows, payload }),
            FrameType::RequestStream => Frame::RequestStream(RequestStream {
                follows,
                initial_n: first,
                payload,
            }),
            FrameType::RequestChannel => Frame::RequestChannel(RequestChannel {
                follows,
                complete,
                initial_n: first,
                payload,
            }),
            FrameType::RequestN => Frame::RequestN(RequestN { n: first }),
            FrameType::Cancel => Frame::Cancel(Cancel),
            FrameType::Payload => Frame::Payload(PayloadFrame {
                follows,
                complete,
                next,
                payload,
            }),
            FrameType::Error => Frame::Error(ErrorFrame {
                code: ErrorCode(self.numbers.0 as u32),
                data: payload.data,
            }),
            FrameType::MetadataPush => Frame::MetadataPush(MetadataPush {
                metadata: payload.data,
            }),
            FrameType::Resume => Frame::Resume(Resume {
                version: self.version(),
                token: payload.data,
                last_received_server_position: positions.0,
                first_available_client_position: positions.1,
            }),
            FrameType::ResumeOk => Frame::ResumeOk(ResumeOk {
                last_received_client_position: positions.0,
            }),
            FrameType::Ext => Frame::Ext(Ext {
                extended_type: first,
                ignore: follows,
                has_metadata: complete,
                body: payload.data,
            }),
        }
    }

    fn setup(&self) -> Setup<'_> {
        let (keepalive_interval_ms, max_lifetime_ms) = self.u31s();
        Setup {
            version: self.version(),
            keepalive_interval_ms,
            max_lifetime_ms,
            resume_token: self.optional.as_deref(),
            honors_lease: self.bits.0,
            metadata_mime: &self.short.0,
            data_mime: &self.short.1,
            payload: self.payload(),
        }
    }

    fn unknown(&self, frame_type: u8) -> Frame<'_> {
        let flags = Flags::from_bits_truncate(self.numbers.0 as u16);
        Frame::Unknown {
            frame_type,
            flags,
            body: &self.data,
        }
    }

    fn payload(&self) -> PayloadRef<'_> {
        PayloadRef::new(self.metadata.as_deref(), &self.data)
    }

    fn version(&self) -> Version {
        Version {
            major: self.numbers.0 as u16,
            minor: self.numbers.1 as u16,
        }
    }

    fn u31s(&self) -> (u32, u32) {
        ((self.numbers.0 >> 33) as u32, (self.numbers.1 >> 33) as u32)
    }

    fn positions(&self) -> (u64, u64) {
        (self.numbers.0 >> 1, self.numbers.1 >> 1)
    }
}

proptest! {
    #[test]
    fn what_is_encoded_decodes_to_the_same(
        frame_type in 0..64_u8,
        stream_id in 0..=MAX_STREAM_ID,
        content in content(),
    ) {
        let frame = content.frame(frame_type);
        let mut bytes = Vec::new();
        frame.encode(stream_id, &mut bytes);
        prop_assert_eq!(frame.frame_type(), frame_type);
        prop_assert_eq!(bytes.len(), frame.encoded_len());
        prop_assert_eq!(Frame::decode(&bytes), Ok((stream_id, frame)));
    }

    #[test]
    fn what_decodes_encodes_to_a_frame_that_decodes_to_the_same(
        frame_type in 0..64_u8,
        flags in 0..4_u8,
        mut bytes in vec(any::<u8>(), 6..80),
    ) {
        bytes[4] = frame_type << 2 | flags;
        if let Ok((stream_id, frame)) = Frame::decode(&bytes) {
            let mut encoded = Vec::new();
            frame.encode(stream_id, &mut encoded);
            prop_assert!(encoded.len() <= bytes.len());
            prop_assert_eq!(Frame::decode(&encoded), Ok((stream_id, frame)));
        }
    }
}
