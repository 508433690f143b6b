//! What a frame on a stream means.

use std::borrow::Cow;

use super::Connection;
use super::State;
use super::reassembly::{Reassembly, TooLong};
use super::receive::Incoming;
use super::streams::{Half, Side};
use crate::error::Origin;
use crate::event::{Event, InboundPayload, RequestKind};
use crate::frame::{DecodeError, ErrorCode, ErrorFrame, PayloadFrame, PayloadRef};

/// A request of the peer, without its payload.
#[derive(Clone, Copy)]
pub(super) struct Arriving {
    pub(super) stream: u32,
    pub(super) kind: RequestKind,
    pub(super) initial_n: u32,
    /// The peer sends no items of its own.
    pub(super) complete: bool,
}

const TOO_LONG: &str = "the fragmented payload is too long";
const OVERRUN: &str = "more items were sent than were asked for";

impl Connection {
    pub(super) fn receive_request<'a>(
        &mut self,
        request: Arriving,
        follows: bool,
        payload: PayloadRef<'a>,
    ) -> Option<Event<'a>> {
        let stream = request.stream;
        if self.streams.contains(stream) {
            return None;
        }
        if let Some((code, objection)) = self.objection(&request) {
            if request.kind != RequestKind::FireAndForget {
                self.control.push_error(stream, code, objection.as_bytes());
            }
            return None;
        }
        if follows {
            let (_, open) = self
                .streams
                .open_inbound(stream, request.kind, request.initial_n);
            open.reassembly = Some(Box::new(Reassembly::of_request(
                request.initial_n,
                request.complete && request.kind == RequestKind::RequestChannel,
            )));
            return self.receive_fragment(stream, payload);
        }
        Some(self.hand_out(request, InboundPayload::Borrowed(payload)))
    }

    /// Opens the stream of a request that is there as a whole.
    #[inline]
    fn hand_out<'a>(&mut self, request: Arriving, payload: InboundPayload<'a>) -> Event<'a> {
        let slot = match request.kind {
            RequestKind::FireAndForget => 0,
            kind => self.open_responder(request, kind),
        };
        Event::Request {
            stream: request.stream,
            slot,
            kind: request.kind,
            initial_n: request.initial_n,
            complete: request.complete,
            payload,
        }
    }

    #[inline]
    fn open_responder(&mut self, request: Arriving, kind: RequestKind) -> u64 {
        let (slot, open) = self
            .streams
            .open_inbound(request.stream, kind, request.initial_n);
        if !request.complete {
            open.receiving = Half::Open;
        }
        slot
    }

    /// Why a request is turned away, if it is.
    fn objection(&mut self, request: &Arriving) -> Option<(ErrorCode, &'static str)> {
        if self.state == State::Draining {
            return Some((ErrorCode::REJECTED, "the connection is closing"));
        }
        if !self.streams.is_peers(request.stream) {
            return Some((
                ErrorCode::REJECTED,
                "the stream id belongs to the other side",
            ));
        }
        if self.streams.inbound_full() {
            return Some((ErrorCode::REJECTED, "too many requests are open"));
        }
        if !self.leases.use_inbound(self.now) {
            return Some((ErrorCode::REJECTED, "no lease is left for this request"));
        }
        if request.initial_n == 0 && request.kind != RequestKind::FireAndForget {
            return Some((ErrorCode::INVALID, "the initial request n must not be 0"));
        }
        None
    }

    pub(super) fn receive_payload<'a>(
        &mut self,
        incoming: Incoming<'a>,
    ) -> Result<Option<Event<'a>>, DecodeError> {
        let frame = PayloadFrame::decode(incoming.flags, incoming.body)?;
        let id = incoming.stream;
        let Some(stream) = self.streams.get_mut(id) else {
            return Ok(None);
        };
        let fragmented = stream.reassembly.is_some();
        if stream.receiving != Half::Open && !fragmented {
            return Ok(None);
        }
        // FOLLOWS wins over COMPLETE: some peers put COMPLETE on the first fragment.
        if frame.follows {
            let reassembly = stream.reassembly.get_or_insert_default();
            reassembly.complete |= frame.complete;
            return Ok(self.receive_fragment(id, frame.payload));
        }
        if fragmented {
            return Ok(self.receive_last_fragment(id, frame.payload, frame.complete));
        }
        // Some peers leave NEXT off, so bytes count as an item too.
        let present = frame.next || !frame.payload.is_empty();
        let payload = present.then_some(InboundPayload::Borrowed(frame.payload));
        Ok(self.receive_item(id, payload, frame.complete))
    }

    /// A fragment that more will follow.
    fn receive_fragment(&mut self, id: u32, fragment: PayloadRef<'_>) -> Option<Event<'static>> {
        let reassembly = self.streams.get_mut(id)?.reassembly.as_mut()?;
        match self.reassembly.append(reassembly, fragment) {
            Ok(()) => None,
            Err(TooLong) => self.give_up(id, TOO_LONG),
        }
    }

    fn receive_last_fragment(
        &mut self,
        id: u32,
        fragment: PayloadRef<'_>,
        complete: bool,
    ) -> Option<Event<'static>> {
        let stream = self.streams.get_mut(id)?;
        let reassembly = stream.reassembly.as_mut()?;
        if self.reassembly.append(reassembly, fragment).is_err() {
            return self.give_up(id, TOO_LONG);
        }
        let whole = *stream.reassembly.take()?;
        let request = whole.of_request.then_some(Arriving {
            stream: id,
            kind: stream.kind,
            initial_n: whole.initial_n,
            // Only a channel's request can say that nothing follows, or that something does.
            complete: whole.complete || complete || stream.kind != RequestKind::RequestChannel,
        });
        let complete = whole.complete || complete;
        let payload = InboundPayload::Owned(self.reassembly.release(whole));
        match request {
            Some(request) => Some(self.hand_out_reassembled(request, payload)),
            None => self.receive_item(id, Some(payload), complete),
        }
    }

    /// The stream of a fragmented request was opened with its first fragment, and may have been given credit since.
    fn hand_out_reassembled(
        &mut self,
        request: Arriving,
        payload: InboundPayload<'static>,
    ) -> Event<'static> {
        let mut slot = 0;
        let mut initial_n = request.initial_n;
        if request.kind == RequestKind::FireAndForget {
            self.streams.close(request.stream);
        } else if let Some(open) = self.streams.get_mut(request.stream) {
            if let Side::Responder { slot: named } = open.side {
                slot = named;
            }
            if !request.complete {
                open.receiving = Half::Open;
            }
            initial_n = u32::try_from(open.send_credit).unwrap_or(u32::MAX);
        }
        Event::Request {
            stream: request.stream,
            slot,
            kind: request.kind,
            initial_n,
            complete: request.complete,
            payload,
        }
    }

    /// An item of the peer that is there as a whole, or the end of its items, or both.
    #[inline]
    fn receive_item<'a>(
        &mut self,
        id: u32,
        payload: Option<InboundPayload<'a>>,
        complete: bool,
    ) -> Option<Event<'a>> {
        let max_overrun = self.limits.max_unrequested_items;
        let open = self.streams.get_mut(id)?;
        // A PAYLOAD for a request-response ends it, whether it says so or not.
        let complete = complete || open.kind == RequestKind::RequestResponse;
        if payload.is_none() && !complete {
            return None;
        }
        if payload.is_some() {
            if open.receive_credit > 0 {
                open.receive_credit -= 1;
            } else {
                open.overrun += 1;
                if open.overrun > max_overrun {
                    return self.give_up(id, OVERRUN);
                }
            }
        }
        let name = open.side.name();
        if complete {
            open.receiving = Half::Closed;
            self.close_if_over(id);
        }
        Some(Event::Item {
            stream: id,
            name,
            payload,
            complete,
        })
    }

    /// What the peer sends on a stream passed a limit: the stream fails, the connection goes on.
    fn give_up(&mut self, id: u32, why: &'static str) -> Option<Event<'static>> {
        let arriving = self.streams.get(id)?.is_arriving();
        let kind = self.streams.get(id)?.kind;
        let side = self.close_stream(id)?;
        match side {
            Side::Requester { .. } => self.control.push_cancel(id),
            Side::Responder { .. } if kind == RequestKind::FireAndForget => {}
            Side::Responder { .. } => {
                let code = if arriving {
                    ErrorCode::REJECTED
                } else {
                    ErrorCode::INVALID
                };
                self.control.push_error(id, code, why.as_bytes());
            }
        }
        (!arriving).then_some(Event::Failed {
            stream: id,
            name: side.name(),
            origin: Origin::Library,
            code: ErrorCode::INVALID,
            message: Cow::Borrowed(why.as_bytes()),
        })
    }

    pub(super) fn receive_request_n(&mut self, id: u32, n: u32) -> Option<Event<'static>> {
        let open = self.streams.get_mut(id)?;
        if n == 0 || open.sending != Half::Open || open.kind == RequestKind::RequestResponse {
            return None;
        }
        open.send_credit = open.send_credit.saturating_add(n.into());
        // A request whose fragments are still arriving tells what it grants when it is handed out.
        (!open.is_arriving()).then_some(Event::Granted {
            stream: id,
            name: open.side.name(),
            n,
        })
    }

    pub(super) fn receive_error<'a>(
        &mut self,
        incoming: Incoming<'a>,
    ) -> Result<Option<Event<'a>>, DecodeError> {
        let frame = ErrorFrame::decode(incoming.flags, incoming.body)?;
        let id = incoming.stream;
        let Some(open) = self.streams.get(id) else {
            return Ok(None);
        };
        // Only a channel's requester has items whose failure it could tell; else it withdraws its request.
        let withdraws =
            matches!(open.side, Side::Responder { .. }) && open.kind != RequestKind::RequestChannel;
        if withdraws || open.is_arriving() {
            return Ok(self.receive_cancel(id));
        }
        let (name, awaited) = (open.side.name(), open.is_awaited());
        self.close_stream(id);
        Ok(awaited.then_some(Event::Failed {
            stream: id,
            name,
            origin: Origin::Remote,
            code: frame.code,
            message: Cow::Borrowed(frame.data),
        }))
    }

    pub(super) fn receive_cancel(&mut self, id: u32) -> Option<Event<'static>> {
        let open = self.streams.get_mut(id)?;
        let name = open.side.name();
        match open.side {
            // The responder of a channel wants no more items; its own go on.
            Side::Requester { .. } => {
                if open.sending == Half::Closed {
                    return None;
                }
                // A driver whose last item waits to be written has ended this direction itself.
                let awaited = open.sending == Half::Open;
                open.sending = Half::Closed;
                self.sending.abandon(id);
                self.close_if_over(id);
                awaited.then_some(Event::Cancelled { stream: id, name })
            }
            Side::Responder { .. } => {
                // A request whose fragments are still arriving has not been handed out, and one whose last answer
                // waits to be written is done with.
                let awaited = open.is_awaited();
                self.close_stream(id);
                awaited.then_some(Event::Cancelled { stream: id, name })
            }
        }
    }

    /// Ends a stream, gives back what its fragments held and stops sending others.
    pub(super) fn close_stream(&mut self, id: u32) -> Option<Side> {
        let stream = self.streams.close(id)?;
        self.sending.abandon(id);
        if let Some(reassembly) = stream.reassembly {
            self.reassembly.release(*reassembly);
        }
        Some(stream.side)
    }

    /// Gives back what the fragments of a stream hold.
    pub(super) fn drop_reassembly(&mut self, id: u32) {
        let reassembly = self
            .streams
            .get_mut(id)
            .and_then(|open| open.reassembly.take());
        if let Some(reassembly) = reassembly {
            self.reassembly.release(*reassembly);
        }
    }
}
