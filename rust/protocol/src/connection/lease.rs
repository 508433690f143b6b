//! How many requests may be made, and for how long (specification, "Lease Semantics").
//!
//! Where leases are agreed on, each side makes only the requests that the other's last LEASE allows, and answers what
//! goes beyond its own with REJECTED. When to grant what is the driver's business.

use std::time::Duration;

use super::{Connection, State};
use crate::error::SendError;
use crate::event::Event;
use crate::frame::Lease;
use crate::time::Time;

/// Most that a LEASE can say, in milliseconds or requests: 31 bits.
const MAX: u32 = 0x7FFF_FFFF;

/// Longest metadata of a LEASE that is sent, in bytes: it has to fit any sink.
const MAX_METADATA: usize = 16 << 10;

/// What one side allows the other.
#[derive(Clone, Copy, Debug, Default)]
struct Allowance {
    left: u32,
    until: Time,
}

impl Allowance {
    fn new(ttl: Duration, requests: u32, now: Time) -> Self {
        Self {
            left: requests,
            until: now + ttl,
        }
    }

    fn is_available(&self, now: Time) -> bool {
        self.left > 0 && now < self.until
    }

    /// Time and requests that are left, unless either is used up.
    fn rest(&self, now: Time) -> Option<(Duration, u32)> {
        let nanos = self.until.as_nanos().saturating_sub(now.as_nanos());
        self.is_available(now)
            .then_some((Duration::from_nanos(nanos), self.left))
    }
}

/// The leases of a connection.
#[derive(Debug, Default)]
pub(super) struct Leases {
    /// The two sides have agreed on leases.
    agreed: bool,
    /// What the peer allows this side.
    outbound: Allowance,
    /// What this side allows the peer.
    inbound: Allowance,
}

impl Leases {
    pub(super) fn new(agreed: bool) -> Self {
        Self {
            agreed,
            ..Self::default()
        }
    }

    /// Whether this side may make a request now.
    #[inline]
    pub(super) fn check_outbound(&self, now: Time) -> Result<(), SendError> {
        if !self.agreed || self.outbound.is_available(now) {
            return Ok(());
        }
        Err(SendError::NoLease)
    }

    /// The transport is gone, and the peer's lease with it (specification, "Resume Operation"). This side's own stays
    /// until it grants another one, as the peer sends again what it requested under it.
    pub(super) fn lose_outbound(&mut self) {
        self.outbound = Allowance::default();
    }

    /// This side has made a request.
    #[inline]
    pub(super) fn use_outbound(&mut self) {
        if self.agreed {
            self.outbound.left -= 1;
        }
    }

    /// Uses up one request of the peer; false when it has none left.
    #[inline]
    pub(super) fn use_inbound(&mut self, now: Time) -> bool {
        if !self.agreed {
            return true;
        }
        if !self.inbound.is_available(now) {
            return false;
        }
        self.inbound.left -= 1;
        true
    }
}

impl Connection {
    /// Whether the two sides have agreed on leases.
    #[must_use]
    pub fn uses_leases(&self) -> bool {
        self.leases.agreed
    }

    /// What the peer's lease still allows at `now`: for how long, and how many requests. `None` where that is nothing,
    /// and where leases were not agreed on.
    #[must_use]
    pub fn lease_left(&self, now: Time) -> Option<(Duration, u32)> {
        self.leases.outbound.rest(now)
    }

    /// Tells the time, which calls that make requests do not: leases end with it.
    pub fn advance(&mut self, now: Time) {
        self.now = now;
    }

    /// Allows the peer `requests` requests within `ttl` from now, in place of what was allowed before; 0 of either
    /// stops it. Queues a LEASE. Values over 31 bits, of milliseconds or requests, are cut.
    ///
    /// # Errors
    /// [`SendError::NotReady`] where leases were not agreed on, [`SendError::PayloadTooLarge`] for metadata over
    /// 16 KiB, [`SendError::Suspended`] while there is no transport, [`SendError::Closed`].
    pub fn grant_lease(
        &mut self,
        ttl: Duration,
        requests: u32,
        metadata: Option<&[u8]>,
        now: Time,
    ) -> Result<(), SendError> {
        match self.state {
            State::Closed => return Err(SendError::Closed),
            _ if self.is_suspended() => return Err(SendError::Suspended),
            State::Open | State::Draining if self.leases.agreed => {}
            _ => return Err(SendError::NotReady),
        }
        if metadata.is_some_and(|metadata| metadata.len() > MAX_METADATA) {
            return Err(SendError::PayloadTooLarge);
        }
        let ttl_ms = u32::try_from(ttl.as_millis()).unwrap_or(MAX).min(MAX);
        let requests = requests.min(MAX);
        self.leases.inbound = Allowance::new(Duration::from_millis(ttl_ms.into()), requests, now);
        self.control.push_lease(Lease {
            ttl_ms,
            requests,
            metadata,
        });
        Ok(())
    }

    /// The peer allows requests.
    pub(super) fn receive_lease<'a>(&mut self, now: Time, lease: Lease<'a>) -> Option<Event<'a>> {
        if !self.leases.agreed {
            return None;
        }
        let ttl = Duration::from_millis(lease.ttl_ms.into());
        self.leases.outbound = Allowance::new(ttl, lease.requests, now);
        Some(Event::Lease {
            ttl,
            requests: lease.requests,
            metadata: lease.metadata,
        })
    }
}
