//! The peer's requests: handed to the handler, and taken back.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};
use std::time::{Duration, Instant};

use bytes::Bytes;
use rsocket_protocol::StreamName;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::AbortHandle;
use tokio::time::timeout;

use crate::answer::Answer;
use crate::exchange::Exchange;
use crate::handler::{Serve, Work};
use crate::outlet::Outlet;
use crate::receiver::Receiver;
use crate::shared::Shared;
use crate::{Connection, Failure, Handler, ItemSender, Items, Payload};

/// How long reading stops for a fire-and-forget that finds no place.
const STALL: Duration = Duration::from_millis(100);

/// How long handlers may hold up the connection's task in a row.
const INLINE_BUDGET: Duration = Duration::from_micros(200);

/// What the peer wants done, in the order that it said so.
pub(super) enum Action {
    Answer {
        stream: u32,
        slot: u64,
        request: Payload,
    },
    Stream {
        stream: u32,
        slot: u64,
        request: Payload,
        exchange: Arc<Exchange>,
    },
    Channel {
        stream: u32,
        slot: u64,
        exchange: Arc<Exchange>,
    },
    OneWay(OneWay),
    Cancel {
        slot: u64,
    },
}

/// What has no answer.
pub(super) enum OneWay {
    FireAndForget(Payload),
    MetadataPush(Bytes),
}

pub(super) struct Inbound {
    handler: Arc<dyn Serve>,
    queue: VecDeque<Action>,
    /// Handlers' tasks by the index of their slot. One that has ended stays until its place is needed.
    running: Vec<Option<Running>>,
    /// Tasks whose channels the peer has failed, so that their slots are others' now; the oldest first.
    lingering: VecDeque<AbortHandle>,
    /// Places for what has no answer.
    places: Arc<Semaphore>,
    max_places: u32,
    /// Waiting for a place.
    stall: Option<Stall>,
    /// A stall has ended in vain, so there is no other until a place is found.
    overwhelmed: bool,
}

struct Running {
    slot: u64,
    task: AbortHandle,
}

/// Ends with a place, or without when that takes too long.
type Stall = Pin<Box<dyn Future<Output = Option<OwnedSemaphorePermit>> + Send>>;

impl Inbound {
    pub(super) fn new(handler: Arc<dyn Serve>, max_streams: usize) -> Self {
        let max_places = u32::try_from(max_streams.min(Semaphore::MAX_PERMITS)).unwrap_or(u32::MAX);
        Self {
            handler,
            queue: VecDeque::new(),
            running: Vec::new(),
            lingering: VecDeque::new(),
            places: Arc::new(Semaphore::new(max_places as usize)),
            max_places,
            stall: None,
            overwhelmed: false,
        }
    }

    pub(super) fn set_handler(&mut self, handler: Arc<dyn Serve>) {
        self.handler = handler;
    }

    /// Answers all further requests with REJECTED.
    pub(super) fn refuse(&mut self) {
        self.handler = Arc::new(Refuse);
    }

