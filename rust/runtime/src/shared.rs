//! What a connection's task and its callers share.
//!
//! One short lock guards the protocol's state, the waiting requests and the output. Callers write their frames into the
//! output themselves and wake the task, which alone touches the socket, only when it has nothing to do.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::Waker;

use bytes::BytesMut;
use rsocket_protocol::frame::ErrorCode;
use rsocket_protocol::{
    Body, CloseReason, Config, Connection as Core, Origin, Role, SendError, Time,
};
use rsocket_transport::length_prefix::Writer;
use tokio::runtime::Handle;
use tokio::sync::SetOnce;

use crate::exchange::Request;
use crate::output::Output;
use crate::room::{Charge, Closed, Place, Room};
use crate::slab::Slab;
use crate::streams::Responders;
use crate::{Error, LayerError, Payload};

/// Bytes of fragments that join a batch; one fragment may exceed it.
const TURN: usize = 64 << 10;

/// Where to look up what TLS agrees upon.
#[cfg(feature = "tls")]
pub(crate) type Agreement = crate::tls::Agreement;

/// There is no TLS.
#[cfg(not(feature = "tls"))]
pub(crate) type Agreement = std::convert::Infallible;

pub(crate) struct Shared {
    /// Where the connection's tasks run, whoever makes its requests.
    pub(crate) runtime: Handle,
    state: Mutex<State>,
    /// A server's room is closed until the client is accepted, so that requests wait for that.
    pub(crate) room: Room,
    /// Set when the transport has been given up.
    ended: SetOnce<Arc<CloseReason>>,
    /// What TLS agrees upon, where there is TLS.
    #[cfg_attr(not(feature = "tls"), expect(dead_code))]
    pub(crate) agreement: Option<Agreement>,
    /// What went wrong below the frames, where that ended the connection.
    pub(crate) layer_error: OnceLock<LayerError>,
    dropped_fire_and_forgets: AtomicU64,
}

pub(crate) struct State {
    pub(crate) core: Core,
    /// This side's requests, by the name that the core has for them.
    pub(crate) requests: Slab<Request>,
    /// The peer's requests that carry items, by the slot that the core has for them.
    pub(crate) responders: Responders,
    pub(crate) output: Output,
    pub(crate) task: Task,
    /// The connection closes when nothing is under way any more.
    pub(crate) draining: bool,
}

/// A payload that has been handed to the connection.
pub(crate) struct Sent<T> {
    /// What sending it returned.
    pub(crate) value: T,
    /// Its name in the output while some of it waits there.
    pub(crate) token: Option<u64>,
    /// Whom to wake, once the lock is given up.
    pub(crate) task: Option<Waker>,
}

/// How to reach the connection's task.
#[derive(Default)]
pub(crate) struct Task {
    waker: Option<Waker>,
    /// The task has nothing to do: whoever gives it something has to wake it.
    idle: bool,
}

impl Shared {
    pub(crate) fn new(
        config: &Config,
        max_output: usize,
        now: Time,
        agreement: Option<Agreement>,
    ) -> Arc<Self> {
        let room = Room::new(max_output, config);
        if config.role == Role::Client {
            room.open();
        }
        // What the core would count again has its place in the room.
        let mut config = config.clone();
        config.limits.max_queued_bytes = usize::MAX;
        Arc::new(Self {
            runtime: Handle::current(),
            state: Mutex::new(State {
                core: Core::new(&config, now),
                requests: Slab::new(),
                responders: Responders::default(),
                output: Output::new(),
                task: Task::default(),
                draining: false,
            }),
            room,
            ended: SetOnce::new(),
            agreement,
            layer_error: OnceLock::new(),
            dropped_fire_and_forgets: AtomicU64::new(0),
        })
    }

