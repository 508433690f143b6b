//! From the output to the transport.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

use rsocket_protocol::Time;
use rsocket_protocol::frame::ErrorCode;
use tokio::io::AsyncWrite;

use super::link::Followed;
use super::{Driver, Next, Turn};
use crate::output::MAX_SLICES;
use crate::room::Charge;
use crate::shared::{State, Unsent};

impl Driver {
    /// Does what is due and writes one batch. `None` when the connection is over.
    pub(super) fn turn(&mut self, now: Time, cx: &mut Context<'_>) -> Option<Turn> {
        let blocked = self.poll_batch(now, cx).is_pending();
        let mut released = Charge::default();
        let (mut turn, unsent) = self.look(now, blocked, &mut released, cx)?;
        unsent.tell(&self.shared);
        self.wakers.drain(..).for_each(Waker::wake);
        self.shared.room.give_back(released);
        self.link.tell(&self.shared);
        if turn.next == Next::Write {
            self.link.note_taken(&self.shared);
            turn.next = match self.poll_batch(now, cx) {
                Poll::Ready(()) => Next::Again,
                Poll::Pending => Next::Rest,
            };
        }
        Some(turn)
    }

    /// Does what is due under the lock and takes the batch, if it is time for it. `None` when the connection is over.
    fn look(
        &mut self,
        now: Time,
        blocked: bool,
        released: &mut Charge,
        cx: &mut Context<'_>,
    ) -> Option<(Turn, Unsent)> {
        let mut guard = self.shared.lock();
        let state = &mut *guard;
        let unsent = self.shared.send_submitted(state);
        if state.core.poll_timeout().is_some_and(|due| due <= now) {
            state.core.handle_timeout(now);
        }
        let followed = self.link.follow(state, released);
        if followed != Followed::Same {
            self.input.clear();
            self.unflushed = false;
            *released += self.writing.recycle();
        }
        let blocked = blocked && followed == Followed::Same;
        if state.draining {
            self.inbound.refuse();
            let idle = !blocked && self.inbound.is_empty() && state.is_idle();
            // Nobody is there to finish for, and nobody can come back to a server that does not listen any more.
            if idle || state.core.is_suspended() {
                state.core.close(ErrorCode::CONNECTION_CLOSE, "closing");
            }
        }
        if state.core.is_closed() {
            self.shared.after_close(guard);
            unsent.tell(&self.shared);
            return None;
        }
        *released += state.release();
        let deadline = state.core.poll_timeout();
        let turn = |next| Some((Turn { next, deadline }, unsent));
        self.wakers.extend(state.output.drain_wakers());
        if blocked {
            // What the connection has to say waits where it is bounded.
            state.task.stay(cx.waker());
            return turn(Next::Rest);
        }
        let told = std::mem::take(&mut self.told);
        self.shared.transmit(state);
        self.wakers.extend(state.output.drain_wakers());
        if followed != Followed::Same {
            // The next transport is waited for, or read from.
            state.task.stay(cx.waker());
            return turn(Next::Again);
        }
        if state.output.is_empty() {
            if !self.yielded && told > 1 {
                // Those who have their answers are likely to ask again, and need not wake the task for that.
                self.yielded = true;
                state.task.stay(cx.waker());
                return turn(Next::Yield);
            }
            self.yielded = false;
            if !self.shared.submitted.rest(cx.waker()) {
                return turn(Next::Again);
            }
            state.task.rest(cx.waker());
            return turn(Next::Rest);
        }
        state.task.stay(cx.waker());
        if !self.yielded && others_may_join(state) {
            self.yielded = true;
            return turn(Next::Yield);
        }
        self.yielded = false;
        state.output.take(&mut self.writing);
        turn(Next::Write)
    }

    /// Writes the rest of the batch. After an error the transport is lost.
    fn poll_batch(&mut self, now: Time, cx: &mut Context<'_>) -> Poll<()> {
        let written = ready!(self.poll_write_batch(cx));
        if let Err(error) = written {
            self.shared.room.give_back(self.writing.recycle());
            let number = self.link.number;
            // The peer may have said why it closed.
            while self.poll_receive(now, cx).is_ready() && self.shared.has_link(number) {}
            self.shared.transport_failed(number, "writing", &error);
        }
        Poll::Ready(())
    }

    pub(super) fn poll_write_batch(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.writing.is_empty() {
            let written = ready!(self.poll_write_some(cx))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.writing.advance(written);
            self.unflushed = true;
        }
        self.shared.room.give_back(self.writing.recycle());
        if self.unflushed {
            if let Some(transport) = &mut self.link.transport {
                ready!(Pin::new(transport).poll_flush(cx))?;
            }
            self.unflushed = false;
        }
        Poll::Ready(Ok(()))
    }

    fn poll_write_some(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let Some(transport) = &mut self.link.transport else {
            return Poll::Ready(Err(io::ErrorKind::NotConnected.into()));
        };
        let transport = Pin::new(transport);
        if let Some(bytes) = self.writing.as_slice() {
            return transport.poll_write(cx, bytes);
        }
        let mut slices = [IoSlice::new(&[]); MAX_SLICES];
        let count = self.writing.slices(&mut slices);
        transport.poll_write_vectored(cx, &slices[..count])
    }
}

/// Whether somebody who is under way may have a frame for the batch before long: then it waits for one round of the
/// other tasks. One write per frame would cost several times the throughput.
fn others_may_join(state: &State) -> bool {
    state.core.outbound_streams() + state.core.inbound_streams() > 1
}
