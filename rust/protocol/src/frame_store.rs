//! Where a resumable connection keeps what it has sent, until the peer has it.

use std::collections::VecDeque;
use std::fmt;

use bytes::{Buf, BytesMut};

/// Keeps the tracked frames of one direction, so that a resumed connection can send them again (specification,
/// "Resuming Operation").
///
/// Frames have positions: a frame begins where the one before it ends, and the first one at 0 (specification, "Implied
/// Position"). Implement it to keep frames elsewhere than in memory; [`MemoryStore`] is what a connection uses
/// otherwise.
pub trait FrameStore: fmt::Debug + Send {
    /// Position of the earliest frame that is kept; [`end`](Self::end) where there is none.
    fn first(&self) -> u64;

    /// Position behind the last frame.
    fn end(&self) -> u64;

    /// Whether a frame of `len` bytes can be added and everything else be kept.
    fn has_room(&self, len: usize) -> bool;

    /// Adds a frame at the end. Where there is no room the oldest are given up, the new one last.
    fn append(&mut self, frame: &[u8]);

    /// Gives up the frames that end at `position` or before it: the peer has them.
    fn release(&mut self, position: u64);

    /// The frame that begins at `position`; `None` where none does.
    fn frame_at(&mut self, position: u64) -> Option<&[u8]>;
}

/// A [`FrameStore`] in memory, bounded in bytes.
#[derive(Debug)]
pub struct MemoryStore {
    /// The frames that are kept, one after the other.
    bytes: BytesMut,
    /// Where each of them begins.
    begins: VecDeque<u64>,
    end: u64,
    limit: usize,
}

/// What a frame takes in a [`MemoryStore`] besides its own bytes.
const OVERHEAD: usize = size_of::<u64>();

impl MemoryStore {
    /// A store that takes at most `limit` bytes, 8 of them for each frame besides its own.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self {
            bytes: BytesMut::new(),
            begins: VecDeque::new(),
            end: 0,
            limit,
        }
    }

    fn used(&self) -> usize {
        self.bytes.len() + self.begins.len() * OVERHEAD
    }

    fn drop_oldest(&mut self) {
        self.begins.pop_front();
        let len = (self.first() - (self.end - self.bytes.len() as u64)) as usize;
        self.bytes.advance(len);
    }
}

impl FrameStore for MemoryStore {
    fn first(&self) -> u64 {
        self.begins.front().copied().unwrap_or(self.end)
    }

    fn end(&self) -> u64 {
        self.end
    }

    fn has_room(&self, len: usize) -> bool {
        self.used() + len + OVERHEAD <= self.limit
    }

    fn append(&mut self, frame: &[u8]) {
        while !self.begins.is_empty() && !self.has_room(frame.len()) {
            self.drop_oldest();
        }
        let begin = self.end;
        self.end += frame.len() as u64;
        if self.has_room(frame.len()) {
            self.bytes.extend_from_slice(frame);
            self.begins.push_back(begin);
        }
    }

    fn release(&mut self, position: u64) {
        while let Some(next) = self
            .begins
            .get(1)
            .copied()
            .or((!self.begins.is_empty()).then_some(self.end))
        {
            if next > position {
                break;
            }
            self.drop_oldest();
        }
        if self.begins.is_empty() {
            // What an outage needed is not kept for ever.
            self.bytes = BytesMut::new();
        }
    }

    fn frame_at(&mut self, position: u64) -> Option<&[u8]> {
        let index = self.begins.binary_search(&position).ok()?;
        let kept_from = self.first();
        let next = self.begins.get(index + 1).copied().unwrap_or(self.end);
        self.bytes
            .get((position - kept_from) as usize..(next - kept_from) as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store(limit: usize, frames: &[&[u8]]) -> MemoryStore {
        let mut store = MemoryStore::new(limit);
        for frame in frames {
            store.append(frame);
        }
        store
    }

    #[test]
    fn frames_have_the_positions_of_their_bytes() {
        let mut store = store(1_000, &[b"abc", b"de", b"f"]);
        assert_eq!((store.first(), store.end()), (0, 6));
        assert_eq!(store.frame_at(0), Some(&b"abc"[..]));
        assert_eq!(store.frame_at(3), Some(&b"de"[..]));
        assert_eq!(store.frame_at(5), Some(&b"f"[..]));
        assert_eq!(store.frame_at(6), None);
        assert_eq!(store.frame_at(1), None, "in the middle of a frame");
    }

    #[test]
    fn whole_frames_are_released() {
        let mut store = store(1_000, &[b"abc", b"de", b"f"]);
        store.release(4);
        assert_eq!(store.first(), 3);
        assert_eq!(store.frame_at(0), None);
        assert_eq!(store.frame_at(3), Some(&b"de"[..]));
        store.release(6);
        assert_eq!((store.first(), store.end()), (6, 6));
        store.append(b"gh");
        assert_eq!(store.frame_at(6), Some(&b"gh"[..]));
        store.release(0);
        assert_eq!(store.first(), 6);
    }

    #[test]
    fn the_oldest_give_way() {
        let limit = 2 * (4 + OVERHEAD);
        let mut store = store(limit, &[b"aaaa", b"bbbb"]);
        assert!(!store.has_room(0));
        store.append(b"cccc");
        assert_eq!((store.first(), store.end()), (4, 12));
        assert_eq!(store.frame_at(4), Some(&b"bbbb"[..]));
        assert_eq!(store.frame_at(8), Some(&b"cccc"[..]));
    }

    #[test]
    fn a_frame_over_the_limit_has_a_position_all_the_same() {
        let mut store = store(20, &[b"aaaa", &[0; 100], b"b"]);
        assert_eq!((store.first(), store.end()), (104, 105));
        assert_eq!(store.frame_at(104), Some(&b"b"[..]));
    }

    #[test]
    fn memory_stays_within_the_limit_however_long_it_goes_on() {
        let mut store = MemoryStore::new(1_000);
        for len in 0..10_000 {
            store.append(&vec![0; len % 300]);
            assert!(store.used() <= 1_000);
        }
        assert!(store.bytes.capacity() <= 4_000);
    }
}