    /// No code of a user runs under the lock, so a poisoned one means a bug here; the state is as good as it was.
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place in the output for this payload.
    ///
    /// # Errors
    /// The connection's end.
    #[inline]
    pub(crate) async fn place(&self, payload: &Payload) -> Result<Place<'_>, Error> {
        match self.room.place(payload).await {
            Ok(place) => Ok(place),
            Err(Closed) => Err(self.lock().closed_error(false)),
        }
    }

    /// Lets `send` send a payload.
    #[inline]
    pub(crate) fn send<T>(
        &self,
        state: &mut State,
        payload: &Payload,
        place: &mut Place<'_>,
        send: impl FnOnce(&mut Core, &Body<'_>, &mut Writer<'_, BytesMut>) -> Result<T, SendError>,
    ) -> Result<Sent<T>, SendError> {
        let before = state.output.inline_len();
        let core = &mut state.core;
        let (value, token) = state.output.send(payload, place.charge(), |body, writer| {
            send(core, body, writer)
        })?;
        self.charge_rest(state, before + place.use_up());
        Ok(Sent {
            value,
            token,
            task: state.task.rouse(),
        })
    }

    /// Lets `send` write a frame without a payload. Returns whom to wake, once the lock is given up.
    pub(crate) fn send_bare(
        &self,
        state: &mut State,
        place: &mut Place<'_>,
        send: impl FnOnce(&mut Core, &mut Writer<'_, BytesMut>) -> Result<(), SendError>,
    ) -> Result<Option<Waker>, SendError> {
        let before = state.output.inline_len();
        let core = &mut state.core;
        state.output.write(|writer| send(core, writer))?;
        state.output.charge(place.charge());
        self.charge_rest(state, before + place.use_up());
        Ok(state.task.rouse())
    }

    /// Lets `send` write a frame without a payload that needs no place: there is one for each request that had a place.
    pub(crate) fn send_unplaced(
        &self,
        state: &mut State,
        send: impl FnOnce(&mut Core, &mut Writer<'_, BytesMut>) -> Result<(), SendError>,
    ) -> Result<Option<Waker>, SendError> {
        let before = state.output.inline_len();
        let core = &mut state.core;
        state.output.write(|writer| send(core, writer))?;
        self.charge_rest(state, before);
        Ok(state.task.rouse())
    }

    /// Moves what the connection has to say by itself to the output, and fragments of payloads for one turn, so that
    /// others have theirs before the next.
    pub(crate) fn transmit(&self, state: &mut State) {
        let start = state.output.len();
        while state.core.wants_transmit() && state.output.len() - start < TURN {
            let before = state.output.inline_len();
            let core = &mut state.core;
            state.output.write(|writer| core.transmit_one(writer));
            self.charge_rest(state, before);
        }
    }

    /// Charges the room with what the output has beyond `paid` bytes: what the connection has said by itself. A peer
    /// that provokes answers and reads none thus runs into the limits.
    #[inline]
    fn charge_rest(&self, state: &mut State, paid: usize) {
        let rest = state.output.inline_len().saturating_sub(paid);
        if rest > 0 {
            let taken = self.room.take(rest);
            state.output.charge(taken);
        }
    }

    /// Closes the connection on the user's behalf.
    pub(crate) fn close(&self, code: ErrorCode, message: &str) {
        let mut state = self.lock();
        if state.core.is_closed() {
            return;
        }
        state.core.close(code, message);
        self.after_close(state);
    }

    /// The transport is gone. Nothing happens where the connection is over already.
    pub(crate) fn transport_closed(&self, message: &str) {
        let mut state = self.lock();
        if state.core.is_closed() {
            return;
        }
        state.core.transport_closed(message);
        state.output.clear();
        self.after_close(state);
    }

    /// The transport has failed at what was being done. Nothing happens where the connection is over already.
    pub(crate) fn transport_failed(&self, doing: &str, error: &io::Error) {
        let layer_error = error.get_ref().and_then(|inner| inner.downcast_ref());
        if let Some(layer_error) = layer_error {
            self.layer_error
                .get_or_init(|| LayerError::clone(layer_error));
        }
        self.transport_closed(&format!("{doing} failed: {error}"));
    }

    /// Fails what waits for a connection that is over, and tells the task. To be called whenever the core has closed.
    pub(crate) fn after_close(&self, mut state: MutexGuard<'_, State>) {
        // The room closes too, so nobody waits for what this gives back.
        state.release();
        let error = state.closed_error(true);
        let mut wakers = Vec::new();
        state.end_all(&error, &mut wakers);
        wakers.extend(state.output.drain_wakers());
        wakers.extend(state.task.waker.clone());
        drop(state);
        self.room.close();
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Closes the connection once nothing is under way.
    pub(crate) fn drain(&self) {
        let mut state = self.lock();
        state.draining = true;
        wake(state.task.waker.clone());
    }

    /// Notes that the transport has been given up.
    pub(crate) fn end(&self) {
        let reason = self.lock().close_reason();
        // A second time says the same.
        let _ = self.ended.set(reason);
    }

    pub(crate) async fn ended(&self) -> &Arc<CloseReason> {
        self.ended.wait().await
    }

    /// Counts a fire-and-forget that found no place.
    pub(crate) fn drop_fire_and_forget(&self) {
        let dropped = self
            .dropped_fire_and_forgets
            .fetch_add(1, Ordering::Relaxed)
            + 1;
        if dropped.is_power_of_two() {
            tracing::warn!(
                dropped,
                "fire-and-forgets are dropped: too many are being handled"
            );
        }
    }

    pub(crate) fn dropped_fire_and_forgets(&self) -> u64 {
        self.dropped_fire_and_forgets.load(Ordering::Relaxed)
    }
}

impl State {
    /// Lets go of payloads whose streams have ended before they were sent. Returns the room that they had.
    pub(crate) fn release(&mut self) -> Charge {
        let mut released = Charge::default();
        while let Some(token) = self.core.poll_released() {
            released += self.output.release(token);
        }
        released
    }

    /// Whether nothing is under way in either direction.
    pub(crate) fn is_idle(&self) -> bool {
        self.core.inbound_streams() == 0
            && self.core.outbound_streams() == 0
            && self.requests.len() == 0
            && self.output.is_empty()
            && !self.core.wants_transmit()
    }

    /// Why the connection is over.
    fn close_reason(&self) -> Arc<CloseReason> {
        let reason = self.core.close_reason().cloned();
        Arc::new(reason.unwrap_or(CloseReason {
            origin: Origin::Library,
            code: ErrorCode::CONNECTION_ERROR,
            message: "the connection is not set up".into(),
        }))
    }

    /// What the connection's end means for a request that had been `sent`, or had not.
    pub(crate) fn closed_error(&self, sent: bool) -> Error {
        Error::from_close(self.close_reason(), sent)
    }

    /// Why a request was not sent.
    pub(crate) fn send_error(&self, error: SendError) -> Error {
        match error {
            SendError::TooManyStreams => Error::TooManyStreams,
            SendError::PayloadTooLarge => Error::PayloadTooLarge,
            SendError::Draining => {
                let reason = CloseReason {
                    origin: Origin::Remote,
                    code: ErrorCode::CONNECTION_CLOSE,
                    message: "the peer is closing the connection".into(),
                };
                Error::from_close(Arc::new(reason), false)
            }
            // Callers have had their room since the connection was set up; requests need no credit and no stream, and
            // this side takes no part in leases and does not resume.
            SendError::Full
            | SendError::NotReady
            | SendError::NoLease
            | SendError::NoCredit
            | SendError::NoSuchStream
            | SendError::NotCopied
            | SendError::Suspended
            | SendError::Closed => self.closed_error(false),
        }
    }
}

impl Task {
    /// The task has nothing to do until it is woken.
    pub(crate) fn rest(&mut self, waker: &Waker) {
        self.stay(waker);
        self.idle = true;
    }

    /// The task will look again by itself, but can be woken for what cannot wait.
    pub(crate) fn stay(&mut self, waker: &Waker) {
        self.idle = false;
        match &mut self.waker {
            Some(known) => known.clone_from(waker),
            None => self.waker = Some(waker.clone()),
        }
    }

    /// There is something to do. Returns the task's waker if it needs to be told.
    #[inline]
    pub(crate) fn rouse(&mut self) -> Option<Waker> {
        if !std::mem::take(&mut self.idle) {
            return None;
        }
        self.waker.clone()
    }
}

/// Wakes outside the lock.
#[inline]
pub(crate) fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}
