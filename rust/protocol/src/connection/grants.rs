//! What this side asks the peer for: REQUEST_N frames that wait for room.
//!
//! What is asked for on one stream adds up until it is written, so a peer that sends items and reads nothing makes at
//! most one frame wait for each stream. Like control frames they go ahead of payloads, also of those of their own
//! stream; only the request itself has to be written, since a peer may ignore what comes before it is whole.

use std::collections::VecDeque;

use super::Connection;
use super::streams::Half;
use crate::frame::{Frame, RequestN};
use crate::sink::FrameSink;

/// Most items that one frame can ask for: 31 bits.
const MAX_REQUEST_N: u64 = 0x7FFF_FFFF;

/// The streams on which something is to be asked for, each once.
#[derive(Debug, Default)]
pub(super) struct Grants {
    streams: VecDeque<u32>,
}

impl Grants {
    pub(super) fn is_empty(&self) -> bool {
        self.streams.is_empty()
    }

    pub(super) fn clear(&mut self) {
        self.streams.clear();
    }
}

impl Connection {
    /// Notes that `n` items more are to be asked for on an open stream.
    pub(super) fn add_grant(&mut self, stream: u32, n: u32) {
        let Some(open) = self.streams.get_mut(stream) else {
            return;
        };
        if open.ungranted == 0 {
            self.grants.streams.push_back(stream);
        }
        open.ungranted = open.ungranted.saturating_add(n.into());
    }

    /// Writes the frames that go ahead of payloads, as far as there is room; true when none is left that could go.
    #[inline]
    pub(super) fn flush_first<S: FrameSink>(&mut self, sink: &mut S) -> bool {
        self.control.flush(sink) && (self.grants.is_empty() || self.flush_grants(sink))
    }

    fn flush_grants<S: FrameSink>(&mut self, sink: &mut S) -> bool {
        let mut held_up = 0;
        while held_up < self.grants.streams.len() {
            let Some(stream) = self.grants.streams.pop_front() else {
                return true;
            };
            let Some(open) = self.streams.get_mut(stream) else {
                continue;
            };
            if open.receiving != Half::Open {
                open.ungranted = 0; // Nothing comes any more.
            }
            if open.ungranted == 0 {
                continue;
            }
            if self.sending.request_waits(stream) {
                self.grants.streams.push_back(stream);
                held_up += 1;
                continue;
            }
            let n = open.ungranted.min(MAX_REQUEST_N);
            let frame = Frame::RequestN(RequestN { n: n as u32 });
            if !sink.begin(frame.encoded_len(), 0) {
                self.grants.streams.push_front(stream);
                return false;
            }
            frame.encode(stream, sink.buffer());
            sink.end();
            open.ungranted -= n;
            if open.ungranted > 0 {
                self.grants.streams.push_back(stream);
            }
        }
        true
    }
}
