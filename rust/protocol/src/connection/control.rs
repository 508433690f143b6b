//! Small frames that wait for room in the output: the setup, keepalives, cancellations and errors.
//!
//! They go ahead of payloads. A peer that provokes them and reads nothing fills the queue up to its limit; what is
//! asked for beyond it is dropped, and [`ControlQueue::overflowed`] says so.

use std::collections::VecDeque;

use bytes::{Buf, BufMut, BytesMut};

use crate::frame::{
    Cancel, ErrorCode, ErrorFrame, Frame, FrameHeader, FrameType, Keepalive, Lease,
};
use crate::sink::FrameSink;

/// Longest message that an ERROR frame of ours carries, in bytes.
const MAX_ERROR_MESSAGE: usize = 16 << 10;

/// Longest data of a KEEPALIVE that is echoed, in bytes: the echo has to fit any sink. Longer ones end the connection.
pub(super) const MAX_KEEPALIVE_DATA: usize = 16 << 10;

#[derive(Debug)]
pub(super) struct ControlQueue {
    /// The encoded frames, one after the other.
    bytes: BytesMut,
    /// The length of each.
    lens: VecDeque<usize>,
    limit: usize,
    overflowed: bool,
}

impl ControlQueue {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            bytes: BytesMut::new(),
            lens: VecDeque::new(),
            limit,
            overflowed: false,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lens.is_empty()
    }

    /// Bytes that wait.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether a frame was dropped because the queue was full: the peer does not read.
    pub(super) fn overflowed(&self) -> bool {
        self.overflowed
    }

    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.lens.clear();
    }

    /// Drops the frames on stream 0: they belong to a transport that is gone. Whether the peer read what was sent on it
    /// does not matter any more.
    pub(super) fn drop_connection_frames(&mut self) {
        self.retain(|header, _| header.stream_id != 0);
        self.overflowed = false;
    }

    /// Drops all but the ERROR that ends the connection.
    pub(super) fn keep_last_words(&mut self) {
        let ends = (0, FrameType::Error as u8);
        self.retain(|header, _| (header.stream_id, header.frame_type) == ends);
    }

    /// Moves the frames on stream 0 to the sink while there is room, past the others; true when none is left.
    pub(super) fn flush_connection_frames<S: FrameSink>(&mut self, sink: &mut S) -> bool {
        let mut room = true;
        self.retain(|header, frame| {
            if header.stream_id != 0 {
                return true;
            }
            room = room && write(frame, sink);
            !room
        });
        room
    }

    fn retain(&mut self, mut keep: impl FnMut(FrameHeader, &[u8]) -> bool) {
        let mut frames = std::mem::take(&mut self.bytes);
        for len in std::mem::take(&mut self.lens) {
            let frame = frames.split_to(len);
            if FrameHeader::decode(&frame).is_ok_and(|(header, _)| keep(header, &frame)) {
                self.bytes.extend_from_slice(&frame);
                self.lens.push_back(len);
            }
        }
    }

    /// Queues a frame, whatever the limit: for the frames that open a connection.
    pub(super) fn push(&mut self, stream: u32, frame: &Frame<'_>) {
        let len = frame.encoded_len();
        self.bytes.reserve(len);
        frame.encode(stream, &mut self.bytes);
        self.lens.push_back(len);
    }

    /// Queues a frame that the peer could have any number of.
    fn push_bounded(&mut self, stream: u32, frame: &Frame<'_>) {
        if self.bytes.len() + frame.encoded_len() > self.limit {
            self.overflowed = true;
            return;
        }
        self.push(stream, frame);
    }

    pub(super) fn push_cancel(&mut self, stream: u32) {
        self.push(stream, &Frame::Cancel(Cancel));
    }

    /// Bounded although the peer does not ask for it: one that talks but never reads would have them pile up.
    pub(super) fn push_keepalive_request(&mut self, position: u64) {
        self.push_bounded(0, &keepalive(true, position, &[]));
    }

    /// Bounded likewise: a driver may go on granting whether or not the peer reads.
    pub(super) fn push_lease(&mut self, lease: Lease<'_>) {
        self.push_bounded(0, &Frame::Lease(lease));
    }

    pub(super) fn push_keepalive_reply(&mut self, position: u64, data: &[u8]) {
        self.push_bounded(0, &keepalive(false, position, data));
    }

    pub(super) fn push_error(&mut self, stream: u32, code: ErrorCode, message: &[u8]) {
        let data = cut_message(message);
        let frame = Frame::Error(ErrorFrame { code, data });
        if stream == 0 {
            // The last frame of a connection has to fit whatever waits before it.
            self.push(0, &frame);
        } else {
            self.push_bounded(stream, &frame);
        }
    }

    /// Moves frames to the sink while there is room; true when none is left.
    #[inline]
    pub(super) fn flush<S: FrameSink>(&mut self, sink: &mut S) -> bool {
        self.lens.is_empty() || self.flush_all(sink)
    }

    fn flush_all<S: FrameSink>(&mut self, sink: &mut S) -> bool {
        while let Some(&len) = self.lens.front() {
            if !write(&self.bytes[..len], sink) {
                return false;
            }
            self.bytes.advance(len);
            self.lens.pop_front();
        }
        true
    }
}

/// As much of a message as an ERROR frame carries. Text is cut between characters, so that it stays UTF-8.
pub(super) fn cut_message(message: &[u8]) -> &[u8] {
    if message.len() <= MAX_ERROR_MESSAGE {
        return message;
    }
    // A character of UTF-8 has up to three bytes after its first.
    let starts_character = |at: &usize| message[*at] & 0xC0 != 0x80;
    let mut ends = (MAX_ERROR_MESSAGE - 3..=MAX_ERROR_MESSAGE).rev();
    let end = ends.find(starts_character).unwrap_or(MAX_ERROR_MESSAGE);
    &message[..end]
}

/// Writes an encoded frame; false when there was no room.
pub(super) fn write<S: FrameSink>(frame: &[u8], sink: &mut S) -> bool {
    if !sink.begin(frame.len(), 0) {
        return false;
    }
    sink.buffer().put_slice(frame);
    sink.end();
    true
}

fn keepalive(respond: bool, position: u64, data: &[u8]) -> Frame<'_> {
    Frame::Keepalive(Keepalive {
        respond,
        last_received_position: position,
        data,
    })
}
