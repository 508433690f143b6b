//! Frames on a byte stream, each preceded by its length, and the payloads that a driver holds put where they belong.

use std::collections::HashMap;

use rsocket_protocol::frame::{FrameHeader, FrameType};
use rsocket_protocol::{ExternalSpan, FrameSink, Part};

use crate::journal::Payload;

const PREFIX_LEN: usize = 3;

/// What an endpoint has written and the network has not taken.
#[derive(Default)]
pub(crate) struct Output {
    pub(crate) bytes: Vec<u8>,
    /// Bytes that the network takes now.
    pub(crate) room: usize,
    /// The network holds nothing, and so takes a frame of any length.
    pub(crate) idle: bool,
    /// Payloads that the driver holds, by their tokens.
    pub(crate) held: HashMap<u64, Payload>,
    /// Where the current frame began, and the length that was announced for it.
    begun: Option<(usize, usize)>,
    /// Longest frame that a payload may have.
    fragment_len: usize,
    /// The ERROR that ends the connection was written.
    ended: bool,
    /// PAYLOAD frames that more of the same payload follow.
    pub(crate) fragments: u64,
}

impl Output {
    pub(crate) fn new(fragment_len: usize) -> Self {
        Self {
            fragment_len,
            ..Self::default()
        }
    }

    /// Lets go of a payload, which is held until then.
    pub(crate) fn let_go(&mut self, token: u64) {
        assert!(self.held.remove(&token).is_some(), "{token} is not held");
    }

    pub(crate) fn held_bytes(&self) -> usize {
        self.held.values().map(Payload::len).sum()
    }

    /// Looks at the frame that was just written.
    fn inspect(&mut self, start: usize) {
        let frame = &self.bytes[start + PREFIX_LEN..];
        let (header, _) = FrameHeader::decode(frame).expect("what is sent decodes");
        assert!(!self.ended, "a frame follows the last one");
        self.ended = (header.stream_id, header.frame_type) == (0, FrameType::Error as u8);
        let carries_payload = header.stream_id != 0 && header.frame_type != FrameType::Error as u8;
        assert!(!carries_payload || frame.len() <= self.fragment_len);
        let follows = rsocket_protocol::frame::Flags::FOLLOWS;
        self.fragments += u64::from(carries_payload && header.flags.contains(follows));
    }
}

impl FrameSink for Output {
    type Buffer = Vec<u8>;

    fn begin(&mut self, inline: usize, external: usize) -> bool {
        assert!(self.begun.is_none(), "a frame within a frame");
        let len = inline + external;
        let fits = self.bytes.len() + PREFIX_LEN + len <= self.room;
        let goes_alone = self.idle && self.bytes.is_empty();
        if !fits && !goes_alone {
            return false;
        }
        self.begun = Some((self.bytes.len(), len));
        self.bytes
            .extend_from_slice(&(len as u32).to_be_bytes()[1..]);
        true
    }

    fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    fn external(&mut self, span: ExternalSpan) {
        let held = self.held.get(&span.token);
        let payload = held.unwrap_or_else(|| panic!("{} is not held", span.token));
        let part = match span.part {
            Part::Metadata => payload.metadata.as_deref().unwrap_or_default(),
            Part::Data => &payload.data,
        };
        let bytes = &part[span.offset..span.offset + span.len];
        self.bytes.extend_from_slice(bytes);
        if span.last {
            self.let_go(span.token);
        }
    }

    fn end(&mut self) {
        let (start, len) = self.begun.take().expect("a frame was begun");
        assert_eq!(self.bytes.len() - start, PREFIX_LEN + len, "as announced");
        self.inspect(start);
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
