//! What waits to be sent on streams: payloads in fragments, and whatever their streams say after them.
//!
//! A payload that does not fit a frame stays with the driver and is sent a fragment at a time, in turn with those of
//! other streams (specification, "Fragmentation And Reassembly"). Metadata goes before data; COMPLETE stands on the
//! last fragment and NEXT on each PAYLOAD.

use std::collections::VecDeque;

use bytes::BufMut;
use hashbrown::HashMap;

use crate::frame::{Flags, FrameHeader, FrameType};
use crate::sink::{ExternalBody, ExternalSpan, FrameSink, Part};

/// Bytes of a fragment's metadata length field.
const METADATA_LENGTH_FIELD: usize = 3;

/// The streams that have something waiting.
#[derive(Debug, Default)]
pub(super) struct Sending {
    streams: HashMap<u32, VecDeque<Outgoing>>,
    /// Whose turn it is.
    turns: VecDeque<u32>,
    /// Tokens of payloads that will not be sent to their end.
    released: Vec<u64>,
    /// Bytes of what waits, counted whole until it is gone.
    queued: usize,
}

/// Something that waits on a stream.
#[derive(Debug)]
pub(super) enum Outgoing {
    /// A payload in the driver's memory.
    Fragmented(Fragmented),
    /// A frame that was encoded because something before it waits.
    Frame {
        bytes: Vec<u8>,
        /// It is a fragment of the stream's request.
        of_request: bool,
        /// It is the last frame of this side.
        ends: bool,
    },
}

/// A payload of which some fragments are still to be sent.
#[derive(Debug)]
pub(super) struct Fragmented {
    pub(super) stream: u32,
    pub(super) first: FirstFrame,
    /// What the last fragment says besides NEXT.
    pub(super) last_flags: Flags,
    pub(super) body: ExternalBody,
    pub(super) sent: Sent,
    /// It is the last payload of this side.
    pub(super) ends: bool,
}

/// What opens a payload: a request, or PAYLOAD.
#[derive(Clone, Copy, Debug)]
pub(super) struct FirstFrame {
    pub(super) frame_type: FrameType,
    /// Request-stream and request-channel say how many items they take.
    pub(super) initial_n: Option<u32>,
}

impl FirstFrame {
    pub(super) const PAYLOAD: Self = Self {
        frame_type: FrameType::Payload,
        initial_n: None,
    };

    /// Bytes before the payload.
    pub(super) fn len(self) -> usize {
        FrameHeader::LEN + self.initial_n.map_or(0, |_| size_of::<u32>())
    }

    pub(super) fn encode(self, stream: u32, flags: Flags, out: &mut impl BufMut) {
        FrameHeader {
            stream_id: stream,
            frame_type: self.frame_type as u8,
            flags,
        }
        .encode(out);
        if let Some(n) = self.initial_n {
            out.put_u32(n);
        }
    }
}

/// How far a fragmented payload has been sent.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sent {
    started: bool,
    metadata: usize,
    data: usize,
}

/// A stream whose last frame has been written.
pub(super) struct Ended(pub(super) u32);

/// The sink has no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NoRoom;

impl Sending {
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.turns.is_empty()
    }

    /// Whether something waits on this stream.
    #[inline]
    pub(super) fn contains(&self, stream: u32) -> bool {
        !self.is_empty() && self.streams.contains_key(&stream)
    }

    /// Whether a request is still to be written to its end: the peer may not know its stream.
    pub(super) fn request_waits(&self, stream: u32) -> bool {
        if self.is_empty() {
            return false;
        }
        let first = self.streams.get(&stream).and_then(VecDeque::front);
        first.is_some_and(Outgoing::is_of_request)
    }

    /// Whether so many bytes more may wait. One payload always may, whatever its size.
    pub(super) fn has_room(&self, len: usize, max_queued: usize) -> bool {
        self.queued == 0 || self.queued + len <= max_queued
    }

    pub(super) fn push(&mut self, stream: u32, outgoing: Outgoing) {
        self.queued += outgoing.len();
        let queue = self.streams.entry(stream).or_default();
        if queue.is_empty() {
            self.turns.push_back(stream);
        }
        queue.push_back(outgoing);
    }

    /// Gives up what waits on a stream.
    pub(super) fn abandon(&mut self, stream: u32) {
        if self.is_empty() {
            return;
        }
        let Some(queue) = self.streams.remove(&stream) else {
            return;
        };
        self.turns.retain(|turn| *turn != stream);
        self.queued -= queue.iter().map(Outgoing::len).sum::<usize>();
        self.released
            .extend(queue.iter().filter_map(Outgoing::token));
    }

    /// Gives up everything.
    pub(super) fn clear(&mut self) {
        let queues = std::mem::take(&mut self.streams);
        self.turns.clear();
        self.queued = 0;
        let waiting = queues.values().flatten();
        self.released.extend(waiting.filter_map(Outgoing::token));
    }

    pub(super) fn pop_released(&mut self) -> Option<u64> {
        self.released.pop()
    }

    /// Bytes of what waits.
    #[cfg(test)]
    pub(super) fn queued(&self) -> usize {
        self.queued
    }

    /// Writes one frame of the stream whose turn it is. Tells when that ends what this side sends on it.
    pub(super) fn write_one<S: FrameSink>(
        &mut self,
        max_frame_len: usize,
        sink: &mut S,
    ) -> Result<Option<Ended>, NoRoom> {
        let Some(&stream) = self.turns.front() else {
            return Ok(None);
        };
        let Some(queue) = self.streams.get_mut(&stream) else {
            self.turns.pop_front();
            return Ok(None);
        };
        let Some(outgoing) = queue.front_mut() else {
            self.forget_turn(stream);
            return Ok(None);
        };
        outgoing.write(max_frame_len, sink)?;
        let mut ended = None;
        if outgoing.is_done() {
            ended = outgoing.ends().then_some(Ended(stream));
            self.queued -= outgoing.len();
            queue.pop_front();
        }
        let more = !queue.is_empty();
        self.turns.pop_front();
        if more {
            self.turns.push_back(stream);
        } else {
            self.streams.remove(&stream);
        }
        Ok(ended)
    }

    fn forget_turn(&mut self, stream: u32) {
        self.turns.pop_front();
        self.streams.remove(&stream);
    }
}

