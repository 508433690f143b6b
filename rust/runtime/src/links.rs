//! Which transport a connection has: one that can be resumed has one after another.
//!
//! Its task finds out here that the transport that it has is none of the connection's any more. Whatever that one still
//! brings, or fails at, must not reach the core: it would be taken for the next one's.

use std::io;
use std::sync::Arc;

use rsocket_protocol::ResumeError;

use crate::LayerError;
use crate::room::Charge;
use crate::shared::{Shared, State, wake};
use crate::transport::{Agreement, Transport};

/// Counts a connection's transports.
#[derive(Default)]
pub(crate) struct Links {
    /// The one that there is, or that is waited for.
    number: u64,
    /// Why the last one was lost.
    lost: Option<Arc<str>>,
    /// One that another connection's task has left for this one's.
    next: Option<Transport>,
    /// What TLS agrees upon on the one that there is, or was last.
    pub(crate) agreement: Option<Agreement>,
    /// What went wrong below the frames, where that ended the connection.
    pub(crate) layer_error: Option<LayerError>,
}

impl Links {
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    pub(crate) fn why_lost(&self) -> Arc<str> {
        self.lost.clone().unwrap_or_else(|| Arc::from("replaced"))
    }

    pub(crate) fn take_next(&mut self) -> Option<Transport> {
        self.next.take()
    }
}

/// A client's RESUME.
pub(crate) struct ResumeAsked {
    pub(crate) token: Vec<u8>,
    pub(crate) last_received_server_position: u64,
    pub(crate) first_available_client_position: u64,
}

impl State {
    /// Gives up the transport that a suspended connection had. Returns the room that its output had.
    pub(crate) fn lose_link(&mut self, reason: &str) -> Charge {
        self.links.number += 1;
        self.links.lost = Some(Arc::from(reason));
        self.links.next = None;
        self.output.lose()
    }
}

impl Shared {
    /// The peer has closed the transport of this number. Nothing happens where that is not the connection's any more, or
    /// the connection is over.
    pub(crate) fn transport_lost(&self, number: u64, message: &str) {
        self.lose_transport(number, message, None);
    }

    /// The same where it failed at what was being done.
    pub(crate) fn transport_failed(&self, number: u64, doing: &str, error: &io::Error) {
        let layer_error = error.get_ref().and_then(|inner| inner.downcast_ref());
        self.lose_transport(number, &format!("{doing} failed: {error}"), layer_error);
    }

    fn lose_transport(&self, number: u64, message: &str, layer_error: Option<&LayerError>) {
        let mut state = self.lock();
        if state.core.is_closed() || state.links.number != number {
            return;
        }
        if state.core.transport_lost(self.clock.now(), message) {
            let charge = state.lose_link(message);
            drop(state);
            self.room.give_back(charge);
            return;
        }
        state.links.layer_error = layer_error.cloned();
        state.output.clear();
        self.after_close(state);
    }

    /// Whether the transport of this number is the connection's, which is not over.
    pub(crate) fn has_link(&self, number: u64) -> bool {
        let state = self.lock();
        !state.core.is_closed() && state.links.number == number
    }

    /// Goes on over a transport on which the client has asked for it, or gives it back.
    pub(crate) fn resume(
        &self,
        asked: &ResumeAsked,
        transport: Transport,
    ) -> Result<(), (Transport, ResumeError)> {
        let mut state = self.lock();
        if state.core.is_closed() {
            return Err((transport, ResumeError::NotResumable));
        }
        let resumed = state.core.resume(
            self.clock.now(),
            asked.last_received_server_position,
            asked.first_available_client_position,
        );
        if let Err(error) = resumed {
            if state.core.is_closed() {
                self.after_close(state);
            }
            return Err((transport, error));
        }
        let charge = state.lose_link("the client came over another transport");
        state.links.agreement.clone_from(&transport.agreement);
        state.links.next = Some(transport);
        state.grant_again(self.clock.now());
        let task = state.task.rouse_always();
        drop(state);
        self.room.give_back(charge);
        wake(task);
        Ok(())
    }
}
