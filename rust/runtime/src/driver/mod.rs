//! The task that drives a connection: it alone reads and writes the transport.
//!
//! Each time that it is woken it reads what is there, hands requests to their handlers and answers to their callers, and
//! writes one batch of frames. It goes back to sleep only when nothing is left to do; until then callers need not wake
//! it.
//!
//! - `input`: bytes that are not frames yet
//! - `receive`: frames, and what they mean for callers and handlers
//! - `inbound`: the peer's requests at work
//! - `leasing`: the connection's part in leases
//! - `send`: batches of frames to the transport
//! - `link`: one transport after another, and `returning`: how a client gets the next
//! - `clock`: deadlines
//! - `close`: the end

mod clock;
mod close;
mod inbound;
mod input;
mod leasing;
mod link;
mod receive;
mod returning;
mod send;

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use rsocket_protocol::{Limits, Time};

use crate::acceptor::{Decide, Decision};
use crate::handler::{NotSupported, Serve};
use crate::lease::Strategy;
use crate::output::Batch;
use crate::reply::Answered;
use crate::shared::Shared;
use crate::transport::Transport;

pub(crate) use clock::Clock;
pub(crate) use link::{Agreeing, Resuming};
pub(crate) use returning::Returning;

use clock::Alarm;
use close::EndOnDrop;
use inbound::Inbound;
use input::Input;
use leasing::Leasing;
use link::Link;

/// Reads, each with its write, after which other tasks get their turn.
const ROUNDS: usize = 16;

/// Who answers the peer.
pub(crate) enum Responder {
    /// A handler that is known from the start: a client's.
    Fixed(Arc<dyn Serve>),
    /// A handler that depends on the SETUP: a server's.
    Decided(Arc<dyn Decide>),
}

pub(crate) struct Driver {
    link: Link,
    shared: Arc<Shared>,
    clock: Clock,
    alarm: Alarm,
    input: Input,
    inbound: Inbound,
    acceptor: Option<Arc<dyn Decide>>,
    /// A SETUP is being decided on; nothing is read until that is done.
    decision: Option<Decision>,
    leasing: Leasing,
    /// Requests whose answers have come, to be told outside the lock.
    answered: Vec<Answered>,
    /// How many have been told since the last look at the output.
    told: usize,
    /// Callers who have something to look at, woken outside the lock.
    wakers: Vec<Waker>,
    /// What is being written.
    writing: Batch,
    /// What has been written still has to be flushed.
    unflushed: bool,
    /// The next batch has been put off once for others to join it.
    yielded: bool,
    _end: EndOnDrop,
}

impl Driver {
    pub(crate) fn new(
        transport: Transport,
        shared: Arc<Shared>,
        limits: &Limits,
        responder: Responder,
        lease: Option<Strategy>,
        resuming: Resuming,
    ) -> Self {
        let clock = shared.clock;
        shared
            .lock()
            .links
            .agreement
            .clone_from(&transport.agreement);
        let (handler, acceptor): (Arc<dyn Serve>, _) = match responder {
            Responder::Fixed(handler) => (handler, None),
            Responder::Decided(acceptor) => (Arc::new(NotSupported), Some(acceptor)),
        };
        Self {
            link: Link::new(transport, resuming),
            clock,
            alarm: Alarm::new(&clock),
            input: Input::new(limits.max_frame_len),
            inbound: Inbound::new(handler, limits.max_inbound_streams),
            acceptor,
            decision: None,
            leasing: Leasing::new(lease),
            answered: Vec::new(),
            told: 0,
            wakers: Vec::new(),
            writing: Batch::default(),
            unflushed: false,
            yielded: false,
            _end: EndOnDrop(Arc::clone(&shared)),
            shared,
        }
    }

    /// Drives the connection to its end, and waits for the fire-and-forgets that are still being handled.
    pub(crate) async fn run(mut self) {
        self.leasing.begin(&self.shared);
        poll_fn(|cx| self.poll_open(cx)).await;
        let inbound = self.close().await;
        inbound.finished().await;
    }

    /// Ready when the connection is over.
    fn poll_open(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        for _ in 0..ROUNDS {
            let now = self.clock.now();
            // What was put off for others to join goes out before more is read.
            let received = self.yielded || self.poll_receive(now, cx).is_ready();
            let Some(turn) = self.turn(now, cx) else {
                return Poll::Ready(());
            };
            let rang = turn
                .deadline
                .is_some_and(|deadline| self.alarm.poll(&self.clock, deadline, cx).is_ready());
            if turn.next == Next::Yield {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            if turn.next == Next::Rest && !received && !rang {
                return Poll::Pending;
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

/// What is left after a turn at the output.
struct Turn {
    next: Next,
    /// When the connection wants to be looked at.
    deadline: Option<Time>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    /// Nothing can be written now.
    Rest,
    /// The batch has been taken and is to be written.
    Write,
    /// A batch has been written, and there may be another.
    Again,
    /// Others go first, so that their frames join the batch.
    Yield,
}
