//! Any bytes: nothing panics, and a frame that decodes encodes to the bytes it came from, save what a
//! receiver must not interpret.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rsocket_protocol::frame::{Frame, FrameHeader, Resume};

fuzz_target!(|bytes: &[u8]| {
    let Ok((stream_id, frame)) = Frame::decode(bytes) else {
        return;
    };
    let mut encoded = Vec::new();
    frame.encode(stream_id, &mut encoded);

    assert_eq!(encoded.len(), frame.encoded_len());
    assert_eq!(encoded, canonical(bytes, stream_id, &frame));
    assert_eq!(Frame::decode(&encoded), Ok((stream_id, frame)));
});

/// `bytes` without their reserved bits, undefined flags and ignored end.
fn canonical(bytes: &[u8], stream_id: u32, frame: &Frame<'_>) -> Vec<u8> {
    let mut canonical = Vec::new();
    let (frame_type, flags) = (frame.frame_type(), frame.flags());
    FrameHeader {
        stream_id,
        frame_type,
        flags,
    }
    .encode(&mut canonical);
    canonical.extend_from_slice(&bytes[FrameHeader::LEN..]);
    canonical.truncate(interpreted_len(bytes, frame));
    for field in reserved_bits(frame) {
        canonical[FrameHeader::LEN + field] &= 0x7F;
    }
    canonical
}

/// How many of the frame's bytes have a meaning.
fn interpreted_len(bytes: &[u8], frame: &Frame<'_>) -> usize {
    match frame {
        Frame::Lease(lease) if lease.metadata.is_none() => FrameHeader::LEN + 8,
        Frame::RequestN(_) => FrameHeader::LEN + 4,
        Frame::Cancel(_) => FrameHeader::LEN,
        Frame::Resume(resume) => FrameHeader::LEN + positions(resume) + 16,
        Frame::ResumeOk(_) => FrameHeader::LEN + 8,
        _ => bytes.len(),
    }
}

/// Where in the body the fields begin whose top bit is reserved.
fn reserved_bits(frame: &Frame<'_>) -> Vec<usize> {
    match frame {
        Frame::Setup(_) => vec![4, 8],
        Frame::Lease(_) => vec![0, 4],
        Frame::Keepalive(_)
        | Frame::RequestStream(_)
        | Frame::RequestChannel(_)
        | Frame::RequestN(_)
        | Frame::ResumeOk(_)
        | Frame::Ext(_) => vec![0],
        Frame::Resume(resume) => vec![positions(resume), positions(resume) + 8],
        Frame::RequestResponse(_)
        | Frame::RequestFnf(_)
        | Frame::Cancel(_)
        | Frame::Payload(_)
        | Frame::Error(_)
        | Frame::MetadataPush(_)
        | Frame::Unknown { .. } => vec![],
    }
}

/// Where in the body of a RESUME the two positions begin: after the version, the length of the token
/// and the token.
fn positions(resume: &Resume<'_>) -> usize {
    4 + 2 + resume.token.len()
}
