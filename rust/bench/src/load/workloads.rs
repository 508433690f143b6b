//! The workloads, over the interface that each library is put behind.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use bytes::Bytes;
use tokio::sync::{Mutex, Notify};
use tokio::task::JoinSet;

use super::data::{ItemCheck, pattern, same_answer, stream_request};
use super::settings::{BLOCKING, Settings};
use super::tally::{Figures, Tally};

/// A library behind the load interface.
pub(crate) trait Contender: 'static {
    type Connection: Connection;

    /// How requests are called.
    const FORM: &'static str = BLOCKING;

    /// The versions of what is measured, by name.
    fn versions() -> Vec<(&'static str, String)>;

    /// Listens on a free port of the loopback interface and returns its address as host:port. Serving goes on in the background, and
    /// counts the fire-and-forgets that the handler has got. Requests are answered with their own data, streams as `parse_stream` says,
    /// channels with their own items.
    fn serve(received: Arc<AtomicU64>) -> impl Future<Output = anyhow::Result<String>>;

    fn dial(settings: &Settings) -> impl Future<Output = anyhow::Result<Self::Connection>> + Send;
}

/// A connection of a contender; clones are the same connection.
pub(crate) trait Connection: Clone + Send + Sync + 'static {
    fn request_response(&self, data: Bytes) -> impl Future<Output = anyhow::Result<Bytes>> + Send;

    /// Hands the request to the library.
    fn fire_and_forget(&self, data: Bytes) -> impl Future<Output = anyhow::Result<()>> + Send;

    /// Takes a stream to its end. So many items are asked for ahead of those that `each` has had.
    fn request_stream(
        &self,
        request: Bytes,
        prefetch: u32,
        each: impl FnMut(&[u8]) + Send,
    ) -> impl Future<Output = anyhow::Result<()>> + Send;

    /// Sends items of this pattern, each with its index, and takes those that come back.
    fn request_channel(
        &self,
        items: u32,
        pattern: Vec<u8>,
        prefetch: u32,
        each: impl FnMut(&[u8]) + Send,
    ) -> impl Future<Output = anyhow::Result<()>> + Send;

    fn close(&self) {}
}

/// A client with its connections.
pub(crate) struct Session<C: Contender> {
    settings: Settings,
    /// What is sent, unless each request has data of its own.
    data: Bytes,
    connections: Vec<C::Connection>,
}

/// The bulk of a mixed load. Its prefetch keeps a MiB on its way.
const BULK_ITEM_SIZE: usize = 16 << 10;
const BULK_PREFETCH: u32 = 64;
const BULK_ITEMS: u32 = 1 << 12;

/// How many connections are made at a time where many are.
const DIALING: usize = 32;

impl<C: Contender> Session<C> {
    /// Makes the connections and warms them up.
    pub(crate) async fn open(settings: Settings) -> anyhow::Result<Self> {
        let mut session = Self {
            data: pattern(1, settings.size).into(),
            settings,
            connections: Vec::new(),
        };
        let settings = &session.settings;
        if matches!(settings.workload.as_str(), "dial" | "idle") {
            return Ok(session); // connecting is what is measured
        }
        for _ in 0..settings.connections {
            session
                .connections
                .push(dial_and_use::<C>(&session.settings).await?);
        }
        if !session.settings.warm_up.is_zero() {
            let figures = session
                .run(0, session.settings.warm_up)
                .await
                .context("warming up")?;
            let (errors, first) = (figures.errors, figures.first_error);
            anyhow::ensure!(
                errors == 0,
                "warming up: {errors} errors, the first: {first}"
            );
        }
        Ok(session)
    }

    pub(crate) async fn work(&mut self) -> anyhow::Result<Figures> {
        self.run(self.settings.requests, self.settings.duration)
            .await
    }

    /// Does the workload: so many requests if there are any, for so long otherwise.
    async fn run(&mut self, requests: u64, duration: Duration) -> anyhow::Result<Figures> {
        let tally = Arc::new(Tally::new(requests, duration));
        match self.settings.workload.as_str() {
            "request-response" => self.request_response(&tally).await?,
            "fire-and-forget" => self.fire_and_forget(&tally).await?,
            "request-stream" => self.streams(&tally).await?,
            "request-channel" => self.channels(&tally).await?,
            "mixed" => return self.mixed(requests, duration).await,
            "dial" => self.dials(&tally).await?,
            "idle" => return self.idle().await,
            unknown => bail!("unknown workload {unknown:?}"),
        }
        Ok(tally.figures())
    }

