//! Frames on a byte stream, each preceded by its length.

use rsocket_protocol::frame::{FrameHeader, FrameType};
use rsocket_protocol::{ExternalSpan, FrameSink};

pub(crate) const PREFIX_LEN: usize = 3;

/// What a connection has written: whole frames.
#[derive(Default)]
pub(crate) struct Output {
    bytes: Vec<u8>,
    begun: Option<(usize, usize)>,
}

impl Output {
    pub(crate) fn take(&mut self) -> Vec<u8> {
        assert!(self.begun.is_none());
        std::mem::take(&mut self.bytes)
    }
}

impl FrameSink for Output {
    type Buffer = Vec<u8>;

    fn begin(&mut self, inline: usize, external: usize) -> bool {
        assert_eq!(external, 0, "payloads are copied on a resumable connection");
        assert!(self.begun.is_none(), "a frame within a frame");
        self.begun = Some((self.bytes.len(), inline));
        let prefix = (inline as u32).to_be_bytes();
        self.bytes.extend_from_slice(&prefix[4 - PREFIX_LEN..]);
        true
    }

    fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    fn external(&mut self, span: ExternalSpan) {
        panic!("{span:?}");
    }

    fn end(&mut self) {
        let (start, len) = self.begun.take().expect("a frame was begun");
        assert_eq!(self.bytes.len() - start, PREFIX_LEN + len, "as announced");
    }
}

/// Takes the first whole frame out of what was received.
pub(crate) fn take_frame(received: &mut Vec<u8>) -> Option<Vec<u8>> {
    let prefix = received.get(..PREFIX_LEN)?;
    let len = u32::from_be_bytes([0, prefix[0], prefix[1], prefix[2]]) as usize;
    let end = PREFIX_LEN + len;
    let frame = received.get(PREFIX_LEN..end)?.to_vec();
    received.drain(..end);
    Some(frame)
}

/// The frames of a byte stream that has no half ones.
pub(crate) fn frames(mut bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (prefix, rest) = bytes.split_first_chunk::<PREFIX_LEN>()?;
        let len = u32::from_be_bytes([0, prefix[0], prefix[1], prefix[2]]) as usize;
        let (frame, rest) = rest.split_at(len);
        bytes = rest;
        Some(frame)
    })
}

/// Whether a frame has a position (specification, "Implied Position").
pub(crate) fn is_tracked(frame: &[u8]) -> bool {
    let (header, _) = FrameHeader::decode(frame).expect("what is sent decodes");
    let tracked = [
        FrameType::RequestResponse,
        FrameType::RequestFnf,
        FrameType::RequestStream,
        FrameType::RequestChannel,
        FrameType::RequestN,
        FrameType::Cancel,
        FrameType::Error,
        FrameType::Payload,
    ];
    header.stream_id != 0
        && tracked
            .map(|known| known as u8)
            .contains(&header.frame_type)
}
