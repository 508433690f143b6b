//! Any frame: what is encoded decodes to the same.

#![no_main]

use libfuzzer_sys::arbitrary::{Arbitrary, Result, Unstructured};
use libfuzzer_sys::fuzz_target;
use rsocket_protocol::frame::{
    Cancel, ErrorCode, ErrorFrame, Ext, Flags, Frame, FrameType, Keepalive, Lease, MAX_STREAM_ID,
    MetadataPush, PayloadFrame, PayloadRef, RequestChannel, RequestFnf, RequestN, RequestResponse,
    RequestStream, Resume, ResumeOk, Setup, Version,
};

fuzz_target!(|input: Input<'_>| {
    let Input { stream_id, frame } = input;
    let mut encoded = Vec::new();
    frame.encode(stream_id, &mut encoded);

    assert_eq!(encoded.len(), frame.encoded_len());
    assert_eq!(Frame::decode(&encoded), Ok((stream_id, frame)));
});

/// A stream id and a frame, within the limits that an encoder's caller keeps.
#[derive(Debug)]
struct Input<'a> {
    stream_id: u32,
    frame: Frame<'a>,
}

impl<'a> Arbitrary<'a> for Input<'a> {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        Ok(Self {
            stream_id: u.int_in_range(0..=MAX_STREAM_ID)?,
            frame: frame(u)?,
        })
    }
}

fn frame<'a>(u: &mut Unstructured<'a>) -> Result<Frame<'a>> {
    let number = u.int_in_range(0..=63)?;
    let Ok(frame_type) = FrameType::try_from(number) else {
        return Ok(Frame::Unknown {
            frame_type: number,
            flags: Flags::from_bits_truncate(u.arbitrary()?),
            body: u.arbitrary()?,
        });
    };
    Ok(match frame_type {
        FrameType::Setup => Frame::Setup(setup(u)?),
        FrameType::Lease => Frame::Lease(Lease {
            ttl_ms: u31(u)?,
            requests: u31(u)?,
            metadata: u.arbitrary()?,
        }),
        FrameType::Keepalive => Frame::Keepalive(Keepalive {
            respond: u.arbitrary()?,
            last_received_position: u63(u)?,
            data: u.arbitrary()?,
        }),
        FrameType::RequestResponse => Frame::RequestResponse(RequestResponse {
            follows: u.arbitrary()?,
            payload: payload(u)?,
        }),
        FrameType::RequestFnf => Frame::RequestFnf(RequestFnf {
            follows: u.arbitrary()?,
            payload: payload(u)?,
        }),
        FrameType::RequestStream => Frame::RequestStream(RequestStream {
            follows: u.arbitrary()?,
            initial_n: u31(u)?,
            payload: payload(u)?,
        }),
        FrameType::RequestChannel => Frame::RequestChannel(RequestChannel {
            follows: u.arbitrary()?,
            complete: u.arbitrary()?,
            initial_n: u31(u)?,
            payload: payload(u)?,
        }),
        FrameType::RequestN => Frame::RequestN(RequestN { n: u31(u)? }),
        FrameType::Cancel => Frame::Cancel(Cancel),
        FrameType::Payload => Frame::Payload(PayloadFrame {
            follows: u.arbitrary()?,
            complete: u.arbitrary()?,
            next: u.arbitrary()?,
            payload: payload(u)?,
        }),
        FrameType::Error => Frame::Error(ErrorFrame {
            code: ErrorCode(u.arbitrary()?),
            data: u.arbitrary()?,
        }),
        FrameType::MetadataPush => Frame::MetadataPush(MetadataPush {
            metadata: u.arbitrary()?,
        }),
        FrameType::Resume => Frame::Resume(Resume {
            version: version(u)?,
            token: at_most(Resume::MAX_TOKEN_LEN, u.arbitrary()?),
            last_received_server_position: u63(u)?,
            first_available_client_position: u63(u)?,
        }),
        FrameType::ResumeOk => Frame::ResumeOk(ResumeOk {
            last_received_client_position: u63(u)?,
        }),
        FrameType::Ext => Frame::Ext(Ext {
            extended_type: u31(u)?,
            ignore: u.arbitrary()?,
            has_metadata: u.arbitrary()?,
            body: u.arbitrary()?,
        }),
    })
}

fn setup<'a>(u: &mut Unstructured<'a>) -> Result<Setup<'a>> {
    let token: Option<&[u8]> = u.arbitrary()?;
    Ok(Setup {
        version: version(u)?,
        keepalive_interval_ms: u31(u)?,
        max_lifetime_ms: u31(u)?,
        resume_token: token.map(|token| at_most(Setup::MAX_TOKEN_LEN, token)),
        honors_lease: u.arbitrary()?,
        metadata_mime: at_most(Setup::MAX_MIME_LEN, u.arbitrary()?),
        data_mime: at_most(Setup::MAX_MIME_LEN, u.arbitrary()?),
        payload: payload(u)?,
    })
}

fn payload<'a>(u: &mut Unstructured<'a>) -> Result<PayloadRef<'a>> {
    Ok(PayloadRef::new(u.arbitrary()?, u.arbitrary()?))
}

fn version(u: &mut Unstructured<'_>) -> Result<Version> {
    Ok(Version {
        major: u.arbitrary()?,
        minor: u.arbitrary()?,
    })
}

fn u31(u: &mut Unstructured<'_>) -> Result<u32> {
    Ok(u.arbitrary::<u32>()? >> 1)
}

fn u63(u: &mut Unstructured<'_>) -> Result<u64> {
    Ok(u.arbitrary::<u64>()? >> 1)
}

fn at_most(len: usize, bytes: &[u8]) -> &[u8] {
    bytes.get(..len).unwrap_or(bytes)
}
