//! Leases: an application that grants at random, and what each side may do by the leases that it knows of.

use std::time::Duration;

use rsocket_protocol::frame::{FrameHeader, FrameType};
use rsocket_protocol::{Event, SendError, Time};

use super::Endpoint;
use crate::journal::{Journal, Lease};
use crate::network::{MILLISECOND, Nanos};
use crate::random::Random;

/// What a side knows of leases, and what came of them.
#[derive(Debug, Default)]
pub(crate) struct Leasing {
    /// What this side has granted the peer.
    granted: Allowance,
    /// What the peer has granted this side.
    held: Allowance,
    grants_left: u64,
    /// Leases that came.
    pub(crate) heard: u64,
    /// Requests that were not sent for want of a lease.
    pub(crate) refused: u64,
    /// Requests of the peer that arrived without a lease.
    pub(crate) turned_away: u64,
}

#[derive(Debug, Default)]
struct Allowance {
    left: u64,
    until: Nanos,
}

impl Allowance {
    fn new(lease: &Lease, now: Nanos) -> Self {
        Self {
            left: lease.requests.into(),
            until: now + u64::from(lease.ttl_ms) * MILLISECOND,
        }
    }

    fn allows(&self, now: Nanos) -> bool {
        self.left > 0 && now < self.until
    }
}

impl Leasing {
    pub(super) fn new(random: &mut Random) -> Self {
        Self {
            grants_left: random.below(40),
            ..Self::default()
        }
    }

    /// The transport is gone, and what the peer granted with it. What this side granted the peer may still use, for
    /// requests that it sends again.
    pub(super) fn lose_held(&mut self) {
        self.held = Allowance::default();
    }
}

/// A frame that has arrived, before the connection has it.
pub(super) struct Arrival {
    is_request: bool,
    /// Nobody is told when it is turned away.
    is_forgotten: bool,
    open: usize,
}

impl Endpoint {
    /// The application grants a lease.
    pub(super) fn grant(&mut self, now: Nanos, journal: &mut Journal) {
        if self.leasing.grants_left == 0 {
            return;
        }
        let lease = Lease::random(&mut self.random);
        let ttl = Duration::from_millis(lease.ttl_ms.into());
        let metadata = lease.metadata.as_deref();
        let time = Time::from_nanos(now);
        match self
            .connection
            .grant_lease(ttl, lease.requests, metadata, time)
        {
            Ok(()) => {
                assert!(self.connection.uses_leases());
                self.leasing.grants_left -= 1;
                self.leasing.granted = Allowance::new(&lease, now);
                let transport = self.transport.expect("it is sent over one");
                journal.granted[self.side].push_back((transport, lease));
            }
            Err(SendError::Suspended) => assert!(self.connection.is_suspended()),
            Err(SendError::NotReady) => {
                let agreed = self.connection.uses_leases();
                assert!(!agreed || self.connection.awaits_decision());
            }
            Err(other) => panic!("{other:?} for a lease"),
        }
    }

    /// The peer has granted a lease.
    pub(super) fn hear_lease(&mut self, now: Nanos, lease: Lease, journal: &mut Journal) {
        let transport = self.transport.expect("it came over one");
        journal.receive_lease(1 - self.side, &lease, transport);
        self.leasing.held = Allowance::new(&lease, now);
        self.leasing.heard += 1;
    }

    /// Whether this side may make a request.
    pub(super) fn is_allowed(&self, now: Nanos) -> bool {
        let held = &self.leasing.held;
        let left = self.connection.lease_left(Time::from_nanos(now));
        let requests = left.map_or(0, |(_, requests)| requests.into());
        assert_eq!(requests, if held.allows(now) { held.left } else { 0 });
        !self.connection.uses_leases() || held.allows(now)
    }

    /// This side has made a request.
    pub(super) fn use_lease(&mut self) {
        if self.connection.uses_leases() {
            self.leasing.held.left -= 1;
        }
    }

    /// A request could not be made. Some wait for a lease, others do without.
    pub(super) fn miss_lease(&mut self) {
        self.leasing.refused += 1;
        if self.random.percent(10) {
            self.requests_left -= 1;
        }
    }

    pub(super) fn look_at(&self, frame: &[u8]) -> Arrival {
        let (header, _) = FrameHeader::decode(frame).expect("what is sent decodes");
        let requests = FrameType::RequestResponse as u8..=FrameType::RequestChannel as u8;
        Arrival {
            is_request: requests.contains(&header.frame_type),
            is_forgotten: header.frame_type == FrameType::RequestFnf as u8,
            open: self.connection.inbound_streams(),
        }
    }

    /// Only what this side has allowed is accepted, and it is accepted unless too much is open. A request in fragments
    /// counts with the first of them.
    pub(super) fn check_arrival(
        &mut self,
        now: Nanos,
        arrival: &Arrival,
        event: Option<&Event<'_>>,
        journal: &mut Journal,
    ) {
        if !arrival.is_request {
            return;
        }
        let handed_out = matches!(event, Some(Event::Request { .. }));
        let accepted = handed_out || self.connection.inbound_streams() > arrival.open;
        journal.silently_turned_away += u64::from(arrival.is_forgotten && !accepted);
        let full = arrival.open == self.limits.max_inbound_streams;
        if !self.connection.uses_leases() {
            return;
        }
        let granted = &mut self.leasing.granted;
        if accepted {
            assert!(granted.allows(now), "accepted past {granted:?} at {now}");
            granted.left -= 1;
            return;
        }
        assert!(
            full || !granted.allows(now),
            "turned away within {granted:?}"
        );
        self.leasing.turned_away += u64::from(!full);
    }
}
