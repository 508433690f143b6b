//! What callers may have in the output at once.
//!
//! Payloads that go in one frame take their bytes of a common room. Those that do not leave in fragments, between other
//! frames; they would fill the room for long, so they have one of their own. Both queues are fair, and a waiter that
//! gives up leaves them. They are closed with the connection.

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

/// The room of a connection's output.
#[derive(Debug)]
pub(crate) struct Room {
    bytes: Semaphore,
    max_bytes: u32,
    /// For payloads that leave in fragments.
    fragmented: Semaphore,
    max_fragmented: u32,
    fragment_len: usize,
    /// The output copies every payload, whatever its length.
    copies_all: AtomicBool,
}

/// A place in the output. It goes back to the room when it is dropped unused, which may wake others and so is not done
/// under a lock.
#[derive(Debug)]
pub(crate) struct Place<'a> {
    permit: SemaphorePermit<'a>,
    fragmented: bool,
    /// Bytes that sending will copy into the output.
    copied: usize,
}

/// What to give back when something has been written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Charge {
    bytes: usize,
    fragmented: usize,
}

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
        Self {
            bytes: Semaphore::new(0),
            max_bytes: permits(max_bytes),
            fragmented: Semaphore::new(0),
            max_fragmented: permits(config.limits.max_queued_bytes),
            fragment_len: config.fragment_len.min(MAX_FRAME_LEN),
            copies_all: AtomicBool::new(false),
        }
    }

    /// The output copies every payload from now on.
    pub(crate) fn copy_all(&self) {
        // Whoever has a place has it through the semaphores, which are opened afterwards.
        self.copies_all.store(true, Ordering::Relaxed);
    }

    pub(crate) fn open(&self) {
        self.bytes.add_permits(self.max_bytes as usize);
        self.fragmented.add_permits(self.max_fragmented as usize);
    }

    pub(crate) fn close(&self) {
        self.bytes.close();
        self.fragmented.close();
    }

    /// A place for this payload, in order. One that is longer than all the room waits for all of it.
    #[inline]
    pub(crate) async fn place(&self, payload: &Payload) -> Result<Place<'_>, Closed> {
        let payload_len = payload.as_ref().wire_len();
        if !is_copied(payload) && MAX_HEADER + payload_len > self.fragment_len {
            return self.fragmented(payload_len).await;
        }
        let copied_len = match self.copies_all.load(Ordering::Relaxed) {
            true => payload_len,
            false => copied_len(payload),
        };
        self.bytes(OVERHEAD + payload_len, OVERHEAD + copied_len)
            .await
    }

    /// A place for a frame of so many bytes that has no payload.
    pub(crate) async fn place_for(&self, body_len: usize) -> Result<Place<'_>, Closed> {
        self.bytes(OVERHEAD + body_len, OVERHEAD + body_len).await
    }

    /// A place for an ERROR frame with a message of this length.
    pub(crate) async fn place_for_error(&self, message_len: usize) -> Result<Place<'_>, Closed> {
        let len = ERROR_OVERHEAD + message_len;
        self.bytes(len, len).await
    }

    #[inline]
    async fn bytes(&self, len: usize, copied: usize) -> Result<Place<'_>, Closed> {
        let len = len.min(self.max_bytes as usize) as u32;
        let permit = match self.bytes.try_acquire_many(len) {
            Ok(permit) => permit,
            Err(_) => self.bytes.acquire_many(len).await.map_err(|_| Closed)?,
        };
        Ok(Place {
            permit,
            fragmented: false,
            copied,
        })
    }

    /// Fragments are queued by the connection, so nothing is copied when the payload is sent.
    async fn fragmented(&self, len: usize) -> Result<Place<'_>, Closed> {
        let len = len.min(self.max_fragmented as usize) as u32;
        let permit = self.fragmented.acquire_many(len).await;
        Ok(Place {
            permit: permit.map_err(|_| Closed)?,
            fragmented: true,
            copied: 0,
        })
    }

    /// Takes of the room what there is, up to `bytes`, for frames that nobody has asked a place for.
    pub(crate) fn take(&self, bytes: usize) -> Charge {
        Charge {
            bytes: self.bytes.forget_permits(bytes),
            fragmented: 0,
        }
    }

    pub(crate) fn give_back(&self, charge: Charge) {
        if charge.bytes > 0 {
            self.bytes.add_permits(charge.bytes);
        }
        if charge.fragmented > 0 {
            self.fragmented.add_permits(charge.fragmented);
        }
    }
}

impl Place<'_> {
    /// What to give back when the frame has been written, if the place is [used](Self::use_up).
    #[inline]
    pub(crate) fn charge(&self) -> Charge {
        let permits = self.permit.num_permits();
        let (bytes, fragmented) = match self.fragmented {
            true => (0, permits),
            false => (permits, 0),
        };
        Charge { bytes, fragmented }
    }

    /// Whether the payload leaves in fragments.
    #[inline]
    pub(crate) fn is_fragmented(&self) -> bool {
        self.fragmented
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

impl AddAssign for Charge {
    #[inline]
    fn add_assign(&mut self, other: Self) {
        self.bytes += other.bytes;
        self.fragmented += other.fragmented;
    }
}
