//! Small requests beside bulk, on tokio's paused clock over a slow link: what goes ahead of them is counted in bytes.
//! rust/protocol/tests/fairness shows the rule for the connection, without a driver.
//!
//! `FAIRNESS_FIGURES=1 cargo test --test fairness -- --nocapture` prints what was counted.

mod support;

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use rsocket_protocol::frame::FrameType;
use rsocket_runtime::{
    AcceptAll, ConnectOptions, Connection, Failure, Handler, ItemSender, Items, Payload,
    ServerOptions,
};
use support::items::{number, text};
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval, sleep};

const KIB: usize = 1 << 10;
const MIB: usize = 1 << 20;

/// What the link takes each millisecond, in each direction: 20 MB/s.
const PER_TICK: usize = 20 << 10;
const TICK: Duration = Duration::from_millis(1);

/// What may go ahead of something small: the batch that is being written and its own, each of bulk, of fragments and of
/// a fragment more, and what the link takes at once.
const MOST_AHEAD: u64 = (2 * (128 + 64 + 128) * KIB + PER_TICK) as u64;

const REQUESTS: usize = 50;

/// What is sent beside small requests.
#[derive(Clone, Copy)]
struct Bulk {
    item: usize,
    streams: usize,
    /// The client sends it on channels, else the server on request-streams.
    upwards: bool,
}

const fn down(streams: usize, item: usize) -> Bulk {
    Bulk {
        item,
        streams,
        upwards: false,
    }
}

const fn up(streams: usize, item: usize) -> Bulk {
    Bulk {
        item,
        streams,
        upwards: true,
    }
}

/// One end of the slow link.
struct Paced {
    io: DuplexStream,
    ticks: Interval,
    /// Bytes that may leave before the next tick.
    allowed: usize,
    link: Arc<Link>,
    scan: Scan,
}

/// What has left one end of it.
#[derive(Default)]
struct Link {
    bytes: AtomicU64,
    /// When the last KEEPALIVE left, and the longest time between two of them, in virtual microseconds.
    last_keepalive: AtomicU64,
    longest_gap: AtomicU64,
}

impl Link {
    fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }
}

impl Paced {
    fn new(io: DuplexStream) -> (Self, Arc<Link>) {
        let link = Arc::new(Link::default());
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let paced = Self {
            io,
            ticks,
            allowed: 0,
            link: Arc::clone(&link),
            scan: Scan::new(),
        };
        (paced, link)
    }
}

impl AsyncRead for Paced {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buf)
    }
}

impl AsyncWrite for Paced {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.allowed == 0 {
            ready!(self.ticks.poll_tick(cx));
            self.allowed = PER_TICK;
        }
        let some = &buf[..buf.len().min(self.allowed)];
        let written = ready!(Pin::new(&mut self.io).poll_write(cx, some))?;
        self.allowed -= written;
        self.link.bytes.fetch_add(written as u64, Ordering::Relaxed);
        let this = &mut *self;
        this.scan.feed(&some[..written], &this.link);
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

/// Finds KEEPALIVE in a stream of bytes that comes in pieces.
struct Scan {
    head: Vec<u8>,
    /// Bytes of the frame that are still to come.
    body: usize,
    start: Instant,
}

/// The length, the stream and the type of a frame.
const HEAD: usize = 3 + 4 + 1;

impl Scan {
    fn new() -> Self {
        Self {
            head: Vec::new(),
            body: 0,
            start: Instant::now(),
        }
    }

