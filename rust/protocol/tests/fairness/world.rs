//! The clock, the two sides and what happens between them, in order of time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ops::Range;
use std::time::Duration;

use rsocket_protocol::Config;

use crate::SMALL;
use crate::bulk::Bulk;
use crate::endpoint::Endpoint;
use crate::figures::{Figures, Latencies};
use crate::link::{Link, MILLISECOND, NANOS_PER_BYTE, Nanos};
use crate::output::{Output, PREFIX_LEN};

/// When the bulk begins. Requests before it are idle.
const BULK_BEGINS: Nanos = 100 * MILLISECOND;

/// Requests so soon after the beginning of the bulk, or so soon before its end, do not count: it is not under way as a
/// whole, or not any more.
const MARGIN: Nanos = 5 * MILLISECOND;

/// How often the client sends KEEPALIVE.
const KEEPALIVE: Duration = Duration::from_millis(7);

/// Bytes that a side reads at once; a longer frame comes alone.
const PIECE: usize = 8 << 10;

/// Longest run; more would mean that something does not end.
const PATIENCE: Nanos = 60_000 * MILLISECOND;

const CLIENT: usize = 0;
const SERVER: usize = 1;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    pub(crate) fragment_len: usize,
    /// A small request goes out so often.
    pub(crate) pace: Nanos,
    /// Bytes of an answer to a small request.
    pub(crate) answer: usize,
}

impl Settings {
    pub(crate) fn small_requests(fragment_len: usize) -> Self {
        Self {
            fragment_len,
            pace: MILLISECOND,
            answer: SMALL,
        }
    }
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Happening {
    /// Frames arrive at a side.
    Arrive(usize, Vec<u8>),
    /// The link from a side is free.
    Free(usize),
    /// The client's connection has something to do.
    Tick,
    /// The client makes a small request.
    Ask,
    /// The client opens the streams of the bulk.
    OpenBulk,
}

pub(crate) struct World {
    now: Nanos,
    endpoints: [Endpoint; 2],
    agenda: BinaryHeap<Reverse<(Nanos, u64, Happening)>>,
    planned: u64,
    bulk: Bulk,
    settings: Settings,
}

impl World {
    pub(crate) fn new(bulk: Bulk, settings: Settings) -> Self {
        let endpoint = |mut config: Config| {
            config.fragment_len = settings.fragment_len;
            config.setup.keepalive_interval = KEEPALIVE;
            // A driver bounds these before it submits them: what is refused here holds up what was submitted after it.
            config.limits.max_queued_bytes = usize::MAX;
            Endpoint::new(&config, bulk, settings)
        };
        let mut world = Self {
            now: 0,
            endpoints: [endpoint(Config::client()), endpoint(Config::server())],
            agenda: BinaryHeap::new(),
            planned: 0,
            bulk,
            settings,
        };
        world.plan(10 * MILLISECOND, Happening::Ask);
        world.plan(BULK_BEGINS, Happening::OpenBulk);
        let deadline = world.endpoints[CLIENT].deadline();
        world.plan(deadline, Happening::Tick);
        world
    }

    fn plan(&mut self, at: Nanos, what: Happening) {
        self.planned += 1;
        self.agenda.push(Reverse((at, self.planned, what)));
    }

    /// Which side sends the bulk.
    fn sender(&self) -> usize {
        if self.bulk.upwards { CLIENT } else { SERVER }
    }

    fn bulk_arrived(&self) -> usize {
        self.endpoints[1 - self.sender()].bulk_arrived
    }

    pub(crate) fn run(&mut self) -> Figures {
        let mut given_before = 0;
        while self.bulk_arrived() < self.bulk.bytes() {
            self.write(CLIENT);
            self.write(SERVER);
            let Some(Reverse((at, _, what))) = self.agenda.pop() else {
                panic!("nothing happens any more");
            };
            assert!(at < PATIENCE, "it does not end");
            if at <= BULK_BEGINS {
                given_before = self.endpoints[self.sender()].link.given;
            }
            self.now = at;
            self.happen(what);
        }
        self.report(given_before)
    }

    fn happen(&mut self, what: Happening) {
        let client = &mut self.endpoints[CLIENT];
        match what {
            Happening::Arrive(side, bytes) => self.endpoints[side].receive(self.now, &bytes),
            Happening::Free(_) => {}
            Happening::OpenBulk => client.open_bulk(),
            Happening::Ask => {
                client.ask(self.now);
                self.plan(self.now + self.settings.pace, Happening::Ask);
            }
            Happening::Tick => {
                client.tick(self.now);
                let deadline = client.deadline();
                self.plan(deadline, Happening::Tick);
            }
        }
    }

    /// Lets a side write a turn, and plans the arrival of its frames.
    fn write(&mut self, side: usize) {
        let now = self.now;
        let endpoint = &mut self.endpoints[side];
        let Some(output) = endpoint.write(now) else {
            return;
        };
        let pieces: Vec<_> = pieces(output)
            .map(|piece| (Link::arrival(now, piece.end), output.bytes[piece].to_vec()))
            .collect();
        let len = output.bytes.len();
        let free_at = endpoint.link.take(now, len);
        self.plan(free_at, Happening::Free(side));
        for (at, bytes) in pieces {
            self.plan(at, Happening::Arrive(1 - side, bytes));
        }
    }

    fn report(&self, given_before: u64) -> Figures {
        let bulk_time = BULK_BEGINS + MARGIN..self.now - MARGIN;
        let beside = |at: Nanos, took: Nanos| at >= bulk_time.start && at + took <= bulk_time.end;
        let answered = &self.endpoints[CLIENT].answered;
        let latencies = |wanted: &dyn Fn(Nanos, Nanos) -> bool| {
            let those = answered.iter().filter(|(at, took)| wanted(*at, *took));
            Latencies::new(those.map(|(_, took)| *took).collect())
        };
        let sender = &self.endpoints[self.sender()];
        let keepalives: Vec<Nanos> = (sender.keepalive_waits.iter())
            .filter(|(due, waited)| beside(*due, *waited))
            .map(|(_, waited)| *waited)
            .collect();
        let bulk_nanos = self.now - BULK_BEGINS;
        Figures {
            idle: latencies(&|at, took| at + took < BULK_BEGINS),
            beside: latencies(&beside),
            used_percent: 100 * (sender.link.given - given_before) * NANOS_PER_BYTE / bulk_nanos,
            bulk_bytes: self.bulk_arrived(),
            keepalives: keepalives.len(),
            keepalive_wait: keepalives.into_iter().max().unwrap_or(0),
        }
    }
}

/// What a side reads at once of a turn: whole frames, each with its prefix.
fn pieces(output: &Output) -> impl Iterator<Item = Range<usize>> {
    let mut frames = output.frames.iter().peekable();
    std::iter::from_fn(move || {
        let first = frames.next()?;
        let start = first.start - PREFIX_LEN;
        let mut end = first.end;
        while let Some(frame) = frames.next_if(|frame| frame.end - start <= PIECE) {
            end = frame.end;
        }
        Some(start..end)
    })
}