    pub(super) fn push(&mut self, action: Action) {
        self.queue.push_back(action);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Does what the peer wants; pending while something that has no answer waits for a place.
    pub(super) fn poll_serve(&mut self, shared: &Arc<Shared>, cx: &mut Context<'_>) -> Poll<()> {
        if self.queue.is_empty() {
            return Poll::Ready(());
        }
        let mut inline = Inline::start();
        loop {
            if let Some(Action::OneWay(_)) = self.queue.front() {
                let place = ready!(self.poll_place(cx));
                if let Some(Action::OneWay(request)) = self.queue.pop_front() {
                    self.one_way(request, place, shared, &mut inline);
                }
                continue;
            }
            match self.queue.pop_front() {
                Some(Action::Answer {
                    stream,
                    slot,
                    request,
                }) => self.answer(stream, slot, request, shared, &mut inline),
                Some(Action::Stream {
                    stream,
                    slot,
                    request,
                    exchange,
                }) => {
                    let outlet = outlet(shared, stream, slot, exchange);
                    let work = Arc::clone(&self.handler).request_stream(request, outlet);
                    self.spawn(slot, work);
                }
                Some(Action::Channel {
                    stream,
                    slot,
                    exchange,
                }) => {
                    let outlet = outlet(shared, stream, slot, exchange);
                    let work =
                        Arc::clone(&self.handler).request_channel(items(&outlet, slot), outlet);
                    self.spawn(slot, work);
                }
                Some(Action::Cancel { slot }) => self.cancel(slot),
                Some(Action::OneWay(_)) | None => return Poll::Ready(()),
            }
        }
    }

    fn answer(
        &mut self,
        stream: u32,
        slot: u64,
        request: Payload,
        shared: &Arc<Shared>,
        inline: &mut Inline,
    ) {
        let answer = Answer::new(Arc::clone(shared), stream);
        let work = Arc::clone(&self.handler).request_response(request, answer);
        if let Some(work) = inline.run(work) {
            self.spawn(slot, work);
        }
    }

    fn spawn(&mut self, slot: u64, work: Work) {
        let task = tokio::spawn(work).abort_handle();
        self.keep(Running { slot, task });
    }

    fn keep(&mut self, running: Running) {
        let index = running.slot as u32 as usize;
        if self.running.len() <= index {
            self.running.resize_with(index + 1, || None);
        }
        if let Some(before) = self.running[index].replace(running)
            && !before.task.is_finished()
        {
            self.linger(before.task);
        }
    }

    /// Keeps no more tasks beside those of open streams than there may be of those.
    fn linger(&mut self, task: AbortHandle) {
        self.lingering.retain(|task| !task.is_finished());
        self.lingering.push_back(task);
        if self.lingering.len() > self.max_places as usize
            && let Some(oldest) = self.lingering.pop_front()
        {
            oldest.abort();
        }
    }

    fn cancel(&mut self, slot: u64) {
        let Some(place) = self.running.get_mut(slot as u32 as usize) else {
            return;
        };
        if let Some(running) = place.take_if(|running| running.slot == slot) {
            running.task.abort();
        }
    }

    fn one_way(
        &mut self,
        request: OneWay,
        place: Option<OwnedSemaphorePermit>,
        shared: &Shared,
        inline: &mut Inline,
    ) {
        let Some(place) = place else {
            shared.drop_fire_and_forget();
            return;
        };
        let handler = Arc::clone(&self.handler);
        let work = match request {
            OneWay::FireAndForget(request) => handler.fire_and_forget(request),
            OneWay::MetadataPush(metadata) => handler.metadata_push(metadata),
        };
        if let Some(work) = inline.run(work) {
            tokio::spawn(async move {
                work.await;
                drop(place);
            });
        }
    }

    fn poll_place(&mut self, cx: &mut Context<'_>) -> Poll<Option<OwnedSemaphorePermit>> {
        if self.stall.is_none() {
            if let Ok(place) = Arc::clone(&self.places).try_acquire_owned() {
                self.overwhelmed = false;
                return Poll::Ready(Some(place));
            }
            if self.overwhelmed {
                return Poll::Ready(None);
            }
        }
        let places = &self.places;
        let stall = self.stall.get_or_insert_with(|| {
            let place = Arc::clone(places).acquire_owned();
            Box::pin(async move { timeout(STALL, place).await.ok()?.ok() })
        });
        let place = ready!(stall.as_mut().poll(cx));
        self.stall = None;
        self.overwhelmed = place.is_none();
        Poll::Ready(place)
    }

    /// Drops the handlers whose answers nobody waits for any more. The fire-and-forgets that have arrived are still
    /// handled: a client may close right after them.
    pub(super) fn abandon(&mut self, shared: &Shared) {
        self.stall = None;
        let mut inline = Inline::start();
        for action in std::mem::take(&mut self.queue) {
            if let Action::OneWay(request) = action {
                let place = Arc::clone(&self.places).try_acquire_owned().ok();
                self.one_way(request, place, shared, &mut inline);
            }
        }
        for running in self.running.drain(..).flatten() {
            running.task.abort();
        }
        for task in self.lingering.drain(..) {
            task.abort();
        }
    }

    /// Waits until what has no answer has been handled.
    pub(super) async fn finished(self) {
        // Nobody closes the semaphore, and an error would mean the same.
        let _ = self.places.acquire_many(self.max_places).await;
    }
}

/// The way out of a stream of the peer. Handlers do not keep the connection open.
fn outlet(shared: &Arc<Shared>, stream: u32, slot: u64, exchange: Arc<Exchange>) -> Outlet {
    Outlet {
        connection: Connection::borrowed(Arc::clone(shared)),
        exchange,
        stream,
        name: StreamName::Slot(slot),
    }
}

/// What comes in on the same channel.
fn items(outlet: &Outlet, slot: u64) -> Items {
    Items::new(Receiver::of_channel(
        outlet.connection.clone(),
        Arc::clone(&outlet.exchange),
        outlet.stream,
        slot,
    ))
}

/// Runs handlers on the connection's task as far as they get in one poll, within the budget.
struct Inline {
    start: Instant,
    spent: bool,
}

impl Inline {
    fn start() -> Self {
        Self {
            start: Instant::now(),
            spent: false,
        }
    }

    /// The work, if there is some left. It is polled with a waker that does nothing, because whoever takes it polls it
    /// again at once.
    fn run(&mut self, mut work: Work) -> Option<Work> {
        if self.spent {
            return Some(work);
        }
        let poll = work.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        self.spent = self.start.elapsed() > INLINE_BUDGET;
        poll.is_pending().then_some(work)
    }
}

/// Answers while the connection drains.
struct Refuse;

impl Handler for Refuse {
    async fn request_response(&self, _: Payload) -> Result<Option<Payload>, Failure> {
        Err(Failure::rejected(CLOSING))
    }

    async fn request_stream(&self, _: Payload, _: ItemSender) -> Result<(), Failure> {
        Err(Failure::rejected(CLOSING))
    }

    async fn request_channel(&self, _: Items, _: ItemSender) -> Result<(), Failure> {
        Err(Failure::rejected(CLOSING))
    }
}

const CLOSING: &str = "the connection is closing";
