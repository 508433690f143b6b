//! An application that follows the script, and writes down what it hears.

use std::collections::BTreeMap;

use rsocket_protocol::frame::{ErrorCode, PayloadRef};
use rsocket_protocol::{
    Body, Connection, Event, InboundPayload, OwnedPayload, RequestKind, SendError, StreamName,
};

use crate::journal::Journal;
use crate::script::{End, Party, SCRIPT, Side, exchange_of, payload};
use crate::wire::Output;

/// What an application fails with.
pub(crate) const FAILED: (ErrorCode, &[u8]) = (ErrorCode::APPLICATION_ERROR, b"failed");

pub(crate) struct Application {
    side: Side,
    pub(crate) journal: Journal,
    /// Exchanges that this side is to ask for.
    to_ask: Vec<usize>,
    /// What is under way, by exchange.
    talks: BTreeMap<usize, Talk>,
    /// Whose turn it is.
    turn: usize,
}

/// This side's part in an exchange.
#[derive(Debug)]
struct Talk {
    stream: u32,
    name: StreamName,
    me: Party,
    sending: bool,
    credit: u64,
    /// Items that were sent, and requests for items that were made.
    sent: usize,
    asked: usize,
    receiving: bool,
    /// Items that are still to come of those that were asked for.
    awaited: u32,
}

/// Something that can be done next.
enum Step {
    Item { last: bool },
    Complete,
    Fail,
    AskForMore(u32),
    GiveUp,
}

impl Talk {
    fn step(&self, exchange: usize) -> Option<Step> {
        let part = SCRIPT[exchange].part(self.me);
        if self.receiving && self.awaited == 0 {
            match part.takes.get(self.asked) {
                Some(n) => return Some(Step::AskForMore(*n)),
                None if part.has_enough => return Some(Step::GiveUp),
                None => {}
            }
        }
        if !self.sending {
            return None;
        }
        let left = part.items.len() - self.sent;
        match part.end {
            _ if left > 0 && self.credit == 0 => None,
            end if left > 0 => Some(Step::Item {
                last: left == 1 && end == End::WithLastItem,
            }),
            End::Complete => Some(Step::Complete),
            // Everything that was asked for has come.
            End::Fail if self.awaited == 0 => Some(Step::Fail),
            _ => None,
        }
    }
}

fn inline(payload: &OwnedPayload) -> Body<'_> {
    Body::Inline(PayloadRef::new(payload.metadata.as_deref(), &payload.data))
}

fn owned(payload: &InboundPayload<'_>) -> OwnedPayload {
    let payload = payload.as_ref();
    OwnedPayload {
        metadata: payload.metadata.map(<[u8]>::to_vec),
        data: payload.data.to_vec(),
    }
}

impl Application {
    pub(crate) fn new(side: Side) -> Self {
        let mine = (0..SCRIPT.len()).filter(|index| SCRIPT[*index].asks == side);
        Self {
            side,
            journal: Journal::new(),
            to_ask: mine.rev().collect(),
            talks: BTreeMap::new(),
            turn: 0,
        }
    }

    pub(crate) fn is_done(&self) -> bool {
        self.to_ask.is_empty() && self.talks.is_empty()
    }

    /// Does one thing, if there is one to do.
    pub(crate) fn act(&mut self, connection: &mut Connection, out: &mut Output) {
        self.turn += 1;
        // Requests come one after the other, while those before go on.
        if self.turn % 3 == 1 && !self.to_ask.is_empty() {
            return self.ask(connection, out);
        }
        let steps = |(exchange, talk): (&usize, &Talk)| Some((*exchange, talk.step(*exchange)?));
        let possible: Vec<_> = self.talks.iter().filter_map(steps).collect();
        if possible.is_empty() {
            return;
        }
        let chosen = self.turn % possible.len();
        let (exchange, step) = possible.into_iter().nth(chosen).expect("there are so many");
        self.take(exchange, step, connection, out);
    }

    fn ask(&mut self, connection: &mut Connection, out: &mut Output) {
        let exchange = *self.to_ask.last().expect("there is one");
        let known = &SCRIPT[exchange];
        let request = payload(exchange, Party::Requester, 0);
        let (user, body) = (exchange as u64, inline(&request));
        let n = known.part(Party::Requester).takes.first();
        let n = n.copied().unwrap_or_default();
        let only = known.asks_at_once();
        let asked = match known.kind {
            RequestKind::RequestResponse => connection.request_response(user, &body, out),
            RequestKind::RequestStream => connection.request_stream(user, n, &body, out),
            RequestKind::RequestChannel => connection.request_channel(user, n, &body, only, out),
            RequestKind::FireAndForget => connection.fire_and_forget(&body, out).map(|()| 0),
        };
        let stream = match asked {
            Ok(stream) => stream,
            // Later.
            Err(SendError::Full | SendError::NotReady) => return,
            Err(other) => panic!("{other:?} for a request"),
        };
        self.to_ask.pop();
        let record = self.journal.of(exchange);
        record.began += 1;
        if known.kind == RequestKind::FireAndForget {
            record.ended += 1;
            return;
        }
        let talk = Talk {
            stream,
            name: StreamName::User(user),
            me: Party::Requester,
            sending: !only,
            credit: 0,
            sent: 1,
            asked: 1,
            receiving: true,
            awaited: n,
        };
        assert!(self.talks.insert(exchange, talk).is_none());
    }

