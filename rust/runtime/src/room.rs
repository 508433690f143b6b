//! What callers may have in the output at once.
//!
//! Short payloads, long ones, and bulk each have a room of their own, so that they keep only their like waiting; bulk is
//! items, and requests that want no answer. Payloads that do not fit a frame leave in fragments, between other frames;
//! they would fill a room for long, so they have another one. All queues are fair, and a waiter that gives up leaves
//! them. They are closed with the connection.

use std::ops::AddAssign;
use std::sync::atomic::{AtomicBool, Ordering};

use rsocket_protocol::Config;
use rsocket_protocol::frame::{FrameHeader, MAX_FRAME_LEN};
use rsocket_transport::length_prefix::PREFIX_LEN;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::Payload;
use crate::output::{copied_len, is_copied};

/// Bytes of a frame beside its payload.
const OVERHEAD: usize = PREFIX_LEN + FrameHeader::LEN;

/// Most bytes of a frame before its payload: a request that says how many items it takes.
const MAX_HEADER: usize = FrameHeader::LEN + 4;

/// Bytes of an ERROR frame beside its message.
const ERROR_OVERHEAD: usize = OVERHEAD + 4;

/// The most that bulk, and long payloads, may have in the output, in bytes: little, as everything else waits behind it.
const MAX_BULK: usize = 128 << 10;
const MAX_LONG: usize = 256 << 10;

/// The room of a connection's output.
#[derive(Debug)]
pub(crate) struct Room {
    shares: [Share; KINDS.len()],
    fragment_len: usize,
    /// The output copies every payload, whatever its length.
    copies_all: AtomicBool,
}

/// Whose room it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// What is copied into the output.
    Short,
    Long,
    Bulk,
    /// Payloads that leave in fragments.
    Fragmented,
}

const KINDS: [Kind; 4] = [Kind::Short, Kind::Long, Kind::Bulk, Kind::Fragmented];

#[derive(Debug)]
struct Share {
    free: Semaphore,
    max: u32,
}

impl Share {
    fn of(bytes: usize) -> Self {
        Self {
            free: Semaphore::new(0),
            max: permits(bytes),
        }
    }

    /// One that is longer than all the room takes all of it.
    #[inline]
    fn permits(&self, len: usize) -> u32 {
        len.min(self.max as usize) as u32
    }

    #[inline]
    fn try_acquire(&self, len: usize) -> Option<SemaphorePermit<'_>> {
        self.free.try_acquire_many(self.permits(len)).ok()
    }

    async fn acquire(&self, len: usize) -> Result<SemaphorePermit<'_>, Closed> {
        let permits = self.permits(len);
        self.free.acquire_many(permits).await.map_err(|_| Closed)
    }
}

/// A place in the output. It goes back to the room when it is dropped unused, which may wake others and so is not done
/// under a lock.
#[derive(Debug)]
pub(crate) struct Place<'a> {
    permit: SemaphorePermit<'a>,
    kind: Kind,
    /// Bytes that sending will copy into the output.
    copied: usize,
}

/// A place among short payloads that has been used up before what it is for is sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Paid {
    bytes: usize,
    copied: usize,
}

/// What to give back when something has been written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Charge([usize; KINDS.len()]);

/// The connection is over.
#[derive(Debug)]
pub(crate) struct Closed;

/// As many permits as a semaphore can have and hand out at once, and at least one.
fn permits(bytes: usize) -> u32 {
    bytes.clamp(1, Semaphore::MAX_PERMITS.min(u32::MAX as usize)) as u32
}

impl Room {
    /// A room of so many bytes, which is closed to callers until it is [opened](Self::open).
    pub(crate) fn new(max_bytes: usize, config: &Config) -> Self {
        let (long, bulk) = (MAX_LONG.min(max_bytes / 4), MAX_BULK.min(max_bytes / 4));
        let fragmented = config.limits.max_queued_bytes;
        Self {
            shares: [max_bytes - long - bulk, long, bulk, fragmented].map(Share::of),
            fragment_len: config.fragment_len.min(MAX_FRAME_LEN),
            copies_all: AtomicBool::new(false),
        }
    }

    /// The output copies every payload from now on.
    pub(crate) fn copy_all(&self) {
        // Whoever has a place has it through the semaphores, which are opened afterwards.
        self.copies_all.store(true, Ordering::Relaxed);
    }

    /// Whether the output copies every payload, as a connection that can be resumed does.
    #[inline]
    pub(crate) fn copies_all(&self) -> bool {
        self.copies_all.load(Ordering::Relaxed)
    }

    pub(crate) fn open(&self) {
        for share in &self.shares {
            share.free.add_permits(share.max as usize);
        }
    }

    pub(crate) fn close(&self) {
        for share in &self.shares {
            share.free.close();
        }
    }

    fn share(&self, kind: Kind) -> &Share {
        &self.shares[kind as usize]
    }

