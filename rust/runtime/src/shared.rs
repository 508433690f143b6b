//! What a connection's task and its callers share.
//!
//! One short lock guards the protocol's state, the waiting requests and the output. Callers write their frames into the
//! output themselves and wake the task, which alone touches the socket, only when it has nothing to do.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use rsocket_protocol::frame::ErrorCode;
use rsocket_protocol::{Body, CloseReason, Config, Connection as Core, Origin, SendError, Time};
use tokio::runtime::Handle;
use tokio::sync::{Notify, SetOnce};

use crate::driver::Clock;
use crate::exchange::Request;
use crate::lease_watch::Granted;
use crate::links::Links;
use crate::output::Output;
use crate::postponed::Postponed;
use crate::reply::{Answered, Reply};
use crate::resume_events::Teller;
use crate::room::{Charge, Closed, Paid, Place, Room};
use crate::share::{ALL, Share};
use crate::slab::Slab;
use crate::streams::Responders;
use crate::submitted::{Submission, Submitted};
use crate::turnstile::Turnstile;
use crate::{Error, Lease, Payload, ResumeOptions};

/// Bytes of fragments that join a batch; one fragment may exceed it.
const TURN: usize = 64 << 10;

pub(crate) struct Shared {
    /// Where the connection's tasks run, whoever makes its requests.
    pub(crate) runtime: Handle,
    pub(crate) clock: Clock,
    state: Mutex<State>,
    /// Requests that are yet to be sent.
    pub(crate) submitted: Submitted,
    /// A server's room is closed until the client is accepted, so that requests wait for that.
    pub(crate) room: Room,
    /// Where those wait who have room and whose frames a resumable connection does not take at the moment.
    pub(crate) turnstile: Turnstile,
    /// Tells what becomes of a resumable connection's transports.
    pub(crate) teller: Teller,
    /// The peer has granted a lease, or the connection is over.
    pub(crate) lease_changed: Notify,
    /// Set when the transport has been given up.
    ended: SetOnce<Arc<CloseReason>>,
    dropped_fire_and_forgets: AtomicU64,
}

pub(crate) struct State {
    pub(crate) core: Core,
    /// This side's requests, by the name that the core has for them.
    pub(crate) requests: Slab<Request>,
    /// Where submitted requests are put to be sent; empty otherwise.
    submissions: Vec<Submission>,
    /// The peer's requests that carry items, by the slot that the core has for them.
    pub(crate) responders: Responders,
    pub(crate) output: Output,
    /// Ends of streams that a resumable connection does not take at the moment.
    pub(crate) postponed: VecDeque<Postponed>,
    pub(crate) granted: Granted,
    /// The last lease that the peer of a resumable connection was granted.
    pub(crate) last_lease: Option<Lease>,
    pub(crate) links: Links,
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

/// Requests that could not be sent. To be told outside the lock.
#[derive(Default)]
#[must_use]
pub(crate) struct Unsent {
    answered: Vec<Answered>,
    /// The room that they had.
    released: Charge,
}

/// How to reach the connection's task.
#[derive(Default)]
pub(crate) struct Task {
    waker: Option<Waker>,
    /// The task has nothing to do: whoever gives it something has to wake it.
    idle: bool,
}

impl Shared {
    pub(crate) fn new(config: &Config, max_output: usize, clock: Clock) -> Arc<Self> {
        let room = Room::new(max_output, config);
        let mut config = config.clone();
        if config.resume.is_none() {
            // What the core would count again has its place in the room.
            config.limits.max_queued_bytes = usize::MAX;
        }
        Arc::new(Self {
            runtime: Handle::current(),
            clock,
            state: Mutex::new(State {
                core: Core::new(&config, clock.now()),
                requests: Slab::new(),
                submissions: Vec::new(),
                responders: Responders::default(),
                output: Output::new(),
                postponed: VecDeque::new(),
                granted: Granted::default(),
                last_lease: None,
                links: Links::default(),
                task: Task::default(),
                draining: false,
            }),
            submitted: Submitted::default(),
            room,
            turnstile: Turnstile::default(),
            teller: Teller::default(),
            lease_changed: Notify::new(),
            ended: SetOnce::new(),
            dropped_fire_and_forgets: AtomicU64::new(0),
        })
    }

    /// Prepares for keeping what is sent. To be called before anybody has a place, once it is known that both sides
    /// want it.
    pub(crate) fn keep_frames(&self, options: &ResumeOptions) {
        let store = options.new_store();
        self.room.copy_all();
        let mut state = self.lock();
        state.output.copy_all();
        if let Some(store) = store {
            // False says that the store is not empty, as it is told to be; the core goes on with its own.
            state.core.use_frame_store(store);
        }
    }

