//! A store that is held to its limit.

use std::sync::{Arc, Mutex};

use rsocket_protocol::{FrameStore, MemoryStore};

use crate::MAX_STORED;
use crate::output::is_tracked;

/// Positions behind the frames that a store has got.
pub(crate) type Kept = Arc<Mutex<Vec<u64>>>;

/// A store that is held to its limit.
#[derive(Debug)]
pub(crate) struct Bounded(pub(crate) MemoryStore, pub(crate) Kept);

impl FrameStore for Bounded {
    fn first(&self) -> u64 {
        self.0.first()
    }

    fn end(&self) -> u64 {
        self.0.end()
    }

    fn has_room(&self, len: usize) -> bool {
        self.0.has_room(len)
    }

    fn append(&mut self, frame: &[u8]) {
        assert!(is_tracked(frame));
        self.0.append(frame);
        assert!(self.0.end() - self.0.first() <= MAX_STORED as u64);
        let mut kept = self.1.lock().expect("there is one thread");
        kept.push(self.0.end());
    }

    fn release(&mut self, position: u64) {
        self.0.release(position);
    }

    fn frame_at(&mut self, position: u64) -> Option<&[u8]> {
        self.0.frame_at(position)
    }
}
