//! What the connection's events mean for streams and channels.

use std::sync::Arc;
use std::task::Waker;

use rsocket_protocol::StreamName;

use crate::exchange::{Exchange, Inbox, Outbox, Request};
use crate::reply::{Answered, Reply};
use crate::shared::State;
use crate::{Error, NotSent, Payload};

/// The peer's streams and channels that are under way, by the index of their slots.
#[derive(Default)]
pub(crate) struct Responders(Vec<Option<Slot>>);

struct Slot {
    name: u64,
    exchange: Arc<Exchange>,
}

impl Responders {
    pub(crate) fn insert(&mut self, name: u64, exchange: Arc<Exchange>) {
        let index = name as u32 as usize;
        if self.0.len() <= index {
            self.0.resize_with(index + 1, || None);
        }
        self.0[index] = Some(Slot { name, exchange });
    }

    fn get(&self, name: u64) -> Option<&Arc<Exchange>> {
        let slot = self.0.get(name as u32 as usize)?.as_ref()?;
        (slot.name == name).then_some(&slot.exchange)
    }

    fn remove(&mut self, name: u64) -> Option<Arc<Exchange>> {
        let place = self.0.get_mut(name as u32 as usize)?;
        Some(place.take_if(|slot| slot.name == name)?.exchange)
    }
}

impl State {
    /// Notes a stream or channel of the peer.
    pub(crate) fn respond(&mut self, slot: u64, inbox: Inbox, initial_n: u32) -> Arc<Exchange> {
        let exchange = Exchange::new(inbox, Outbox::with_credit(initial_n));
        self.responders.insert(slot, Arc::clone(&exchange));
        exchange
    }

    /// An item, an answer, or the end of them.
    pub(crate) fn receive_item(
        &mut self,
        name: StreamName,
        item: Option<Payload>,
        complete: bool,
        answered: &mut Vec<Answered>,
        wakers: &mut Vec<Waker>,
    ) {
        if let Some(reply) = self.take_reply(name) {
            answered.push(Answered {
                reply,
                outcome: Ok(item),
            });
            return;
        }
        let Some(exchange) = self.exchange(name) else {
            return;
        };
        let mut halves = exchange.lock();
        wakers.extend(halves.receive(item, complete));
        let over = complete && halves.is_over();
        drop(halves);
        if over {
            self.forget(name);
        }
    }

    /// A stream has failed in both directions.
    pub(crate) fn fail_stream(&mut self, name: StreamName, error: &Error, wakers: &mut Vec<Waker>) {
        if let Some(reply) = self.take_reply(name) {
            wakers.extend(reply.complete(Err(error.clone())));
            return;
        }
        if let Some(exchange) = self.forget(name) {
            exchange.lock().fail(error, wakers);
        }
    }

    pub(crate) fn grant(&mut self, name: StreamName, n: u32, wakers: &mut Vec<Waker>) {
        if let Some(exchange) = self.exchange(name) {
            wakers.extend(exchange.lock().grant(n));
        }
    }

    /// The peer takes no more items. A request of the peer has ended with it.
    pub(crate) fn cancelled(&mut self, name: StreamName, wakers: &mut Vec<Waker>) {
        let Some(exchange) = self.exchange(name) else {
            return;
        };
        let mut halves = exchange.lock();
        wakers.extend(halves.end_outbox(NotSent::Unwanted));
        if let StreamName::Slot(_) = name {
            let message = "the peer withdrew its request".to_owned();
            halves.fail(&Error::Cancelled { message }, wakers);
        }
        let over = halves.is_over();
        drop(halves);
        if over {
            self.forget(name);
        }
    }

    /// Lets go of a stream that is over.
    pub(crate) fn forget(&mut self, name: StreamName) -> Option<Arc<Exchange>> {
        match name {
            StreamName::User(user) => match self.requests.remove(user)? {
                Request::Items(exchange) => Some(exchange),
                Request::Response(_) => None,
            },
            StreamName::Slot(slot) => self.responders.remove(slot),
        }
    }

    /// The connection is over, and with it all that is under way.
    pub(crate) fn end_all(&mut self, error: &Error, wakers: &mut Vec<Waker>) {
        for request in self.requests.drain() {
            match request {
                Request::Response(reply) => wakers.extend(reply.complete(Err(error.clone()))),
                Request::Items(exchange) => exchange.lock().fail(error, wakers),
            }
        }
        for slot in std::mem::take(&mut self.responders.0).into_iter().flatten() {
            slot.exchange.lock().fail(error, wakers);
        }
    }

    /// Lets go of a request-response, which is over.
    fn take_reply(&mut self, name: StreamName) -> Option<Arc<Reply>> {
        let StreamName::User(user) = name else {
            return None;
        };
        if !matches!(self.requests.get_mut(user), Some(Request::Response(_))) {
            return None;
        }
        match self.requests.remove(user)? {
            Request::Response(reply) => Some(reply),
            Request::Items(_) => None,
        }
    }

    fn exchange(&mut self, name: StreamName) -> Option<Arc<Exchange>> {
        let found = match name {
            StreamName::User(user) => match self.requests.get_mut(user)? {
                Request::Items(exchange) => exchange,
                Request::Response(_) => return None,
            },
            StreamName::Slot(slot) => self.responders.get(slot)?,
        };
        Some(Arc::clone(found))
    }
}
