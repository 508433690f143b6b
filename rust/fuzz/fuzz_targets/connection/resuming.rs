//! A driver that loses its transport, and gets another one.

use rsocket_protocol::frame::Frame;
use rsocket_protocol::{MemoryStore, Role};

use crate::output::Transport;
use crate::step::Position;
use crate::store::Bounded;
use crate::{Driver, MAX_STORED};

impl Driver {
    /// Has the connection keep what it sends in a store that is held to its limit.
    pub(crate) fn bound_store(&mut self) {
        let store = Box::new(Bounded(MemoryStore::new(MAX_STORED), self.kept.clone()));
        self.out.keeps = self.connection.use_frame_store(store);
    }

    pub(crate) fn receive_frame(&mut self, frame: Frame<'_>) {
        let mut bytes = Vec::new();
        frame.encode(0, &mut bytes);
        self.receive(&bytes);
    }

    pub(crate) fn position(&self, position: Position) -> u64 {
        match position {
            Position::Frame(index) => {
                let known = &self.out.sent;
                let index = usize::from(index) % (known.len() + 1);
                known.keys().nth(index).copied().unwrap_or(self.out.end)
            }
            Position::Kept(index) => {
                let kept = self.kept.lock().expect("there is one thread");
                let index = usize::from(index) % kept.len().max(1);
                kept.iter().rev().nth(index).copied().unwrap_or_default()
            }
            Position::Exactly(position) => position,
            Position::Received => self.received,
        }
    }

    pub(crate) fn lose(&mut self) {
        let resumable = self.connection.is_resumable();
        let suspended = self.connection.transport_lost(self.now, "lost");
        assert_eq!(suspended, resumable);
        if suspended {
            return self.detach();
        }
        assert!(!self.connection.wants_transmit());
        if !self.closed {
            self.end();
        }
    }

    pub(crate) fn detach(&mut self) {
        assert!(self.connection.awaits_transport());
        self.out.transport = None;
    }

    pub(crate) fn begin_resume(&mut self) {
        let waits = self.connection.awaits_transport();
        let begun = self.connection.begin_resume(self.now);
        assert_eq!(
            begun.is_ok(),
            waits && self.connection.role() == Role::Client
        );
        if begun.is_ok() {
            assert!(self.connection.is_suspended() && self.connection.wants_transmit());
            self.out.transport = Some(Transport::Asks);
            self.out.owed = Some(self.received);
        }
    }

    pub(crate) fn resume(&mut self, last_received: u64, first_available: u64) {
        let resumable = self.connection.is_resumable();
        let resumed = self
            .connection
            .resume(self.now, last_received, first_available);
        match resumed {
            Ok(()) => {
                assert!(resumable && self.connection.role() == Role::Server);
                assert!(first_available <= self.received);
                self.out.go_on(last_received);
                self.out.owed = Some(self.received);
            }
            // It may be of an attempt that the client has given up, so the connection stays as it was.
            Err(_) => assert_eq!(resumable, self.connection.is_resumable()),
        }
    }
}