    /// No code of a user runs under the lock but a frame store's, so a poisoned one means a bug here or there; the state is
    /// as good as it was.
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

    /// Lets `send` send something, and again where a resumable connection does not take it at the moment. It returns whom
    /// to wake besides.
    #[inline]
    pub(crate) async fn patiently<T>(
        &self,
        mut send: impl FnMut(&mut State) -> Result<(T, Option<Waker>), SendError>,
    ) -> Result<T, SendError> {
        match self.attempt(&mut send) {
            Err(SendError::Full) => {
                let attempt = || self.attempt(&mut send);
                Box::pin(self.turnstile.pass(attempt)).await
            }
            outcome => outcome,
        }
    }

    /// Lets `send` send something, once.
    #[inline]
    pub(crate) fn attempt<T>(
        &self,
        send: impl FnOnce(&mut State) -> Result<(T, Option<Waker>), SendError>,
    ) -> Result<T, SendError> {
        let mut state = self.lock();
        let unsent = self.send_submitted(&mut state);
        let (outcome, task) = match send(&mut state) {
            Ok((value, task)) => (Ok(value), task),
            Err(error) => (Err(error), state.rouse_if_full(error)),
        };
        drop(state);
        wake(task);
        unsent.tell(self);
        outcome
    }

    /// Sends the requests that have been submitted.
    #[inline]
    pub(crate) fn send_submitted(&self, state: &mut State) -> Unsent {
        let mut unsent = Unsent::default();
        let mut submissions = std::mem::take(&mut state.submissions);
        self.submitted.take(&mut submissions);
        for submission in submissions.drain(..) {
            let Submission {
                payload,
                paid,
                reply,
            } = submission;
            if let Err(error) = self.send_request(state, &payload, paid, &reply) {
                let outcome = Err(state.send_error(error));
                unsent.answered.push(Answered { reply, outcome });
                unsent.released += paid.charge();
            }
        }
        state.submissions = submissions;
        unsent
    }

    fn send_request(
        &self,
        state: &mut State,
        payload: &Payload,
        paid: Paid,
        reply: &Arc<Reply>,
    ) -> Result<(), SendError> {
        if state.core.uses_leases() {
            state.core.advance(self.clock.now());
        }
        let before = state.output.inline_len();
        let request = state.requests.insert(Request::Response(Arc::clone(reply)));
        let core = &mut state.core;
        let sent = state
            .output
            .send(payload, paid.charge(), ALL, |body, sink| {
                core.request_response(request, body, sink)
            });
        let (stream, _) = sent.inspect_err(|_| {
            state.requests.remove(request);
        })?;
        reply.note_sent(request, stream);
        self.charge_rest(state, before + paid.copied());
        Ok(())
    }

