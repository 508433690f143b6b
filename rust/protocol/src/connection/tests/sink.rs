//! A sink that keeps the frames it is given and holds the connection to what it announced.

use crate::sink::{ExternalSpan, FrameSink, Part};

/// What stands in a frame for a byte of metadata that the driver holds.
pub(super) const HELD_METADATA: u8 = b'm';

/// What stands in a frame for a byte of data that the driver holds.
pub(super) const HELD_DATA: u8 = b'd';

#[derive(Debug)]
pub(super) struct Frames {
    frames: Vec<Vec<u8>>,
    /// Spans of the frames, in order.
    pub(super) spans: Vec<ExternalSpan>,
    /// Frames that may still be begun.
    pub(super) room: usize,
    current: Vec<u8>,
    /// Inline and external bytes that the current frame has yet to get.
    announced: Option<(usize, usize)>,
    external: usize,
}

impl Default for Frames {
    fn default() -> Self {
        Self {
            frames: Vec::new(),
            spans: Vec::new(),
            room: usize::MAX,
            current: Vec::new(),
            announced: None,
            external: 0,
        }
    }
}

impl Frames {
    /// The frames since the last call.
    pub(super) fn take(&mut self) -> Vec<Vec<u8>> {
        assert_eq!(self.announced, None, "a frame was begun and not ended");
        std::mem::take(&mut self.frames)
    }
}

impl FrameSink for Frames {
    type Buffer = Vec<u8>;

    fn begin(&mut self, inline: usize, external: usize) -> bool {
        assert_eq!(self.announced, None, "a frame was begun within another");
        if self.room == 0 {
            return false;
        }
        self.room -= 1;
        self.announced = Some((inline, external));
        true
    }

    fn buffer(&mut self) -> &mut Vec<u8> {
        assert!(self.announced.is_some(), "bytes outside a frame");
        &mut self.current
    }

    fn external(&mut self, span: ExternalSpan) {
        assert!(self.announced.is_some(), "a span outside a frame");
        assert_ne!(span.len, 0, "an empty span");
        self.external += span.len;
        let byte = match span.part {
            Part::Metadata => HELD_METADATA,
            Part::Data => HELD_DATA,
        };
        self.current.resize(self.current.len() + span.len, byte);
        self.spans.push(span);
    }

    fn end(&mut self) {
        let frame = std::mem::take(&mut self.current);
        let external = std::mem::take(&mut self.external);
        let written = (frame.len() - external, external);
        assert_eq!(self.announced.take(), Some(written), "announced, written");
        self.frames.push(frame);
    }
}
