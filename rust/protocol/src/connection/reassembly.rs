//! Payloads that arrive in fragments (specification, "Fragmentation And Reassembly"), within limits.

use crate::config::Limits;
use crate::event::OwnedPayload;
use crate::frame::PayloadRef;

/// One payload under way.
#[derive(Debug, Default)]
pub(super) struct Reassembly {
    payload: OwnedPayload,
    /// It is the payload of the request that opened the stream, and this is what the request's frame said beside it.
    pub(super) of_request: bool,
    pub(super) initial_n: u32,
    /// The first frame said that nothing follows this payload.
    pub(super) complete: bool,
}

/// What the unfinished payloads of a connection may hold.
#[derive(Debug)]
pub(super) struct ReassemblyBudget {
    held: usize,
    max_held: usize,
    max_payload: usize,
}

/// The payload is longer than the limits allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TooLong;

impl ReassemblyBudget {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            held: 0,
            max_held: limits.max_reassembly_bytes,
            max_payload: limits.max_payload_len,
        }
    }

    /// Appends a fragment. After an error the payload is to be [dropped](Self::release).
    pub(super) fn append(
        &mut self,
        reassembly: &mut Reassembly,
        fragment: PayloadRef<'_>,
    ) -> Result<(), TooLong> {
        let more = fragment.metadata.map_or(0, <[u8]>::len) + fragment.data.len();
        if reassembly.len() + more > self.max_payload || self.held + more > self.max_held {
            return Err(TooLong);
        }
        self.held += more;
        if let Some(metadata) = fragment.metadata {
            let held = reassembly.payload.metadata.get_or_insert_default();
            held.extend_from_slice(metadata);
        }
        reassembly.payload.data.extend_from_slice(fragment.data);
        Ok(())
    }

    /// The payload, which no longer counts.
    pub(super) fn release(&mut self, reassembly: Reassembly) -> OwnedPayload {
        self.held -= reassembly.len();
        reassembly.payload
    }

    #[cfg(test)]
    pub(super) fn held(&self) -> usize {
        self.held
    }
}

impl Reassembly {
    /// The payload of a request, which is to be handed out when it is whole.
    pub(super) fn of_request(initial_n: u32, complete: bool) -> Self {
        Self {
            payload: OwnedPayload::default(),
            of_request: true,
            initial_n,
            complete,
        }
    }

    /// Bytes that it holds.
    pub(super) fn len(&self) -> usize {
        self.payload.metadata.as_ref().map_or(0, Vec::len) + self.payload.data.len()
    }
}
