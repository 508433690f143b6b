//! "Unknown frames with the ignore flag are ignored; without it, CONNECTION_ERROR and close", and the rest of
//! "Handling the Unexpected".

use super::*;
use crate::frame::{Ext, FrameType, Lease, MetadataPush, RequestN, ResumeOk};

const UNKNOWN_TYPES: [u8; 4] = [0x00, 0x0F, 0x20, 0x3E];

fn unknown(frame_type: u8, flags: Flags) -> Frame<'static> {
    Frame::Unknown {
        frame_type,
        flags,
        body: b"\xFF\xFF\xFF\xFF",
    }
}

// Conforms: ignore/set
#[test]
fn an_unknown_frame_with_the_ignore_flag_is_ignored() {
    for frame_type in UNKNOWN_TYPES {
        for stream in [0, 1] {
            let mut client = Alone::client();
            let frame = unknown(frame_type, Flags::IGNORE | Flags::METADATA);
            assert_eq!(client.receive(stream, frame), None);
            assert!(!client.connection.is_closed());
            client.assert_sent(&[]);
        }
    }
}

// Conforms: ignore/unset, error/connection-error
#[test]
fn an_unknown_frame_without_the_ignore_flag_is_a_connection_error() {
    for frame_type in UNKNOWN_TYPES {
        for stream in [0, 1] {
            let mut client = Alone::client();
            client.request(1, b"");
            client.sent();
            let frame = unknown(frame_type, Flags::EMPTY);
            assert_eq!(client.receive(stream, frame), Some(Seen::Closed));
            client.assert_aborted(ErrorCode::CONNECTION_ERROR);
            assert_eq!(client.connection.outbound_streams(), 0);
        }
    }
}

// Conforms: ignore/set, ignore/unset, ext/ignore
#[test]
fn an_extension_is_ignored_if_it_may_be_and_else_the_end() {
    let ext = |ignore| {
        Frame::Ext(Ext {
            extended_type: 7,
            ignore,
            has_metadata: false,
            body: b"?",
        })
    };
    for stream in [0, 1] {
        let mut server = Alone::server();
        assert_eq!(server.receive(stream, ext(true)), None);
        server.assert_sent(&[]);
        assert_eq!(server.receive(stream, ext(false)), Some(Seen::Closed));
        server.assert_aborted(ErrorCode::CONNECTION_ERROR);
    }
}

fn header(stream_id: u32, frame_type: FrameType, flags: Flags) -> FrameHeader {
    FrameHeader {
        stream_id,
        frame_type: frame_type as u8,
        flags,
    }
}

/// Frames whose bytes have no reading.
fn malformed(ignore: Flags) -> [(FrameHeader, &'static [u8]); 7] {
    let metadata = Flags::METADATA | ignore;
    [
        (header(0, FrameType::Keepalive, ignore), b"\0\0\0"),
        (header(0, FrameType::Error, ignore), b"\0\0\0"),
        (header(1, FrameType::Error, ignore), b""),
        (header(1, FrameType::Payload, metadata), b"\0\0\x02m"),
        (header(3, FrameType::RequestResponse, metadata), b"\0\0"),
        (header(3, FrameType::RequestFnf, metadata), b"\xFF\xFF\xFFm"),
        (header(3, FrameType::RequestStream, ignore), b"\0"),
    ]
}

// Conforms: metadata/wrong-length
#[test]
fn a_malformed_frame_is_a_connection_error() {
    for (header, rest) in malformed(Flags::EMPTY) {
        let mut server = Alone::server();
        let seen = server.receive_raw(header, rest);
        assert_eq!(seen, Some(Seen::Closed), "{header:?}");
        server.assert_aborted(ErrorCode::CONNECTION_ERROR);
    }
}

// Conforms: metadata/wrong-length-ignored
#[test]
fn a_malformed_frame_with_the_ignore_flag_is_ignored() {
    for (header, rest) in malformed(Flags::IGNORE) {
        let mut server = Alone::server();
        assert_eq!(server.receive_raw(header, rest), None, "{header:?}");
        assert!(!server.connection.is_closed());
        server.assert_sent(&[]);
    }
}

#[test]
fn a_frame_shorter_than_a_header_is_a_connection_error() {
    for len in 0..FrameHeader::LEN {
        let mut client = Alone::client();
        let seen = client.receive_bytes(&[0; FrameHeader::LEN][..len]);
        assert_eq!(seen, Some(Seen::Closed));
        client.assert_aborted(ErrorCode::CONNECTION_ERROR);
    }
}

// Conforms: header/undefined-flags-ignored, unexpected/undefined-flags
#[test]
fn flags_that_a_frame_does_not_define_are_ignored() {
    let flags = Flags::from_bits_truncate(0x3FF)
        .without(Flags::METADATA)
        .without(Flags::FOLLOWS);
    let mut server = Alone::server();
    let header = header(1, FrameType::RequestResponse, flags);
    let seen = server.receive_raw(header, b"data");
    assert!(matches!(
        seen,
        Some(Seen::Request { stream: 1, payload, .. }) if payload == only_data(b"data")
    ));
}

// Conforms: stream-id/zero-reserved, lease/stream-0, unexpected/lenient, unexpected/anything-else
// Conforms: unexpected/cancel-unknown, unexpected/payload-unknown, unexpected/push-on-stream
#[test]
fn frames_that_make_no_sense_now_are_ignored() {
    let lease = Frame::Lease(Lease {
        ttl_ms: 1,
        requests: 1,
        metadata: None,
    });
    let resume_ok = Frame::ResumeOk(ResumeOk {
        last_received_client_position: 0,
    });
    let metadata_push = Frame::MetadataPush(MetadataPush { metadata: b"m" });
    let request_n = Frame::RequestN(RequestN { n: 1 });
    let frames = [
        (0, lease),
        (1, lease),
        (0, resume_ok),
        (1, metadata_push),
        (0, request_n),
        (1, request_n),
        (0, request_response(PayloadRef::default())),
        (0, request_fnf(PayloadRef::default())),
        (0, Frame::Cancel(Cancel)),
        (0, answer(PayloadRef::default())),
    ];
    for (stream, frame) in frames {
        for mut side in [Alone::client(), Alone::server()] {
            assert_eq!(side.receive(stream, frame), None, "{frame:?}");
            assert!(!side.connection.is_closed(), "{frame:?}");
            side.assert_sent(&[]);
        }
    }
}
