//! Where a connection writes the frames of one turn.

use std::ops::Range;

use rsocket_protocol::{ExternalSpan, FrameSink};

pub(crate) const PREFIX_LEN: usize = 3;

/// Bytes that a turn can hold of what is copied, and of payloads that are referred to: those of fragments and those of
/// what is submitted. Each may be a frame, whatever its length.
const INLINE_ROOM: usize = 80 << 10;
pub(crate) const EXTERNAL_ROOM: usize = 128 << 10;

#[derive(Default)]
pub(crate) struct Output {
    pub(crate) bytes: Vec<u8>,
    /// Where each frame stands, without its prefix.
    pub(crate) frames: Vec<Range<usize>>,
    inline_room: usize,
    external_room: usize,
    /// Nothing has been referred to yet.
    fresh: bool,
    /// Names of payloads of which nothing more will be written.
    pub(crate) written: Vec<u64>,
}

impl Output {
    /// Makes room for a turn.
    pub(crate) fn begin(&mut self) {
        self.bytes.clear();
        self.frames.clear();
        self.inline_room = INLINE_ROOM;
        self.begin_external();
    }

    pub(crate) fn begin_external(&mut self) {
        self.external_room = EXTERNAL_ROOM;
        self.fresh = true;
    }

    /// Takes no more until the next turn.
    pub(crate) fn end_turn(&mut self) {
        self.inline_room = 0;
    }
}

impl FrameSink for Output {
    type Buffer = Vec<u8>;

    fn begin(&mut self, inline: usize, external: usize) -> bool {
        let buffered = PREFIX_LEN + inline;
        let fits = external == 0 || self.fresh || external <= self.external_room;
        if buffered > self.inline_room || !fits {
            return false;
        }
        self.inline_room -= buffered;
        let len = (inline + external) as u32;
        self.bytes.extend_from_slice(&len.to_be_bytes()[1..]);
        let start = self.bytes.len();
        self.frames.push(start..start + inline + external);
        true
    }

    fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    fn external(&mut self, span: ExternalSpan) {
        self.external_room = self.external_room.saturating_sub(span.len);
        self.fresh = false;
        self.bytes.resize(self.bytes.len() + span.len, 0);
        if span.last {
            self.written.push(span.token);
        }
    }

    fn end(&mut self) {}
}
