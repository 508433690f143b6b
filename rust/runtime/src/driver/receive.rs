//! From bytes to callers and handlers.

use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};

use bytes::Bytes;
use rsocket_protocol::{Event, InboundPayload, RequestKind, StreamName, Time};

use super::inbound::{Action, Inbound, OneWay};
use super::input::Frame;
use super::leasing::Leasing;
use super::{Driver, Resuming};
use crate::exchange::Inbox;
use crate::links::ResumeAsked;
use crate::reply::Answered;
use crate::shared::State;
use crate::{Connection, Error, Lease, Payload, Setup};

/// Frames that are decoded under one lock, so that callers do not wait long for it.
const FRAMES_PER_LOCK: usize = 32;

/// Times that frames are decoded before what they led to is written, so that a peer which sent much gets its first
/// answers while the rest is being worked on.
const LOCKS_PER_WRITE: usize = 4;

impl Driver {
    /// Does what frames say, and reads once when there were none left. Pending when nothing has arrived, or something has
    /// to be waited for before more is read: a decision on the SETUP, a place for a fire-and-forget, or another transport.
    pub(super) fn poll_receive(&mut self, now: Time, cx: &mut Context<'_>) -> Poll<()> {
        if ready!(self.poll_frames(now, cx)) {
            return Poll::Ready(());
        }
        ready!(self.poll_link(now, cx));
        let Some(transport) = &mut self.link.transport else {
            return Poll::Pending;
        };
        let number = self.link.number;
        match ready!(self.input.poll_fill(transport, cx)) {
            Ok(0) => self
                .shared
                .transport_lost(number, "the peer closed the transport"),
            Ok(_) => {
                ready!(self.poll_frames(now, cx));
            }
            Err(error) => self.shared.transport_failed(number, "reading", &error),
        }
        Poll::Ready(())
    }

    /// Does what some of the frames that have arrived say. True when there may be more of them.
    fn poll_frames(&mut self, now: Time, cx: &mut Context<'_>) -> Poll<bool> {
        for _ in 0..LOCKS_PER_WRITE {
            ready!(self.poll_decision(cx));
            ready!(self.inbound.poll_serve(&self.shared, cx));
            let more = self.decode(now);
            self.told += self.answered.len();
            self.answered.drain(..).for_each(Answered::tell);
            self.wakers.drain(..).for_each(Waker::wake);
            self.leasing.tell(&self.shared);
            if !more {
                return Poll::Ready(false);
            }
        }
        Poll::Ready(true)
    }

    /// Decodes some frames; false when there is none. Afterwards a SETUP may wait to be decided on.
    fn decode(&mut self, now: Time) -> bool {
        let mut state = self.shared.lock();
        state.task.work();
        self.shared.submitted.work();
        if state.links.number() != self.link.number {
            // The peer sends it again on another transport.
            self.input.clear();
            return false;
        }
        if self.input.take_heard() {
            state.core.heard(now);
        }
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
                answered: &mut self.answered,
                wakers: &mut self.wakers,
                leasing: &mut self.leasing,
                said: Said::Nothing,
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
            match receiver.said {
                Said::Nothing => {}
                Said::Setup { setup, token } => {
                    drop(state);
                    self.begin_decision(setup, token);
                    return true;
                }
                Said::Resume(asked) => {
                    drop(state);
                    self.hand_over(&asked);
                    return false;
                }
                Said::Resumed => {
                    state.grant_again(now);
                    self.link.note_resumed();
                }
            }
        }
        true
    }

    fn begin_decision(&mut self, setup: Setup, token: Option<Vec<u8>>) {
        if let Resuming::Server(agreeing) = &mut self.link.resuming {
            agreeing.propose(token);
        }
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
        let decided = decided.and_then(|handler| self.begin_session().map(|()| handler));
        let mut state = self.shared.lock();
        match decided {
            Ok(handler) => {
                // An error says that the connection is over already, which the next turn sees.
                if state.core.accept_setup().is_ok() {
                    drop(state);
                    self.inbound.set_handler(handler);
                    self.shared.room.open();
                    self.leasing.begin(&self.shared);
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
    answered: &'a mut Vec<Answered>,
    wakers: &'a mut Vec<Waker>,
    leasing: &'a mut Leasing,
    said: Said,
}

/// What a frame says that is not for callers and handlers.
enum Said {
    Nothing,
    /// A client wants to connect.
    Setup {
        setup: Setup,
        token: Option<Vec<u8>>,
    },
    /// A client wants to go on with another connection on this transport.
    Resume(ResumeAsked),
    /// The server goes on with this one.
    Resumed,
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
            Event::Setup(setup) => {
                self.said = Said::Setup {
                    setup: Setup::from_frame(&setup),
                    token: setup.resume_token.map(<[u8]>::to_vec),
                }
            }
            Event::Request {
                stream,
                slot,
                kind,
                initial_n,
                complete,
                payload,
            } => {
                let request = own(payload);
                let action = match kind {
                    RequestKind::RequestResponse => Action::Answer {
                        stream,
                        slot,
                        request,
                    },
                    RequestKind::FireAndForget => Action::OneWay(OneWay::FireAndForget(request)),
                    RequestKind::RequestStream => Action::Stream {
                        stream,
                        slot,
                        request,
                        exchange: state.respond(slot, Inbox::ended(), initial_n),
                    },
                    RequestKind::RequestChannel => Action::Channel {
                        stream,
                        slot,
                        exchange: state.respond(
                            slot,
                            Inbox::with_first(request, complete),
                            initial_n,
                        ),
                    },
                };
                self.inbound.push(action);
            }
            Event::Item {
                name,
                payload,
                complete,
                ..
            } => {
                state.receive_item(name, payload.map(own), complete, self.answered, self.wakers);
            }
            Event::Failed {
                name,
                origin,
                code,
                message,
                ..
            } => {
                let error = Error::of_stream(origin, code, &message);
                state.fail_stream(name, &error, self.wakers);
            }
            Event::Granted { name, n, .. } => state.grant(name, n, self.wakers),
            Event::Cancelled { name, .. } => {
                state.cancelled(name, self.wakers);
                if let StreamName::Slot(slot) = name {
                    self.inbound.push(Action::Cancel { slot });
                }
            }
            Event::MetadataPush(metadata) => {
                let metadata = Bytes::copy_from_slice(metadata);
                self.inbound
                    .push(Action::OneWay(OneWay::MetadataPush(metadata)));
            }
            Event::Lease {
                ttl,
                requests,
                metadata,
            } => {
                state.granted.receive(Lease {
                    ttl,
                    requests,
                    metadata: metadata.map(Bytes::copy_from_slice),
                });
                self.leasing.heard = true;
            }
            Event::Resume(request) => {
                self.said = Said::Resume(ResumeAsked {
                    token: request.token.to_vec(),
                    last_received_server_position: request.last_received_server_position,
                    first_available_client_position: request.first_available_client_position,
                });
            }
            Event::Resumed => self.said = Said::Resumed,
            // No frame says so.
            Event::Suspended => {}
            Event::Draining => tracing::debug!("the peer is closing the connection"),
            Event::Closed => return true,
        }
        false
    }
}
