//! One stream's way out: what may be sent, and how it ends.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};

use rsocket_protocol::{SendError, StreamName};

use crate::exchange::Exchange;
use crate::postponed::end_stream;
use crate::room::Place;
use crate::shared::{Shared, State, wake};
use crate::{Connection, Error, Failure, NotSent, Payload};

#[derive(Clone)]
pub(crate) struct Outlet {
    pub(crate) connection: Connection,
    pub(crate) exchange: Arc<Exchange>,
    pub(crate) stream: u32,
    pub(crate) name: StreamName,
}

impl Outlet {
    fn shared(&self) -> &Shared {
        &self.connection.shared
    }

    /// Why nothing can be sent any more, if that is so.
    pub(crate) fn end(&self) -> Option<NotSent> {
        self.exchange.lock().outbox.end.clone()
    }

    /// Ready when nothing can be sent any more.
    pub(crate) fn poll_closed(&self, cx: &mut Context<'_>) -> Poll<NotSent> {
        let outbox = &mut self.exchange.lock().outbox;
        match &outbox.end {
            Some(end) => Poll::Ready(end.clone()),
            None => {
                note(&mut outbox.waker, cx);
                Poll::Pending
            }
        }
    }

    /// Ready when the peer takes an item and what went before it is on its way.
    pub(crate) fn poll_ready(&self, cx: &mut Context<'_>) -> Poll<Result<(), NotSent>> {
        {
            let outbox = &mut self.exchange.lock().outbox;
            if let Some(end) = &outbox.end {
                return Poll::Ready(Err(end.clone()));
            }
            if outbox.credit == 0 {
                note(&mut outbox.waker, cx);
                return Poll::Pending;
            }
        }
        self.poll_sent(cx)
    }

    /// Ready when the payload that went before is on its way as a whole, so that a stream has one in the output at most.
    fn poll_sent(&self, cx: &mut Context<'_>) -> Poll<Result<(), NotSent>> {
        let token = {
            let outbox = &mut self.exchange.lock().outbox;
            if let Some(end) = &outbox.end {
                return Poll::Ready(Err(end.clone()));
            }
            let Some(token) = outbox.token else {
                return Poll::Ready(Ok(()));
            };
            note(&mut outbox.waker, cx);
            token
        };
        ready!(self.shared().lock().output.poll_sent(token, cx.waker()));
        self.exchange.lock().outbox.token = None;
        Poll::Ready(Ok(()))
    }

    /// Sends an item as soon as the peer takes it and there is room.
    pub(crate) async fn send(&self, payload: &Payload) -> Result<(), NotSent> {
        poll_fn(|cx| self.poll_ready(cx)).await?;
        let Ok(mut place) = self.shared().room.place_of_bulk(payload).await else {
            return Err(self.lost());
        };
        let put = |state: &mut State| self.put(payload, state, &mut place);
        match self.shared().patiently(put).await {
            Ok(sent) => sent,
            Err(SendError::PayloadTooLarge) => Err(NotSent::TooLarge),
            Err(SendError::Closed) => Err(self.lost()),
            // The outbox knows credit and end as well as the core does.
            Err(_) => Err(NotSent::Unwanted),
        }
    }

    fn put(
        &self,
        payload: &Payload,
        state: &mut State,
        place: &mut Place<'_>,
    ) -> Result<(Result<(), NotSent>, Option<Waker>), SendError> {
        let outbox = &mut self.exchange.lock().outbox;
        if let Some(end) = &outbox.end {
            return Ok((Err(end.clone()), None));
        }
        let sent = self
            .shared()
            .send(state, payload, place, |core, body, sink| {
                core.send_item(self.stream, body, false, sink)
            })?;
        outbox.credit -= 1;
        outbox.token = sent.token;
        Ok((Ok(()), sent.task))
    }

    fn lost(&self) -> NotSent {
        self.end()
            .unwrap_or_else(|| NotSent::Ended(self.shared().lock().closed_error(true)))
    }

    /// Says that no item follows, at once. Nothing happens where the stream has ended.
    pub(crate) fn complete(&self) {
        self.finish(None, None);
    }

    /// Says the same when there is room.
    pub(crate) async fn complete_in_order(&self) {
        let Ok(mut place) = self.shared().room.place_for(0).await else {
            return;
        };
        self.finish(None, Some(&mut place));
    }

    /// Ends the stream with an error, at once. An item that is being sent in fragments is broken off.
    pub(crate) fn fail(&self, failure: &Failure) {
        if self.finish(Some(failure), None) {
            self.fail_rest(failure);
        }
    }

    /// Ends the stream with an error after the items before it, when there is room.
    pub(crate) async fn fail_in_order(&self, failure: &Failure) {
        if poll_fn(|cx| self.poll_sent(cx)).await.is_err() {
            return;
        }
        let message_len = failure.message.len();
        let Ok(mut place) = self.shared().room.place_for_error(message_len).await else {
            return;
        };
        if self.finish(Some(failure), Some(&mut place)) {
            self.fail_rest(failure);
        }
    }

    /// The last that is sent on the stream, with this failure or by completing; false where it has ended.
    fn finish(&self, failure: Option<&Failure>, place: Option<&mut Place<'_>>) -> bool {
        let shared = self.shared();
        let mut guard = shared.lock();
        let state = &mut *guard;
        let mut halves = self.exchange.lock();
        if halves.outbox.end.is_some() {
            return false;
        }
        halves.end_outbox(NotSent::Completed);
        let over = halves.is_over();
        drop(halves);
        if over {
            state.forget(self.name);
        }
        let sent = match place {
            Some(place) => shared.send_bare(state, place, |core, sink| {
                end_stream(core, self.stream, failure, sink)
            }),
            None => shared.send_unplaced(state, |core, sink| {
                end_stream(core, self.stream, failure, sink)
            }),
        };
        let task = match sent {
            Ok(task) => task,
            Err(SendError::Full) => {
                state.postpone(self.stream, failure.cloned());
                state.task.rouse()
            }
            // The stream has ended, which is what is asked for.
            Err(_) => None,
        };
        drop(guard);
        wake(task);
        true
    }

    /// An ERROR of this side ends what it receives, too.
    fn fail_rest(&self, failure: &Failure) {
        let mut wakers = Vec::new();
        let mut state = self.shared().lock();
        let error = Error::Aborted {
            failure: failure.clone(),
        };
        self.exchange.lock().fail(&error, &mut wakers);
        state.forget(self.name);
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
    }
}

/// Notes whom to wake.
fn note(waker: &mut Option<Waker>, cx: &Context<'_>) {
    match waker {
        Some(known) => known.clone_from(cx.waker()),
        None => *waker = Some(cx.waker().clone()),
    }
}
