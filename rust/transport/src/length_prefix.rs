//! Frames on a byte stream such as TCP: each is preceded by its length in 24 bits, big endian (specification,
//! "Framing Format").

use bytes::BufMut;
use rsocket_protocol::{ExternalSpan, FrameSink};

/// Bytes of the length field.
pub const PREFIX_LEN: usize = 3;

/// What stands at the beginning of some received bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Split<'a> {
    /// A whole frame. It takes `consumed` bytes with its prefix.
    Frame {
        /// The frame, without its prefix.
        frame: &'a [u8],
        /// Bytes from the beginning to the frame's end.
        consumed: usize,
    },
    /// Part of a frame, or nothing.
    Incomplete {
        /// Bytes that the frame takes with its prefix, as far as is known.
        needed: usize,
    },
}

/// A frame is longer than the receiver accepts. Nothing after it can be found, so the connection has to end.
#[derive(thiserror::Error, Clone, Copy, Debug, PartialEq, Eq)]
#[error("a frame of {len} bytes is longer than the limit of {max}")]
pub struct FrameTooLong {
    /// Length that the prefix announced, in bytes.
    pub len: usize,
    /// Longest frame that is accepted, in bytes.
    pub max: usize,
}

/// Finds the first frame in received bytes.
///
/// # Errors
/// [`FrameTooLong`] when the frame is longer than `max_frame_len`.
#[inline]
pub fn split(input: &[u8], max_frame_len: usize) -> Result<Split<'_>, FrameTooLong> {
    let Some(([high, middle, low], rest)) = input.split_first_chunk::<PREFIX_LEN>() else {
        return Ok(Split::Incomplete { needed: PREFIX_LEN });
    };
    let len = u32::from_be_bytes([0, *high, *middle, *low]) as usize;
    if len > max_frame_len {
        return Err(FrameTooLong {
            len,
            max: max_frame_len,
        });
    }
    let consumed = PREFIX_LEN + len;
    Ok(match rest.get(..len) {
        Some(frame) => Split::Frame { frame, consumed },
        None => Split::Incomplete { needed: consumed },
    })
}

/// Writes prefixed frames to a buffer, and notes where payloads of the driver belong between them.
#[derive(Debug)]
pub struct Writer<'a, B> {
    buffer: &'a mut B,
    segments: &'a mut Vec<Segment>,
    /// Bytes that may still be written to the buffer.
    room: usize,
    /// Segments that may still be noted.
    segment_room: usize,
    /// Bytes in the buffer since the last segment.
    since_segment: usize,
    external: ExternalRoom,
}

/// How many bytes of segments may be noted. The first frame that has any may have more.
#[derive(Clone, Copy, Debug)]
pub struct ExternalRoom {
    left: usize,
    unused: bool,
}

impl ExternalRoom {
    /// Room for any number of bytes.
    pub const UNLIMITED: Self = Self::of(usize::MAX);

    /// Room for so many bytes, or one frame.
    #[must_use]
    pub const fn of(bytes: usize) -> Self {
        Self {
            left: bytes,
            unused: true,
        }
    }

    fn fits(&self, bytes: usize) -> bool {
        self.unused || bytes <= self.left
    }

    fn take(&mut self, bytes: usize) {
        self.left = self.left.saturating_sub(bytes);
        self.unused = false;
    }
}

/// A place in the output where bytes that the driver holds belong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Bytes of the buffer that go before the span, counted from the previous segment.
    pub buffered: usize,
    /// The bytes that follow them.
    pub span: ExternalSpan,
}

/// Most spans that one frame can have: metadata and data.
const SPANS_PER_FRAME: usize = 2;

impl<'a, B: BufMut> Writer<'a, B> {
    /// A writer that puts at most `room` bytes into `buffer` and at most `segment_room` segments into `segments`,
    /// which is cleared.
    pub fn new(
        buffer: &'a mut B,
        room: usize,
        segments: &'a mut Vec<Segment>,
        segment_room: usize,
    ) -> Self {
        segments.clear();
        Self {
            buffer,
            segments,
            room,
            segment_room,
            since_segment: 0,
            external: ExternalRoom::UNLIMITED,
        }
    }

    /// Goes on with another room for segments; `room` becomes what is left of the one before.
    pub fn swap_external_room(&mut self, room: &mut ExternalRoom) {
        std::mem::swap(&mut self.external, room);
    }
}

impl<B> Writer<'_, B> {
    fn has_segment_room(&self, external: usize) -> bool {
        self.external.fits(external) && self.segments.len() + SPANS_PER_FRAME <= self.segment_room
    }
}

