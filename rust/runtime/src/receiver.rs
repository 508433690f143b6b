//! The receiving half of a stream or channel.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use rsocket_protocol::StreamName;

use crate::exchange::Exchange;
use crate::shared::wake;
use crate::window::Window;
use crate::{Connection, Error, NotSent, Payload};

/// Takes items and asks for more. Dropping it before the end tells the peer that no more are wanted.
pub(crate) struct Receiver {
    connection: Connection,
    exchange: Arc<Exchange>,
    stream: u32,
    name: StreamName,
    /// Items that have been taken out of the exchange together.
    ready: VecDeque<Payload>,
    pub(crate) window: Window,
    /// The peer has not been asked for anything: the responder of a channel has its first item without asking.
    unasked: bool,
}

impl Receiver {
    /// What a request of this side receives; the request has asked for the window.
    pub(crate) fn of_request(
        connection: Connection,
        exchange: Arc<Exchange>,
        stream: u32,
        request: u64,
        window: Window,
    ) -> Self {
        Self {
            connection,
            exchange,
            stream,
            name: StreamName::User(request),
            ready: VecDeque::new(),
            window,
            unasked: false,
        }
    }

    /// What the responder of a channel receives.
    pub(crate) fn of_channel(
        connection: Connection,
        exchange: Arc<Exchange>,
        stream: u32,
        slot: u64,
    ) -> Self {
        Self {
            connection,
            exchange,
            stream,
            name: StreamName::Slot(slot),
            ready: VecDeque::new(),
            window: Window::default(),
            unasked: true,
        }
    }

    pub(crate) fn is_unasked(&self) -> bool {
        self.unasked
    }

    pub(crate) fn poll_next(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Payload, Error>>> {
        if self.unasked && self.ready.is_empty() {
            return self.poll_first(cx);
        }
        if self.ready.is_empty() {
            let mut halves = self.exchange.lock();
            let inbox = &mut halves.inbox;
            std::mem::swap(&mut inbox.items, &mut self.ready);
            if self.ready.is_empty() {
                return match inbox.end.replace(Ok(())) {
                    Some(Ok(())) => Poll::Ready(None),
                    Some(Err(error)) => Poll::Ready(Some(Err(error))),
                    None => {
                        inbox.end = None;
                        inbox.waker = Some(cx.waker().clone());
                        Poll::Pending
                    }
                };
            }
        }
        let item = self.ready.pop_front();
        if let Some(n) = self.window.take() {
            self.ask(n);
        }
        Poll::Ready(item.map(Ok))
    }

    /// Asks for the window. The first item has not been asked for, so taking it makes no room in the window.
    fn poll_first(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Payload, Error>>> {
        self.unasked = false;
        self.ask(self.window.initial());
        let first = self.exchange.lock().inbox.items.pop_front();
        match first {
            Some(first) => Poll::Ready(Some(Ok(first))),
            None => self.poll_next(cx),
        }
    }

    /// Asks for `n` items more.
    pub(crate) fn request(&mut self, n: u32) {
        if self.unasked {
            self.window.widen(n);
        } else {
            self.ask(n);
        }
    }

    fn ask(&self, n: u32) {
        if n == 0 {
            return;
        }
        let mut state = self.connection.shared.lock();
        // The stream's id may be another's once this one has ended.
        if self.exchange.lock().inbox.end.is_some() || !state.core.request_n(self.stream, n) {
            return;
        }
        let task = state.task.rouse();
        drop(state);
        wake(task);
    }

    /// Tells the peer that no more is wanted: of a request of this side, all of it is withdrawn. False when the peer
    /// has ended already.
    pub(crate) fn cancel(&mut self) -> bool {
        let mut state = self.connection.shared.lock();
        let mut halves = self.exchange.lock();
        if halves.inbox.end.is_some() {
            return false;
        }
        halves.inbox.end = Some(Ok(()));
        let mut sender: Option<Waker> = None;
        match self.name {
            StreamName::User(request) => {
                sender = halves.end_outbox(NotSent::Completed);
                state.core.cancel(self.stream, request);
            }
            StreamName::Slot(_) => {
                state.core.cancel_receiving(self.stream);
            }
        }
        let over = halves.is_over();
        drop(halves);
        if over {
            state.forget(self.name);
        }
        let task = state.task.rouse();
        drop(state);
        wake(task);
        wake(sender);
        true
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.cancel();
    }
}