    /// A task for each request, sender or stream at a time.
    async fn in_each_task<F>(&self, task: impl Fn(usize, C::Connection) -> F) -> anyhow::Result<()>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let mut tasks = JoinSet::new();
        for index in 0..self.settings.in_flight * self.connections.len() {
            let connection = self.connections[index % self.connections.len()].clone();
            tasks.spawn(task(index, connection));
        }
        finish(tasks).await
    }

    async fn request_response(&self, tally: &Arc<Tally>) -> anyhow::Result<()> {
        let check = self.settings.check;
        self.in_each_task(|index, connection| {
            one_after_the_other(
                Arc::clone(tally),
                connection,
                index,
                // Of its own: a count of references that all tasks share would be what is measured.
                Bytes::copy_from_slice(&self.data),
                check,
            )
        })
        .await
    }

    /// Sends from so many tasks. At the end a request on each connection is answered, behind all that was sent before it, so that the
    /// time is the time that the server took to read them.
    async fn fire_and_forget(&self, tally: &Arc<Tally>) -> anyhow::Result<()> {
        let size = self.settings.size;
        self.in_each_task(|_, connection| {
            let tally = Arc::clone(tally);
            let data = self.data.clone();
            async move {
                let mut sent = 0;
                while tally.claim(Instant::now()) {
                    if let Err(error) = connection.fire_and_forget(data.clone()).await {
                        tally.failed(&error);
                        break;
                    }
                    sent += 1;
                }
                tally.requests.fetch_add(sent, Relaxed);
            }
        })
        .await?;
        for connection in &self.connections {
            if let Err(error) = use_once(connection, size).await {
                tally.failed(&error.context("the request behind the fire-and-forgets"));
            }
        }
        Ok(())
    }

    async fn streams(&self, tally: &Arc<Tally>) -> anyhow::Result<()> {
        let (items, size, prefetch) = self.items();
        self.in_each_task(|_, connection| {
            let tally = Arc::clone(tally);
            async move {
                let request = Bytes::from(stream_request(items, size as u32));
                while tally.claim(Instant::now()) {
                    let mut check = ItemCheck::new(size);
                    let came = connection
                        .request_stream(request.clone(), prefetch, |item| check.each(item))
                        .await;
                    tally.requests.fetch_add(check.count, Relaxed);
                    if let Err(error) = came.and_then(|()| check.end(items)) {
                        tally.failed(&error);
                        return;
                    }
                }
            }
        })
        .await
    }

    async fn channels(&self, tally: &Arc<Tally>) -> anyhow::Result<()> {
        let (items, size, prefetch) = self.items();
        self.in_each_task(|_, connection| {
            let tally = Arc::clone(tally);
            async move {
                while tally.claim(Instant::now()) {
                    let mut check = ItemCheck::new(size);
                    let came = connection
                        .request_channel(items, pattern(0, size), prefetch, |item| check.each(item))
                        .await;
                    tally.requests.fetch_add(check.count, Relaxed);
                    if let Err(error) = came.and_then(|()| check.end(items)) {
                        tally.failed(&error);
                        return;
                    }
                }
            }
        })
        .await
    }

    fn items(&self) -> (u32, usize, u32) {
        let settings = &self.settings;
        (settings.items, settings.size, settings.prefetch)
    }

    /// Makes the same requests twice: alone, then beside a bulk stream on the same connection.
    async fn mixed(&self, requests: u64, duration: Duration) -> anyhow::Result<Figures> {
        let alone = Arc::new(Tally::new(requests / 2, duration / 2));
        self.request_response(&alone).await?;
        let bulk = Arc::new(Bulk::default());
        let mut streams = JoinSet::new();
        for connection in &self.connections {
            streams.spawn(Arc::clone(&bulk).flow(connection.clone()));
            bulk.flowing.notified().await;
        }
        let beside = Arc::new(Tally::new(requests.div_ceil(2), duration / 2));
        self.request_response(&beside).await?;
        bulk.over.store(true, Relaxed);
        while let Some(stream) = streams.join_next().await {
            if let Err(error) = stream? {
                beside.failed(&error.context("the bulk stream"));
            }
        }
        let (mut figures, before) = (beside.figures(), alone.figures());
        figures.alone = before.latency;
        figures.bulk_items = bulk.items.load(Relaxed);
        figures.errors += before.errors;
        if figures.first_error.is_empty() {
            figures.first_error = before.first_error;
        }
        Ok(figures)
    }

    /// Connects, makes a request and closes, again and again.
    async fn dials(&self, tally: &Arc<Tally>) -> anyhow::Result<()> {
        let mut tasks = JoinSet::new();
        for index in 0..self.settings.in_flight {
            let (tally, settings) = (Arc::clone(tally), self.settings.clone());
            tasks.spawn(async move {
                loop {
                    let started = Instant::now();
                    if !tally.claim(started) {
                        return;
                    }
                    match dial_and_use::<C>(&settings).await {
                        Ok(connection) => {
                            tally.answered(index, started.elapsed());
                            connection.close();
                        }
                        Err(error) => return tally.failed(&error),
                    }
                }
            });
        }
        finish(tasks).await
    }

    /// Makes so many connections, uses each once and keeps them.
    async fn idle(&mut self) -> anyhow::Result<Figures> {
        let tally = Arc::new(Tally::new(self.settings.connections as u64, Duration::ZERO));
        let made = Arc::new(Mutex::new(Vec::new()));
        let mut tasks = JoinSet::new();
        for index in 0..DIALING.min(self.settings.connections) {
            let (tally, settings, made) =
                (Arc::clone(&tally), self.settings.clone(), Arc::clone(&made));
            tasks.spawn(async move {
                loop {
                    let started = Instant::now();
                    if !tally.claim(started) {
                        return;
                    }
                    match dial_and_use::<C>(&settings).await {
                        Ok(connection) => {
                            tally.answered(index, started.elapsed());
                            made.lock().await.push(connection);
                        }
                        Err(error) => return tally.failed(&error),
                    }
                }
            });
        }
        finish(tasks).await?;
        self.connections.append(&mut *made.lock().await);
        Ok(tally.figures())
    }
}

