//! Payloads that are sent in fragments (specification, "Fragmentation And Reassembly").
//!
//! A payload that does not fit a frame stays with the driver and is sent a fragment at a time, in turn with the others,
//! whenever the output has room. Metadata goes before data; COMPLETE stands on the last fragment and NEXT on each.

use std::collections::VecDeque;

use bytes::BufMut;

use crate::frame::{Flags, FrameHeader, FrameType};
use crate::sink::{ExternalBody, ExternalSpan, FrameSink, Part};

/// Bytes of a fragment's metadata length field.
const METADATA_LENGTH_FIELD: usize = 3;

/// The payloads under way.
#[derive(Debug, Default)]
pub(super) struct Sending {
    queue: VecDeque<Fragmented>,
    /// Tokens of payloads that will not be sent to their end.
    released: Vec<u64>,
}

/// A payload of which some fragments are still to be sent.
#[derive(Debug)]
pub(super) struct Fragmented {
    pub(super) stream: u32,
    /// The type of the first frame; the others are PAYLOAD.
    pub(super) frame_type: FrameType,
    /// What the last fragment says besides NEXT.
    pub(super) last_flags: Flags,
    pub(super) body: ExternalBody,
    pub(super) sent: Sent,
}

/// How far a fragmented payload has been sent.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sent {
    started: bool,
    metadata: usize,
    data: usize,
}

impl Sending {
    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    pub(super) fn push(&mut self, payload: Fragmented) {
        self.queue.push_back(payload);
    }

    pub(super) fn contains(&self, stream: u32) -> bool {
        self.queue.iter().any(|payload| payload.stream == stream)
    }

    /// Gives up what is still to be sent for a stream.
    pub(super) fn abandon(&mut self, stream: u32) {
        let released = &mut self.released;
        self.queue.retain(|payload| {
            let kept = payload.stream != stream;
            if !kept {
                released.push(payload.body.token);
            }
            kept
        });
    }

    /// Gives up everything.
    pub(super) fn clear(&mut self) {
        let tokens = self.queue.drain(..).map(|payload| payload.body.token);
        self.released.extend(tokens);
    }

    pub(super) fn pop_released(&mut self) -> Option<u64> {
        self.released.pop()
    }

    /// Writes one fragment of the payload whose turn it is. Returns the stream whose payload is complete with it, or
    /// nothing; `Err` when there is no room.
    pub(super) fn write_one<S: FrameSink>(
        &mut self,
        max_frame_len: usize,
        sink: &mut S,
    ) -> Result<Option<u32>, NoRoom> {
        let Some(payload) = self.queue.front_mut() else {
            return Ok(None);
        };
        payload.write_fragment(max_frame_len, sink)?;
        let done = payload.is_done();
        let Some(payload) = self.queue.pop_front() else {
            return Ok(None);
        };
        if done {
            return Ok(Some(payload.stream));
        }
        self.queue.push_back(payload);
        Ok(None)
    }
}

/// The sink has no room for a fragment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NoRoom;

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

    fn next_fragment(&self, max_frame_len: usize) -> Fragment {
        let mut room = max_frame_len - FrameHeader::LEN;
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

    fn header(&self, fragment: &Fragment) -> FrameHeader {
        let frame_type = if self.sent.started {
            FrameType::Payload
        } else {
            self.frame_type
        };
        let mut flags = Flags::EMPTY;
        if frame_type == FrameType::Payload {
            flags = flags | Flags::NEXT;
        }
        if fragment.metadata.is_some() {
            flags = flags | Flags::METADATA;
        }
        flags = flags
            | if fragment.last {
                self.last_flags
            } else {
                Flags::FOLLOWS
            };
        FrameHeader {
            stream_id: self.stream,
            frame_type: frame_type as u8,
            flags,
        }
    }

    fn write_fragment<S: FrameSink>(
        &mut self,
        max_frame_len: usize,
        sink: &mut S,
    ) -> Result<(), NoRoom> {
        let fragment = self.next_fragment(max_frame_len);
        let metadata = fragment.metadata.unwrap_or(0);
        let field = fragment.metadata.map_or(0, |_| METADATA_LENGTH_FIELD);
        if !sink.begin(FrameHeader::LEN + field, metadata + fragment.data) {
            return Err(NoRoom);
        }
        self.header(&fragment).encode(sink.buffer());
        if let Some(len) = fragment.metadata {
            sink.buffer().put_uint(len as u64, METADATA_LENGTH_FIELD);
        }
        self.place(
            Part::Metadata,
            self.sent.metadata,
            metadata,
            &fragment,
            sink,
        );
        self.place(Part::Data, self.sent.data, fragment.data, &fragment, sink);
        sink.end();
        self.sent.started = true;
        self.sent.metadata += metadata;
        self.sent.data += fragment.data;
        Ok(())
    }

    fn place<S: FrameSink>(
        &self,
        part: Part,
        offset: usize,
        len: usize,
        fragment: &Fragment,
        sink: &mut S,
    ) {
        if len == 0 {
            return;
        }
        sink.external(ExternalSpan {
            token: self.body.token,
            part,
            offset,
            len,
            last: fragment.last && (part == Part::Data || fragment.data == 0),
        });
    }
}
