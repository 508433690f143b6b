//! A store that is watched: it keeps whole tracked frames and no more than it may.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rsocket_protocol::{FrameStore, MemoryStore};

use crate::wire::is_tracked;

#[derive(Debug)]
pub(crate) struct WatchedStore {
    below: MemoryStore,
    limit: u64,
    extent: Arc<Extent>,
}

/// What a store holds, known outside of the connection that has it.
#[derive(Debug, Default)]
pub(crate) struct Extent {
    first: AtomicU64,
    end: AtomicU64,
}

impl Extent {
    pub(crate) fn first(&self) -> u64 {
        self.first.load(Ordering::Relaxed)
    }

    pub(crate) fn end(&self) -> u64 {
        self.end.load(Ordering::Relaxed)
    }
}

impl WatchedStore {
    pub(crate) fn new(limit: usize, extent: Arc<Extent>) -> Self {
        Self {
            below: MemoryStore::new(limit),
            limit: limit as u64,
            extent,
        }
    }

    fn look(&self) {
        let (first, end) = (self.below.first(), self.below.end());
        assert!(first <= end && end - first <= self.limit);
        assert!(first >= self.extent.first(), "what was given up is back");
        self.extent.first.store(first, Ordering::Relaxed);
        self.extent.end.store(end, Ordering::Relaxed);
    }
}

impl FrameStore for WatchedStore {
    fn first(&self) -> u64 {
        self.below.first()
    }

    fn end(&self) -> u64 {
        self.below.end()
    }

    fn has_room(&self, len: usize) -> bool {
        self.below.has_room(len)
    }

    fn append(&mut self, frame: &[u8]) {
        assert!(is_tracked(frame), "{frame:?} has no position");
        let end = self.end();
        self.below.append(frame);
        assert_eq!(self.end(), end + frame.len() as u64);
        self.look();
    }

    fn release(&mut self, position: u64) {
        assert!(position <= self.end(), "more than there is");
        self.below.release(position);
        self.look();
    }

    fn frame_at(&mut self, position: u64) -> Option<&[u8]> {
        self.below.frame_at(position)
    }
}