impl Outgoing {
    fn len(&self) -> usize {
        match self {
            Self::Fragmented(payload) => payload.body.len(),
            Self::Frame { bytes, .. } => bytes.len(),
        }
    }

    /// The name of the payload that the driver holds for it; one without bytes need not be held.
    fn is_of_request(&self) -> bool {
        match self {
            Self::Fragmented(payload) => payload.first.frame_type != FrameType::Payload,
            Self::Frame { of_request, .. } => *of_request,
        }
    }

    fn token(&self) -> Option<u64> {
        match self {
            Self::Fragmented(payload) => (self.len() > 0).then_some(payload.body.token),
            Self::Frame { .. } => None,
        }
    }

    fn write<S: FrameSink>(&mut self, max_frame_len: usize, sink: &mut S) -> Result<(), NoRoom> {
        match self {
            Self::Fragmented(payload) => payload.write_fragment(max_frame_len, sink),
            Self::Frame { bytes, .. } => {
                if !sink.begin(bytes.len(), 0) {
                    return Err(NoRoom);
                }
                sink.buffer().put_slice(bytes);
                sink.end();
                Ok(())
            }
        }
    }

    fn is_done(&self) -> bool {
        match self {
            Self::Fragmented(payload) => payload.is_done(),
            Self::Frame { .. } => true,
        }
    }

    fn ends(&self) -> bool {
        match self {
            Self::Fragmented(Fragmented { ends, .. }) | Self::Frame { ends, .. } => *ends,
        }
    }
}

/// What the next fragment carries.
struct Fragment {
    /// Length of its metadata; `None` where it has no metadata field.
    metadata: Option<usize>,
    data: usize,
    last: bool,
}

impl Fragmented {
    fn is_done(&self) -> bool {
        self.sent.started && self.metadata_left() == 0 && self.data_left() == 0
    }

    fn metadata_left(&self) -> usize {
        self.body.metadata_len.unwrap_or(0) - self.sent.metadata
    }

    fn data_left(&self) -> usize {
        self.body.data_len - self.sent.data
    }

    /// What the next frame begins with: the first one opens the payload, the others are PAYLOAD.
    fn opening(&self) -> FirstFrame {
        if self.sent.started {
            FirstFrame::PAYLOAD
        } else {
            self.first
        }
    }

    fn next_fragment(&self, max_frame_len: usize) -> Fragment {
        let mut room = max_frame_len - self.opening().len();
        let with_metadata =
            self.metadata_left() > 0 || (!self.sent.started && self.body.metadata_len.is_some());
        let metadata = with_metadata.then(|| {
            room -= METADATA_LENGTH_FIELD;
            self.metadata_left().min(room)
        });
        room -= metadata.unwrap_or(0);
        // With metadata left over there is no room for data.
        let data = self.data_left().min(room);
        let last = metadata.unwrap_or(0) == self.metadata_left() && data == self.data_left();
        Fragment {
            metadata,
            data,
            last,
        }
    }

    fn flags(&self, fragment: &Fragment) -> Flags {
        let next = Flags::NEXT.when(self.opening().frame_type == FrameType::Payload);
        let metadata = Flags::METADATA.when(fragment.metadata.is_some());
        let end = if fragment.last {
            self.last_flags
        } else {
            Flags::FOLLOWS
        };
        next | metadata | end
    }

    fn write_fragment<S: FrameSink>(
        &mut self,
        max_frame_len: usize,
        sink: &mut S,
    ) -> Result<(), NoRoom> {
        let fragment = self.next_fragment(max_frame_len);
        let metadata = fragment.metadata.unwrap_or(0);
        let field = fragment.metadata.map_or(0, |_| METADATA_LENGTH_FIELD);
        let opening = self.opening();
        if !sink.begin(opening.len() + field, metadata + fragment.data) {
            return Err(NoRoom);
        }
        opening.encode(self.stream, self.flags(&fragment), sink.buffer());
        if let Some(len) = fragment.metadata {
            sink.buffer().put_uint(len as u64, METADATA_LENGTH_FIELD);
        }
        let ends_with = |part| fragment.last && (part == Part::Data || fragment.data == 0);
        let spans = [
            (Part::Metadata, self.sent.metadata, metadata),
            (Part::Data, self.sent.data, fragment.data),
        ];
        for (part, offset, len) in spans.into_iter().filter(|(_, _, len)| *len > 0) {
            sink.external(ExternalSpan {
                token: self.body.token,
                part,
                offset,
                len,
                last: ends_with(part),
            });
        }
        sink.end();
        self.sent.started = true;
        self.sent.metadata += metadata;
        self.sent.data += fragment.data;
        Ok(())
    }
}