    fn take(&mut self, exchange: usize, step: Step, connection: &mut Connection, out: &mut Output) {
        let talk = self.talks.get_mut(&exchange).expect("it is under way");
        let sent = match step {
            Step::Item { last } => {
                let item = payload(exchange, talk.me, talk.sent);
                connection.send_item(talk.stream, &inline(&item), last, out)
            }
            Step::Complete => connection.complete(talk.stream, out),
            Step::Fail => connection.send_error(talk.stream, FAILED.0, FAILED.1, out),
            Step::AskForMore(n) => {
                assert!(connection.request_n(talk.stream, n));
                Ok(())
            }
            Step::GiveUp => {
                let told = match talk.name {
                    StreamName::User(user) => connection.cancel(talk.stream, user),
                    StreamName::Slot(_) => connection.cancel_receiving(talk.stream),
                };
                assert!(told);
                Ok(())
            }
        };
        match sent {
            Ok(()) => {}
            Err(SendError::Full) => return,
            Err(other) => panic!("{other:?} on exchange {exchange}"),
        }
        match step {
            Step::Item { last } => {
                talk.credit -= 1;
                talk.sent += 1;
                talk.sending = !last;
            }
            Step::Complete => talk.sending = false,
            Step::Fail => (talk.sending, talk.receiving) = (false, false),
            Step::AskForMore(n) => {
                talk.asked += 1;
                talk.awaited = n;
            }
            Step::GiveUp => {
                talk.receiving = false;
                talk.sending &= talk.me == Party::Responder;
            }
        }
        self.forget_if_over(exchange);
    }

    pub(crate) fn hear(&mut self, event: Event<'_>) {
        match event {
            Event::Request {
                stream,
                slot,
                kind,
                initial_n,
                complete,
                payload,
            } => self.hear_request(stream, slot, kind, initial_n, complete, owned(&payload)),
            Event::Item {
                stream,
                name,
                payload,
                complete,
            } => {
                let exchange = self.named(name, stream);
                let talk = self.talks.get_mut(&exchange).expect("it is under way");
                assert!(talk.receiving);
                talk.receiving = !complete;
                let record = self.journal.of(exchange);
                if let Some(payload) = &payload {
                    talk.awaited = talk.awaited.checked_sub(1).expect("it was asked for");
                    record.items.push(owned(payload));
                }
                record.completed += u32::from(complete);
                self.forget_if_over(exchange);
            }
            Event::Granted { stream, name, n } => {
                let exchange = self.named(name, stream);
                let talk = self.talks.get_mut(&exchange).expect("it is under way");
                assert!(talk.sending);
                talk.credit += u64::from(n);
                self.journal.of(exchange).granted += u64::from(n);
            }
            Event::Cancelled { stream, name } => {
                let exchange = self.named(name, stream);
                self.journal.of(exchange).cancelled += 1;
                let talk = self.talks.get_mut(&exchange).expect("it is under way");
                assert!(std::mem::take(&mut talk.sending));
                talk.receiving &= talk.me == Party::Requester;
                self.forget_if_over(exchange);
            }
            Event::Failed {
                stream,
                name,
                code,
                message,
                ..
            } => {
                let exchange = self.named(name, stream);
                let failure = (code, message.into_owned());
                self.journal.of(exchange).failed.push(failure);
                self.end(exchange);
            }
            other => panic!("{other:?} was not to be expected"),
        }
    }

    fn hear_request(
        &mut self,
        stream: u32,
        slot: u64,
        kind: RequestKind,
        initial_n: u32,
        complete: bool,
        payload: OwnedPayload,
    ) {
        let exchange = exchange_of(&payload);
        let known = &SCRIPT[exchange];
        assert_eq!((known.kind, known.asks), (kind, 1 - self.side));
        let record = self.journal.of(exchange);
        record.began += 1;
        record.granted += u64::from(initial_n);
        record.items.push(payload);
        record.completed += u32::from(complete);
        if kind == RequestKind::FireAndForget {
            record.ended += 1;
            return;
        }
        let talk = Talk {
            stream,
            name: StreamName::Slot(slot),
            me: Party::Responder,
            sending: true,
            credit: initial_n.into(),
            sent: 0,
            asked: 0,
            receiving: !complete,
            awaited: 0,
        };
        assert!(self.talks.insert(exchange, talk).is_none());
    }

    /// What an event names has not ended.
    fn named(&self, name: StreamName, stream: u32) -> usize {
        let named = |(_, talk): &(&usize, &Talk)| talk.name == name && talk.stream == stream;
        let found = self.talks.iter().find(named);
        let (exchange, _) = found.unwrap_or_else(|| panic!("{name:?} has ended or never was"));
        *exchange
    }

    fn forget_if_over(&mut self, exchange: usize) {
        let talk = &self.talks[&exchange];
        if !talk.sending && !talk.receiving {
            self.end(exchange);
        }
    }

    fn end(&mut self, exchange: usize) {
        assert!(self.talks.remove(&exchange).is_some());
        self.journal.of(exchange).ended += 1;
    }

    /// The connection is over, and everything with it.
    pub(crate) fn end_all(&mut self) {
        self.to_ask.clear();
        while let Some((exchange, _)) = self.talks.first_key_value() {
            self.end(*exchange);
        }
    }
}