    /// A place for this payload, in order. One that is longer than all the room waits for all of it.
    #[inline]
    pub(crate) async fn place(&self, payload: &Payload) -> Result<Place<'_>, Closed> {
        let kind = if is_copied(payload) {
            Kind::Short
        } else {
            Kind::Long
        };
        match self.try_place(kind, payload) {
            Some(place) => Ok(place),
            None => self.place_in(kind, payload).await,
        }
    }

    /// A place for a payload that many are likely to follow.
    #[inline]
    pub(crate) async fn place_of_bulk(&self, payload: &Payload) -> Result<Place<'_>, Closed> {
        match self.try_place(Kind::Bulk, payload) {
            Some(place) => Ok(place),
            None => self.place_in(Kind::Bulk, payload).await,
        }
    }

    /// The place, where there is room and nobody waits: most times, and then without the detour of waiting.
    #[inline]
    fn try_place(&self, kind: Kind, payload: &Payload) -> Option<Place<'_>> {
        let (kind, len, copied) = self.needed(kind, payload);
        let permit = self.share(kind).try_acquire(len)?;
        Some(Place {
            permit,
            kind,
            copied,
        })
    }

    async fn place_in(&self, kind: Kind, payload: &Payload) -> Result<Place<'_>, Closed> {
        let (kind, len, copied) = self.needed(kind, payload);
        self.bytes(kind, len, copied).await
    }

    /// Which room a payload needs, how much of it, and how much of that is copied when it is sent.
    #[inline]
    fn needed(&self, kind: Kind, payload: &Payload) -> (Kind, usize, usize) {
        let payload_len = payload.as_ref().wire_len();
        if !is_copied(payload) && MAX_HEADER + payload_len > self.fragment_len {
            // Fragments are queued by the connection, so nothing is copied when the payload is sent.
            return (Kind::Fragmented, payload_len, 0);
        }
        let copied_len = match self.copies_all() {
            true => payload_len,
            false => copied_len(payload),
        };
        (kind, OVERHEAD + payload_len, OVERHEAD + copied_len)
    }

    /// A place for a frame of so many bytes that has no payload.
    pub(crate) async fn place_for(&self, body_len: usize) -> Result<Place<'_>, Closed> {
        let len = OVERHEAD + body_len;
        self.bytes(Kind::Short, len, len).await
    }

    /// A place for an ERROR frame with a message of this length.
    pub(crate) async fn place_for_error(&self, message_len: usize) -> Result<Place<'_>, Closed> {
        let len = ERROR_OVERHEAD + message_len;
        self.bytes(Kind::Short, len, len).await
    }

    async fn bytes(&self, kind: Kind, len: usize, copied: usize) -> Result<Place<'_>, Closed> {
        let permit = self.share(kind).acquire(len).await?;
        Ok(Place {
            permit,
            kind,
            copied,
        })
    }

    /// Takes of the room what there is, up to `bytes`, for frames that nobody has asked a place for.
    pub(crate) fn take(&self, bytes: usize) -> Charge {
        let taken = self.share(Kind::Short).free.forget_permits(bytes);
        Charge::of(Kind::Short, taken)
    }

    pub(crate) fn give_back(&self, charge: Charge) {
        for kind in KINDS {
            let bytes = charge.0[kind as usize];
            if bytes > 0 {
                self.share(kind).free.add_permits(bytes);
            }
        }
    }
}

impl Charge {
    fn of(kind: Kind, bytes: usize) -> Self {
        let mut charge = Self::default();
        charge.0[kind as usize] = bytes;
        charge
    }
}

impl Place<'_> {
    /// What to give back when the frame has been written, if the place is [used](Self::use_up).
    #[inline]
    pub(crate) fn charge(&self) -> Charge {
        Charge::of(self.kind, self.permit.num_permits())
    }

    /// Whether the payload leaves in fragments.
    #[inline]
    pub(crate) fn is_fragmented(&self) -> bool {
        self.kind == Kind::Fragmented
    }

    /// Whether it is for a short payload, which is copied into the output.
    #[inline]
    pub(crate) fn is_short(&self) -> bool {
        self.kind == Kind::Short
    }

    /// Uses up a place for a short payload that is yet to be sent.
    #[inline]
    pub(crate) fn pay(mut self) -> Paid {
        let bytes = self.permit.num_permits();
        let copied = self.use_up();
        Paid { bytes, copied }
    }

    /// The frame is in the output. Returns how many bytes of it were copied there.
    #[inline]
    pub(crate) fn use_up(&mut self) -> usize {
        if let Some(all) = self.permit.split(self.permit.num_permits()) {
            all.forget();
        }
        self.copied
    }
}

impl Paid {
    /// As for a place.
    #[inline]
    pub(crate) fn charge(self) -> Charge {
        Charge::of(Kind::Short, self.bytes)
    }

    /// Bytes that sending will copy into the output.
    #[inline]
    pub(crate) fn copied(self) -> usize {
        self.copied
    }
}

impl AddAssign for Charge {
    #[inline]
    fn add_assign(&mut self, other: Self) {
        for kind in KINDS {
            self.0[kind as usize] += other.0[kind as usize];
        }
    }
}
