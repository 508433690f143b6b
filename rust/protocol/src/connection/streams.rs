//! The table of open streams and the ids of new ones (specification, "Stream Identifiers").

use hashbrown::HashMap;
use hashbrown::hash_map::Entry;

use super::reassembly::Reassembly;
use crate::config::{Limits, Role};
use crate::event::{RequestKind, StreamName};
use crate::frame::MAX_STREAM_ID;

/// One open stream. It ends when neither side sends any more.
#[derive(Debug)]
pub(super) struct Stream {
    pub(super) side: Side,
    pub(super) kind: RequestKind,
    /// What this side still sends.
    pub(super) sending: Half,
    /// Items that the peer has asked for and this side has not sent.
    pub(super) send_credit: u64,
    /// What the peer still sends.
    pub(super) receiving: Half,
    /// Items that this side has asked for and the peer has not sent.
    pub(super) receive_credit: u64,
    /// Items that are still to be asked for in a REQUEST_N; they count as asked for in `receive_credit`.
    pub(super) ungranted: u64,
    /// Items that the peer has sent without being asked.
    pub(super) overrun: usize,
    /// A payload that has begun to arrive in fragments.
    pub(super) reassembly: Option<Box<Reassembly>>,
}

/// One direction of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Half {
    /// Items may come.
    Open,
    /// The last frame waits behind others for room; nothing more may be added.
    Ending,
    /// Nothing comes any more.
    Closed,
}

/// What this side is to a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// This side asked; `user` is the driver's name for the request.
    Requester { user: u64 },
    /// The peer asked; `slot` is our name for the request.
    Responder { slot: u64 },
}

impl Side {
    pub(super) fn name(self) -> StreamName {
        match self {
            Self::Requester { user } => StreamName::User(user),
            Self::Responder { slot } => StreamName::Slot(slot),
        }
    }
}

impl Stream {
    /// The stream of a request of this side. `initial_n` is what it asks for.
    fn requested(kind: RequestKind, user: u64, initial_n: u32) -> Self {
        Self {
            side: Side::Requester { user },
            kind,
            sending: Half::Closed,
            send_credit: 0,
            receiving: Half::Open,
            receive_credit: initial_n.into(),
            ungranted: 0,
            overrun: 0,
            reassembly: None,
        }
    }

    /// The stream of a request of the peer. `initial_n` is what it asks for.
    fn asked(kind: RequestKind, slot: u64, initial_n: u32) -> Self {
        Self {
            side: Side::Responder { slot },
            kind,
            sending: Half::Open,
            send_credit: initial_n.into(),
            receiving: Half::Closed,
            receive_credit: 0,
            ungranted: 0,
            overrun: 0,
            reassembly: None,
        }
    }

    /// Whether neither side sends any more.
    pub(super) fn is_over(&self) -> bool {
        self.sending == Half::Closed && self.receiving == Half::Closed
    }

    /// Whether its driver can still be told of an end: it has ended neither direction, or only one.
    pub(super) fn is_awaited(&self) -> bool {
        !self.is_arriving() && (self.sending == Half::Open || self.receiving == Half::Open)
    }

    /// Whether it has not been handed out: its request is still arriving in fragments.
    pub(super) fn is_arriving(&self) -> bool {
        matches!(self.side, Side::Responder { .. })
            && self
                .reassembly
                .as_ref()
                .is_some_and(|parts| parts.of_request)
    }
}

/// What the stream of a request of this side begins with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outbound {
    pub(super) kind: RequestKind,
    pub(super) user: u64,
    pub(super) initial_n: u32,
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
    pub(super) fn open_outbound(&mut self, id: u32, request: Outbound) -> &mut Stream {
        self.skip(id);
        self.outbound += 1;
        let stream = Stream::requested(request.kind, request.user, request.initial_n);
        self.insert(id, stream)
    }

    #[inline]
    fn insert(&mut self, id: u32, stream: Stream) -> &mut Stream {
        match self.open.entry(id) {
            Entry::Occupied(mut entry) => {
                entry.insert(stream);
                entry.into_mut()
            }
            Entry::Vacant(entry) => entry.insert(stream),
        }
    }

    /// Opens the stream of a request of the peer and names it.
    #[inline]
    pub(super) fn open_inbound(
        &mut self,
        id: u32,
        kind: RequestKind,
        initial_n: u32,
    ) -> (u64, &mut Stream) {
        let slot = self.slots.take();
        self.inbound += 1;
        (slot, self.insert(id, Stream::asked(kind, slot, initial_n)))
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

    /// Gives the memory back that streams have had, if none is open.
    pub(super) fn trim(&mut self) {
        if self.open.is_empty() {
            self.open = HashMap::new();
        }
    }

    pub(super) fn clear(&mut self) {
        self.open = HashMap::new();
        self.slots = Slots::default();
        self.outbound = 0;
        self.inbound = 0;
    }

    #[cfg(test)]
    pub(super) fn iter(&self) -> impl Iterator<Item = &Stream> {
        self.open.values()
    }

    #[cfg(test)]
    pub(super) fn capacity(&self) -> usize {
        self.open.capacity()
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