    /// Lets `send` send a payload.
    #[inline]
    pub(crate) fn send<T>(
        &self,
        state: &mut State,
        payload: &Payload,
        place: &mut Place<'_>,
        send: impl FnOnce(&mut Core, &Body<'_>, &mut Share<'_>) -> Result<T, SendError>,
    ) -> Result<Sent<T>, SendError> {
        if state.core.uses_leases() {
            state.core.advance(self.clock.now());
        }
        let before = state.output.inline_len();
        // A store has a limit of its own.
        let stored = state.core.is_suspended();
        let charge = match stored {
            true => Charge::default(),
            false => place.charge(),
        };
        // Copied fragments would all be written at once.
        let share = match place.is_fragmented() {
            true => TURN,
            false => ALL,
        };
        let core = &mut state.core;
        let (value, token) = state
            .output
            .send(payload, charge, share, |body, sink| send(core, body, sink))?;
        if !stored {
            self.charge_rest(state, before + place.use_up());
        }
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
        send: impl FnOnce(&mut Core, &mut Share<'_>) -> Result<(), SendError>,
    ) -> Result<Option<Waker>, SendError> {
        let before = state.output.inline_len();
        let stored = state.core.is_suspended();
        let core = &mut state.core;
        state.output.write(ALL, |sink| send(core, sink))?;
        if !stored {
            state.output.charge(place.charge());
            self.charge_rest(state, before + place.use_up());
        }
        Ok(state.task.rouse())
    }

    /// Lets `send` write a frame without a payload that needs no place: there is one for each request that had a place.
    pub(crate) fn send_unplaced(
        &self,
        state: &mut State,
        send: impl FnOnce(&mut Core, &mut Share<'_>) -> Result<(), SendError>,
    ) -> Result<Option<Waker>, SendError> {
        let before = state.output.inline_len();
        let core = &mut state.core;
        state.output.write(ALL, |sink| send(core, sink))?;
        self.charge_rest(state, before);
        Ok(state.task.rouse())
    }

    /// Moves what the connection has to say by itself to the output, and fragments of payloads for one turn, so that
    /// others have theirs before the next. Without a transport, what the store has room for goes there.
    pub(crate) fn transmit(&self, state: &mut State) {
        let before = state.output.inline_len();
        if state.core.is_suspended() {
            let core = &mut state.core;
            state.output.write(ALL, |sink| core.transmit(sink));
        }
        state.say_postponed(ALL);
        self.charge_rest(state, before);
        let start = state.output.len();
        while state.core.wants_transmit() && state.output.len() - start < TURN {
            let before = state.output.inline_len();
            let core = &mut state.core;
            state.output.write(TURN, |sink| core.transmit_one(sink));
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

    /// The connection is over without its transport. Nothing happens where it is over already.
    pub(crate) fn transport_closed(&self, message: &str) {
        let mut state = self.lock();
        if state.core.is_closed() {
            return;
        }
        state.core.transport_closed(message);
        state.output.clear();
        self.after_close(state);
    }

    /// Fails what waits for a connection that is over, and tells the task. To be called whenever the core has closed.
    pub(crate) fn after_close(&self, mut state: MutexGuard<'_, State>) {
        self.submitted.close();
        let unsent = self.send_submitted(&mut state);
        // The room closes too, so nobody waits for what this gives back.
        state.release();
        let error = state.closed_error(true);
        let mut wakers = Vec::new();
        state.end_all(&error, &mut wakers);
        wakers.extend(state.output.drain_wakers());
        wakers.extend(state.task.rouse_always());
        state.postponed.clear();
        drop(state);
        self.room.close();
        self.turnstile.moved();
        self.lease_changed.notify_waiters();
        self.teller.end();
        unsent.tell(self);
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Closes the connection once nothing is under way.
    pub(crate) fn drain(&self) {
        let mut state = self.lock();
        state.draining = true;
        wake(state.task.rouse_always());
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

impl Unsent {
    /// Tells the callers, outside the lock.
    #[inline]
    pub(crate) fn tell(self, shared: &Shared) {
        if self.answered.is_empty() {
            return;
        }
        self.answered.into_iter().for_each(Answered::tell);
        shared.room.give_back(self.released);
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
            && self.postponed.is_empty()
            && !self.core.wants_transmit()
    }

    /// Whom to wake because something was not taken: room for it comes with the next batch, and on a connection without a
    /// transport with that.
    fn rouse_if_full(&mut self, error: SendError) -> Option<Waker> {
        if error != SendError::Full || self.core.is_suspended() {
            return None;
        }
        self.task.rouse()
    }

    /// Grants the last lease again: the peer's ended with its transport.
    pub(crate) fn grant_again(&mut self, now: Time) {
        if let Some(Lease {
            ttl,
            requests,
            metadata,
        }) = &self.last_lease
        {
            // An error says that the connection is over.
            let _ = self
                .core
                .grant_lease(*ttl, *requests, metadata.as_deref(), now);
        }
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
            SendError::NoLease => Error::NoLease,
            SendError::Suspended => Error::Suspended,
            // Callers have had their room since the connection was set up, and wait where it has none; requests need no
            // credit and no stream, and are copied where they have to be.
            SendError::Full
            | SendError::NotReady
            | SendError::NoCredit
            | SendError::NoSuchStream
            | SendError::NotCopied
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

    /// The task is at work and will look before it rests, so that what it does itself need not wake it.
    #[inline]
    pub(crate) fn work(&mut self) {
        self.idle = false;
    }

    /// There is something to do. Returns the task's waker if it needs to be told.
    #[inline]
    pub(crate) fn rouse(&mut self) -> Option<Waker> {
        if !std::mem::take(&mut self.idle) {
            return None;
        }
        self.waker.clone()
    }

    /// The same for what cannot wait until the task looks by itself.
    pub(crate) fn rouse_always(&mut self) -> Option<Waker> {
        self.idle = false;
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

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use super::Task;

    #[test]
    fn only_a_task_at_rest_is_woken() {
        let mut task = Task::default();
        task.rest(Waker::noop());
        task.work();
        assert!(task.rouse().is_none(), "it does this itself");
        task.rest(Waker::noop());
        assert!(task.rouse().is_some());
        assert!(task.rouse().is_none(), "it has been woken already");
        task.stay(Waker::noop());
        assert!(task.rouse().is_none());
    }
}
