//! The table of open streams and the ids of new ones (specification, "Stream Identifiers").

use hashbrown::HashMap;
use hashbrown::hash_map::Entry;

use super::reassembly::Reassembly;
use crate::config::{Limits, Role};
use crate::event::RequestKind;
use crate::frame::MAX_STREAM_ID;

/// One open stream.
#[derive(Debug)]
pub(super) struct Stream {
    pub(super) side: Side,
    /// A payload that has begun to arrive in fragments.
    pub(super) reassembly: Option<Box<Reassembly>>,
    /// Our answer is on its way in fragments; the stream ends with the last one.
    pub(super) answered: bool,
}

/// What this side is to a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// This side asked; `user` is the driver's name for the request.
    Requester { user: u64 },
    /// The peer asked; `slot` is our name for the request.
    Responder { slot: u64, kind: RequestKind },
}

#[derive(Debug)]
pub(super) struct StreamTable {
    open: HashMap<u32, Stream>,
    /// The id of the next request of this side, unless it is in use.
    next_id: u32,
    /// Where ids start again after the last one: 1 for a client, 2 for a server.
    first_id: u32,
    slots: Slots,
    outbound: usize,
    inbound: usize,
    max_outbound: usize,
    max_inbound: usize,
}

impl StreamTable {
    pub(super) fn new(role: Role, limits: &Limits) -> Self {
        let first_id = match role {
            Role::Client => 1,
            Role::Server => 2,
        };
        Self {
            open: HashMap::new(),
            next_id: first_id,
            first_id,
            slots: Slots::default(),
            outbound: 0,
            inbound: 0,
            max_outbound: limits.max_outbound_streams,
            max_inbound: limits.max_inbound_streams,
        }
    }

    pub(super) fn outbound(&self) -> usize {
        self.outbound
    }

    pub(super) fn inbound(&self) -> usize {
        self.inbound
    }

    pub(super) fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    pub(super) fn outbound_full(&self) -> bool {
        self.outbound >= self.max_outbound
    }

    pub(super) fn inbound_full(&self) -> bool {
        self.inbound >= self.max_inbound
    }

    /// Whether the peer may open streams with this id.
    pub(super) fn is_peers(&self, id: u32) -> bool {
        id % 2 != self.first_id % 2
    }

    /// The id for a new request, skipping those in use after a wrap. It is not taken before
    /// [`open_outbound`](Self::open_outbound) or [`skip`](Self::skip).
    ///
    /// Ends because `outbound` is bounded far below the number of ids.
    #[inline]
    pub(super) fn peek_id(&mut self) -> u32 {
        while self.open.contains_key(&self.next_id) {
            self.skip(self.next_id);
        }
        self.next_id
    }

    /// Uses up an id without opening a stream.
    #[inline]
    pub(super) fn skip(&mut self, id: u32) {
        self.next_id = if id + 2 > MAX_STREAM_ID {
            self.first_id
        } else {
            id + 2
        };
    }

    /// Opens the stream of a request of this side.
    #[inline]
    pub(super) fn open_outbound(&mut self, id: u32, user: u64) {
        self.skip(id);
        self.outbound += 1;
        let side = Side::Requester { user };
        self.open.insert(
            id,
            Stream {
                side,
                reassembly: None,
                answered: false,
            },
        );
    }

    /// Opens the stream of a request of the peer and names it.
    #[inline]
    pub(super) fn open_inbound(&mut self, id: u32, kind: RequestKind) -> (u64, &mut Stream) {
        let slot = self.slots.take();
        self.inbound += 1;
        let stream = Stream {
            side: Side::Responder { slot, kind },
            reassembly: None,
            answered: false,
        };
        let stream = match self.open.entry(id) {
            Entry::Occupied(mut entry) => {
                entry.insert(stream);
                entry.into_mut()
            }
            Entry::Vacant(entry) => entry.insert(stream),
        };
        (slot, stream)
    }

    pub(super) fn contains(&self, id: u32) -> bool {
        self.open.contains_key(&id)
    }

    #[inline]
    pub(super) fn get_mut(&mut self, id: u32) -> Option<&mut Stream> {
        self.open.get_mut(&id)
    }

    #[inline]
    pub(super) fn get(&self, id: u32) -> Option<&Stream> {
        self.open.get(&id)
    }

    /// Ends a stream.
    #[inline]
    pub(super) fn close(&mut self, id: u32) -> Option<Stream> {
        let stream = self.open.remove(&id)?;
        match stream.side {
            Side::Requester { .. } => self.outbound -= 1,
            Side::Responder { slot, .. } => {
                self.inbound -= 1;
                self.slots.give_back(slot);
            }
        }
        Some(stream)
    }

    pub(super) fn clear(&mut self) {
        self.open = HashMap::new();
        self.slots = Slots::default();
        self.outbound = 0;
        self.inbound = 0;
    }

    #[cfg(test)]
    pub(super) fn set_next_id(&mut self, id: u32) {
        self.next_id = id;
    }
}

/// Dense names for the peer's streams: `generation << 32 | index`.
///
/// A driver can keep a plain array by index, and tell a late use of an old name by its generation.
#[derive(Debug, Default)]
struct Slots {
    generations: Vec<u32>,
    free: Vec<u32>,
}

impl Slots {
    #[inline]
    fn take(&mut self) -> u64 {
        let index = self.free.pop().unwrap_or_else(|| {
            self.generations.push(0);
            (self.generations.len() - 1) as u32
        });
        let generation = match self.generations.get_mut(index as usize) {
            Some(generation) => {
                *generation = generation.wrapping_add(1);
                *generation
            }
            None => 0,
        };
        u64::from(generation) << 32 | u64::from(index)
    }

    #[inline]
    fn give_back(&mut self, slot: u64) {
        self.free.push(slot as u32);
    }
}