    fn feed(&mut self, bytes: &[u8], link: &Link) {
        for byte in bytes {
            if self.body > 0 {
                self.body -= 1;
                continue;
            }
            self.head.push(*byte);
            if self.head.len() == HEAD {
                let len = u32::from_be_bytes([0, self.head[0], self.head[1], self.head[2]]);
                self.body = len as usize + 3 - HEAD;
                if self.head[7] >> 2 == FrameType::Keepalive as u8 {
                    let now = self.start.elapsed().as_micros() as u64;
                    let last = link.last_keepalive.swap(now, Ordering::Relaxed);
                    link.longest_gap.fetch_max(now - last, Ordering::Relaxed);
                }
                self.head.clear();
            }
        }
    }
}

/// Echoes requests, sends items of the length that it is asked for without end, and swallows channels.
struct Server {
    /// The link that it writes to, and what had left when it last answered.
    link: Arc<Link>,
    answered: Arc<AtomicU64>,
    pushed: mpsc::UnboundedSender<()>,
}

impl Handler for Server {
    async fn request_response(&self, request: Payload) -> Result<Option<Payload>, Failure> {
        self.answered.store(self.link.bytes(), Ordering::Relaxed);
        Ok(Some(request))
    }

    async fn request_stream(&self, len: Payload, mut items: ItemSender) -> Result<(), Failure> {
        let item = Bytes::from(vec![0; number(&text(&len)) as usize]);
        loop {
            items.send(Payload::new(item.clone())).await?;
        }
    }

    async fn request_channel(&self, mut received: Items, _: ItemSender) -> Result<(), Failure> {
        while let Some(item) = received.next().await {
            item?;
        }
        Ok(())
    }

    async fn metadata_push(&self, _: Bytes) {
        let _ = self.pushed.send(()); // The test may be over.
    }
}

const KEEPALIVE: Duration = Duration::from_millis(10);

/// A client and a server with bulk under way between them.
struct World {
    client: Connection,
    _server: Connection,
    bulk: Bulk,
    /// What the client and the server have sent.
    links: [Arc<Link>; 2],
    answered: Arc<AtomicU64>,
    pushed: mpsc::UnboundedReceiver<()>,
    _streams: JoinSet<()>,
}

impl World {
    async fn with(bulk: Bulk) -> Self {
        let (near, far) = tokio::io::duplex(PER_TICK);
        let ((near, up), (far, down)) = (Paced::new(near), Paced::new(far));
        let (push, pushed) = mpsc::unbounded_channel();
        let answered = Arc::new(AtomicU64::new(0));
        let handler = Server {
            link: Arc::clone(&down),
            answered: Arc::clone(&answered),
            pushed: push,
        };
        let acceptor = AcceptAll::with(handler);
        let server = Connection::accept_over(far, acceptor, &ServerOptions::default());
        let options = ConnectOptions::default().keepalive(KEEPALIVE, Duration::from_secs(90));
        let client = Connection::over(near, options).expect("no setup payload");
        let mut streams = JoinSet::new();
        for _ in 0..bulk.streams {
            streams.spawn(bulk.stream(client.clone()));
        }
        sleep(100 * TICK).await; // It is under way.
        Self {
            client,
            _server: server,
            bulk,
            links: [up, down],
            answered,
            pushed,
            _streams: streams,
        }
    }

    /// The link that the bulk goes over.
    fn link(&self) -> &Link {
        &self.links[usize::from(!self.bulk.upwards)]
    }

    /// Makes a request; how much went ahead of it where the client sends the bulk, else of its answer.
    async fn ask(&self, len: usize) -> u64 {
        let asked = self.link().bytes();
        let request = Payload::new(vec![7; len]);
        let answer = self.client.request_response(request.clone()).await;
        assert_eq!(answer, Ok(Some(request)));
        let submitted = if self.bulk.upwards {
            asked
        } else {
            self.answered.load(Ordering::Relaxed)
        };
        self.link().bytes() - submitted
    }

