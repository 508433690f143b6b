//! From bytes to callers and handlers.

use std::sync::Arc;
use std::task::{Context, Poll, ready};

use rsocket_protocol::{Event, InboundPayload, RequestKind, Time};
use tokio::io::{AsyncRead, AsyncWrite};

use super::Driver;
use super::inbound::{Action, Inbound};
use super::input::Frame;
use crate::shared::State;
use crate::{Connection, Error, Payload, Setup};
use std::task::Waker;

/// Frames that are decoded under one lock, so that callers do not wait long for it.
const FRAMES_PER_LOCK: usize = 32;

impl<IO: AsyncRead + AsyncWrite + Unpin> Driver<IO> {
    /// Reads once and does what the frames say. Pending when nothing has arrived, or something has to be waited for
    /// before more is read: a decision on the SETUP, or a place for a fire-and-forget.
    pub(super) fn poll_receive(&mut self, now: Time, cx: &mut Context<'_>) -> Poll<()> {
        ready!(self.poll_frames(now, cx));
        match ready!(self.input.poll_fill(&mut self.io, cx)) {
            Ok(0) => self
                .shared
                .transport_closed("the peer closed the transport"),
            Ok(_) => ready!(self.poll_frames(now, cx)),
            Err(error) => self
                .shared
                .transport_closed(&format!("reading failed: {error}")),
        }
        Poll::Ready(())
    }

    /// Does what the frames that have arrived say.
    fn poll_frames(&mut self, now: Time, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            ready!(self.poll_decision(cx));
            ready!(self.inbound.poll_serve(&self.shared, cx));
            let more = self.decode(now);
            self.wakers.drain(..).for_each(Waker::wake);
            if !more {
                return Poll::Ready(());
            }
        }
    }

    /// Decodes some frames; false when there is none. Afterwards a SETUP may wait to be decided on.
    fn decode(&mut self, now: Time) -> bool {
        let mut state = self.shared.lock();
        for decoded in 0..FRAMES_PER_LOCK {
            let frame = match self.input.next() {
                Ok(Some(frame)) => frame,
                Ok(None) => return decoded > 0,
                Err(too_long) => {
                    state.core.fail(&too_long.to_string());
                    self.shared.after_close(state);
                    return false;
                }
            };
            let mut receiver = Receiver {
                inbound: &mut self.inbound,
                wakers: &mut self.wakers,
                setup: None,
            };
            let closed = match &frame {
                Frame::Small(frame) => receiver.receive(&mut state, now, frame, Payload::copied),
                Frame::Large(frame) => receiver.receive(&mut state, now, frame, |payload| {
                    Payload::sliced(payload, frame)
                }),
            };
            if closed {
                self.shared.after_close(state);
                return false;
            }
            if let Some(setup) = receiver.setup {
                drop(state);
                self.begin_decision(setup);
                return true;
            }
        }
        true
    }

    fn begin_decision(&mut self, setup: Setup) {
        // Only a server, which has an acceptor, is handed a SETUP, and only once.
        if let Some(acceptor) = self.acceptor.take() {
            let connection = Connection::borrowed(Arc::clone(&self.shared));
            self.decision = Some(acceptor.decide(setup, connection));
        }
    }

    fn poll_decision(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(decision) = &mut self.decision else {
            return Poll::Ready(());
        };
        let decided = ready!(decision.as_mut().poll(cx));
        self.decision = None;
        let mut state = self.shared.lock();
        match decided {
            Ok(handler) => {
                // An error says that the connection is over already, which the next turn sees.
                if state.core.accept_setup().is_ok() {
                    drop(state);
                    self.inbound.set_handler(handler);
                    self.shared.room.open();
                }
            }
            Err(rejection) => {
                tracing::debug!(%rejection, "setup rejected");
                let (code, message) = (rejection.code, &rejection.message);
                if state.core.reject_setup(code, message).is_ok() {
                    self.shared.after_close(state);
                }
            }
        }
        Poll::Ready(())
    }
}

/// Where events go.
struct Receiver<'a> {
    inbound: &'a mut Inbound,
    wakers: &'a mut Vec<Waker>,
    setup: Option<Setup>,
}

impl Receiver<'_> {
    /// Hands a frame in; true when the connection is over.
    #[inline]
    fn receive(
        &mut self,
        state: &mut State,
        now: Time,
        frame: &[u8],
        own: impl FnOnce(InboundPayload<'_>) -> Payload,
    ) -> bool {
        let Some(event) = state.core.receive(now, frame) else {
            return false;
        };
        match event {
            Event::Setup(setup) => self.setup = Some(Setup::from_frame(&setup)),
            Event::Request {
                stream,
                slot,
                kind: RequestKind::RequestResponse,
                payload,
            } => self.inbound.push(Action::Answer {
                stream,
                slot,
                request: own(payload),
            }),
            Event::Request {
                kind: RequestKind::FireAndForget,
                payload,
                ..
            } => self.inbound.push(Action::FireAndForget(own(payload))),
            Event::Response { user, payload } => {
                if let Some(waiting) = state.requests.get_mut(user) {
                    self.wakers.extend(waiting.complete(Ok(payload.map(own))));
                }
            }
            Event::Failed {
                user,
                code,
                message,
            } => {
                if let Some(waiting) = state.requests.get_mut(user) {
                    let error = Error::from_wire(code, &message);
                    self.wakers.extend(waiting.complete(Err(error)));
                }
            }
            Event::Cancelled { slot, .. } => self.inbound.push(Action::Cancel { slot }),
            Event::Draining => tracing::debug!("the peer is closing the connection"),
            Event::Closed => return true,
        }
        false
    }
}
