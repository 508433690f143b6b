//! A part of a batch, so that one payload does not take it all.

use bytes::BytesMut;
use rsocket_protocol::{ExternalSpan, FrameSink};
use rsocket_transport::length_prefix::Writer;

/// A share that ends with what there is to write.
pub(crate) const ALL: usize = usize::MAX;

/// Takes frames until they have so many bytes; the one that gets there is taken as a whole.
#[derive(Debug)]
pub(crate) struct Share<'a> {
    writer: Writer<'a, BytesMut>,
    left: usize,
}

impl<'a> Share<'a> {
    pub(crate) fn new(writer: Writer<'a, BytesMut>, bytes: usize) -> Self {
        Self {
            writer,
            left: bytes,
        }
    }
}

impl FrameSink for Share<'_> {
    type Buffer = BytesMut;

    #[inline]
    fn begin(&mut self, inline: usize, external: usize) -> bool {
        if self.left == 0 || !self.writer.begin(inline, external) {
            return false;
        }
        self.left = self.left.saturating_sub(inline + external);
        true
    }

    #[inline]
    fn buffer(&mut self) -> &mut BytesMut {
        self.writer.buffer()
    }

    fn external(&mut self, span: ExternalSpan) {
        self.writer.external(span);
    }

    #[inline]
    fn end(&mut self) {
        self.writer.end();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_frame_that_reaches_the_end_is_taken_as_a_whole() {
        let (mut buffer, mut segments) = (BytesMut::new(), Vec::new());
        let writer = Writer::new(&mut buffer, usize::MAX, &mut segments, usize::MAX);
        let mut share = Share::new(writer, 10);
        assert!(share.begin(9, 0));
        assert!(share.begin(100, 0));
        assert!(!share.begin(1, 0));
    }
}