async fn finish(mut tasks: JoinSet<()>) -> anyhow::Result<()> {
    while let Some(task) = tasks.join_next().await {
        task?;
    }
    Ok(())
}

/// A task whose request fails makes no more: a load with errors is not worth its figures.
async fn one_after_the_other(
    tally: Arc<Tally>,
    connection: impl Connection,
    task: usize,
    mut data: Bytes,
    check: bool,
) {
    let mut seed = (task as u64) << 32;
    let mut started = Instant::now();
    while tally.claim(started) {
        if check {
            seed += 1;
            data = Bytes::from(pattern(seed, data.len()));
        }
        let answer = connection.request_response(data.clone()).await;
        let ended = Instant::now(); // and the start of the next
        match answer.and_then(|answer| same_answer(&data, &answer, check)) {
            Ok(()) => tally.answered(task, ended - started),
            Err(error) => return tally.failed(&error),
        }
        started = ended;
    }
}

/// A connection on which a request has been answered.
async fn dial_and_use<C: Contender>(settings: &Settings) -> anyhow::Result<C::Connection> {
    let connecting = || format!("connecting to {}", settings.connect);
    let connection = C::dial(settings).await.with_context(connecting)?;
    use_once(&connection, settings.size)
        .await
        .context("the first request")?;
    Ok(connection)
}

async fn use_once(connection: &impl Connection, size: usize) -> anyhow::Result<()> {
    let data = Bytes::from(pattern(1, size));
    let answer = connection.request_response(data.clone()).await?;
    same_answer(&data, &answer, true)
}

/// A stream on each connection that begins anew until it is stopped.
#[derive(Default)]
struct Bulk {
    items: AtomicU64,
    over: AtomicBool,
    /// Told when a connection's first item is there, or its stream has failed.
    flowing: Notify,
}

impl Bulk {
    async fn flow(self: Arc<Self>, connection: impl Connection) -> anyhow::Result<()> {
        let flowed = self.stream(connection).await;
        self.flowing.notify_one();
        flowed
    }

    async fn stream(&self, connection: impl Connection) -> anyhow::Result<()> {
        let request = Bytes::from(stream_request(BULK_ITEMS, BULK_ITEM_SIZE as u32));
        let mut first = true;
        while !self.over.load(Relaxed) {
            let mut check = ItemCheck::new(BULK_ITEM_SIZE);
            let each = |item: &[u8]| {
                check.each(item);
                self.items.fetch_add(1, Relaxed);
                if std::mem::take(&mut first) {
                    self.flowing.notify_one();
                }
            };
            connection
                .request_stream(request.clone(), BULK_PREFETCH, each)
                .await?;
            check.end(BULK_ITEMS)?;
        }
        Ok(())
    }
}