    /// Pushes metadata; how much went ahead of it.
    async fn push(&mut self) -> u64 {
        let before = self.links[0].bytes();
        let pushed = self.client.metadata_push(Bytes::from_static(b"now")).await;
        assert_eq!(pushed, Ok(()));
        self.pushed.recv().await.expect("the server is there");
        self.links[0].bytes() - before
    }
}

impl Bulk {
    async fn stream(self, client: Connection) {
        if !self.upwards {
            let len = Payload::new(self.item.to_string());
            let prefetch = (16 * MIB / self.item).clamp(1, 256) as u32;
            let mut items = client.request_stream(len).prefetch(prefetch);
            while let Some(Ok(_)) = items.next().await {}
            return;
        }
        let item = Bytes::from(vec![0; self.item]);
        let channel = client.open_channel(Payload::new(item.clone())).await;
        let (mut sender, _received) = channel.expect("the connection is open").split();
        while sender.send(Payload::new(item.clone())).await.is_ok() {}
    }
}

/// Holds requests of two lengths to the bound: one that is copied into the output, and one that is not.
async fn check(name: &str, bulk: Bulk) {
    let mut world = World::with(bulk).await;
    let begun = (world.link().bytes(), Instant::now());
    let mut most = [0; 2];
    for (most, len) in most.iter_mut().zip([64, 4 * KIB]) {
        for _ in 0..REQUESTS {
            *most = world.ask(len).await.max(*most);
            sleep(TICK).await;
        }
    }
    let mut pushed = 0;
    for _ in 0..if bulk.upwards { REQUESTS } else { 0 } {
        pushed = world.push().await.max(pushed);
        sleep(TICK).await;
    }
    let gap = Duration::from_micros(world.link().longest_gap.load(Ordering::Relaxed));
    let ticks = begun.1.elapsed().as_millis() as u64;
    let used_percent = 100 * (world.link().bytes() - begun.0) / (ticks * PER_TICK as u64);
    if std::env::var_os("FAIRNESS_FIGURES").is_some() {
        println!(
            "{name:>24}: at most {most:?} bytes ahead of requests, {pushed} of METADATA_PUSH; \
             KEEPALIVE after {gap:?} at most; link {used_percent} % used"
        );
    }
    assert!(used_percent > 80, "the link is not full: {used_percent} %");
    assert!(most[0] <= MOST_AHEAD, "{} ahead of 64 B", most[0]);
    assert!(most[1] <= MOST_AHEAD, "{} ahead of 4 KiB", most[1]);
    assert!(pushed <= MOST_AHEAD, "{pushed} ahead of METADATA_PUSH");
    let late = gap.saturating_sub(KEEPALIVE);
    let ticks_ahead = MOST_AHEAD.div_ceil(PER_TICK as u64) as u32;
    assert!(late <= TICK * ticks_ahead, "KEEPALIVE is {late:?} late");
}

#[tokio::test(start_paused = true)]
async fn beside_items_of_64_bytes() {
    check("64 B", down(4, 64)).await;
}

#[tokio::test(start_paused = true)]
async fn beside_items_of_4_kib() {
    check("4 KiB", down(1, 4 * KIB)).await;
}

#[tokio::test(start_paused = true)]
async fn beside_items_of_100_kib() {
    check("100 KiB", down(1, 100 * KIB)).await;
}

#[tokio::test(start_paused = true)]
async fn beside_items_of_1_mib() {
    check("1 MiB", down(1, MIB)).await;
}

#[tokio::test(start_paused = true)]
async fn beside_payloads_of_64_mib() {
    check("64 MiB", down(1, 64 * MIB)).await;
}

#[tokio::test(start_paused = true)]
async fn beside_a_hundred_streams_of_4_kib() {
    check("100 streams of 4 KiB", down(100, 4 * KIB)).await;
}

#[tokio::test(start_paused = true)]
async fn beside_a_hundred_streams_of_100_kib() {
    check("100 streams of 100 KiB", down(100, 100 * KIB)).await;
}

#[tokio::test(start_paused = true)]
async fn beside_a_hundred_streams_of_1_mib() {
    check("100 streams of 1 MiB", down(100, MIB)).await;
}

#[tokio::test(start_paused = true)]
async fn beside_channels_of_4_kib() {
    check("10 channels of 4 KiB", up(10, 4 * KIB)).await;
}

#[tokio::test(start_paused = true)]
async fn beside_a_hundred_channels_of_100_kib() {
    check("100 channels of 100 KiB", up(100, 100 * KIB)).await;
}

#[tokio::test(start_paused = true)]
async fn beside_channels_of_1_mib() {
    check("10 channels of 1 MiB", up(10, MIB)).await;
}
