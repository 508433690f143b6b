//! A server's connection on a transport over which a client wants to go on, until it has said so.

use rsocket_protocol::{Config, Connection, Event, Time};

use crate::network::Nanos;
use crate::wire::{Output, take_frame};

pub(crate) struct Reception {
    connection: Connection,
    received: Vec<u8>,
}

/// What came of the first frame.
pub(crate) enum First {
    Resume(Asked),
    /// The server does not resume.
    Refused,
}

/// What a client's RESUME says.
pub(crate) struct Asked {
    pub(crate) token: Vec<u8>,
    pub(crate) last_received_server_position: u64,
    pub(crate) first_available_client_position: u64,
}

impl Reception {
    pub(crate) fn new(config: &Config, now: Nanos) -> Self {
        Self {
            connection: Connection::new(config, Time::from_nanos(now)),
            received: Vec::new(),
        }
    }

    /// Bytes arrived.
    pub(crate) fn receive(&mut self, now: Nanos, bytes: &[u8]) -> Option<First> {
        self.received.extend_from_slice(bytes);
        let frame = take_frame(&mut self.received)?;
        let event = self.connection.receive(Time::from_nanos(now), &frame);
        assert!(self.received.is_empty(), "the client waits for the answer");
        match event {
            Some(Event::Resume(request)) => {
                assert!(self.connection.awaits_decision());
                Some(First::Resume(Asked {
                    token: request.token.to_vec(),
                    last_received_server_position: request.last_received_server_position,
                    first_available_client_position: request.first_available_client_position,
                }))
            }
            Some(Event::Closed) => Some(First::Refused),
            other => panic!("{other:?} in place of a RESUME"),
        }
    }

    /// Turns the client away.
    pub(crate) fn reject(&mut self, message: &str) {
        let rejected = self.connection.reject_resume(message);
        assert_eq!(rejected, Ok(()));
    }

    /// What a client is told that was turned away.
    pub(crate) fn last_words(mut self) -> Vec<u8> {
        assert!(self.connection.is_closed());
        let mut output = Output::new(usize::MAX);
        output.room = usize::MAX;
        self.connection.transmit(&mut output);
        assert!(!self.connection.wants_transmit());
        output.bytes
    }
}