impl<B: BufMut> FrameSink for Writer<'_, B> {
    type Buffer = B;

    #[inline]
    fn begin(&mut self, inline: usize, external: usize) -> bool {
        let buffered = PREFIX_LEN + inline;
        if buffered > self.room {
            return false;
        }
        if external > 0 && !self.has_segment_room(external) {
            return false;
        }
        self.room -= buffered;
        self.since_segment += buffered;
        self.buffer.put_uint((inline + external) as u64, PREFIX_LEN);
        true
    }

    #[inline]
    fn buffer(&mut self) -> &mut B {
        self.buffer
    }

    fn external(&mut self, span: ExternalSpan) {
        self.external.take(span.len);
        self.segments.push(Segment {
            buffered: std::mem::take(&mut self.since_segment),
            span,
        });
    }

    #[inline]
    fn end(&mut self) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use rsocket_protocol::Part;

    const MAX: usize = 0xFF_FFFF;

    // Conforms: general/big-endian, framing/length-prefix, framing/length-layout
    #[test]
    fn finds_a_frame_and_its_end() {
        let input = [0, 0, 2, 0xAA, 0xBB, 0, 0];
        assert_eq!(
            split(&input, MAX),
            Ok(Split::Frame {
                frame: &[0xAA, 0xBB],
                consumed: 5
            })
        );
    }

    #[test]
    fn finds_an_empty_frame() {
        let expected = Split::Frame {
            frame: &[],
            consumed: 3,
        };
        assert_eq!(split(&[0, 0, 0, 1], MAX), Ok(expected));
    }

    // Conforms: framing/length-layout
    #[test]
    fn says_how_much_is_missing() {
        for len in 0..3 {
            assert_eq!(
                split(&[0, 1, 0][..len], MAX),
                Ok(Split::Incomplete { needed: 3 })
            );
        }
        assert_eq!(
            split(&[0, 1, 0, 9], MAX),
            Ok(Split::Incomplete { needed: 259 })
        );
    }

    #[test]
    fn refuses_a_frame_over_the_limit_before_it_arrives() {
        assert_eq!(
            split(&[0, 1, 1], 256),
            Err(FrameTooLong { len: 257, max: 256 })
        );
        assert_eq!(
            split(&[0, 1, 0], 256),
            Ok(Split::Incomplete { needed: 259 })
        );
    }

    // Conforms: general/big-endian, framing/length-prefix, framing/length-layout
    #[test]
    fn prefixes_frames_and_places_segments_between_them() {
        let (mut buffer, mut segments) = (Vec::new(), Vec::new());
        let mut writer = Writer::new(&mut buffer, 64, &mut segments, 8);
        assert!(writer.begin(2, 0));
        writer.buffer().put_slice(b"ab");
        writer.end();
        assert!(writer.begin(1, 500));
        writer.buffer().put_slice(b"c");
        let span = ExternalSpan {
            token: 7,
            part: Part::Data,
            offset: 0,
            len: 500,
            last: true,
        };
        writer.external(span);
        writer.end();
        assert!(writer.begin(0, 0));
        writer.end();
        assert_eq!(buffer, b"\0\0\x02ab\0\x01\xF5c\0\0\0");
        assert_eq!(segments, [Segment { buffered: 9, span }]);
    }

    #[test]
    fn bounds_the_bytes_of_segments_but_for_the_first() {
        let (mut buffer, mut segments) = (Vec::new(), Vec::new());
        let mut writer = Writer::new(&mut buffer, 64, &mut segments, 8);
        let mut rooms = [ExternalRoom::of(100), ExternalRoom::of(100)];
        for room in &mut rooms {
            writer.swap_external_room(room);
            assert!(writer.begin(0, 500));
            writer.external(ExternalSpan {
                token: 7,
                part: Part::Data,
                offset: 0,
                len: 500,
                last: true,
            });
            writer.end();
            assert!(!writer.begin(0, 1));
            assert!(writer.begin(1, 0));
            writer.buffer().put_u8(b'a');
            writer.end();
        }
        writer.swap_external_room(&mut rooms[1]);
        assert!(!writer.begin(0, 1), "what was left of it is left");
    }

    #[test]
    fn writes_nothing_without_room() {
        let (mut buffer, mut segments) = (Vec::new(), Vec::new());
        let mut writer = Writer::new(&mut buffer, 5, &mut segments, 1);
        assert!(!writer.begin(3, 0));
        assert!(!writer.begin(1, 1), "two spans might not fit");
        assert!(writer.begin(2, 0));
        writer.buffer().put_slice(b"ab");
        assert!(!writer.begin(0, 0));
        assert_eq!(buffer, b"\0\0\x02ab");
    }
}
