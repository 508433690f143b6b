//! What the tasks of a load share: whether to go on, and what came of it.

use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use serde::Serialize;

use super::latencies::{Latencies, Percentiles};

/// What a client says after its load.
#[derive(Default, Serialize)]
pub(crate) struct Figures {
    /// How many were answered; with fire-and-forget how many were sent, with streams and channels how many items came.
    pub(crate) requests: u64,
    pub(crate) errors: u64,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) first_error: String,
    /// From the first request to the last answer.
    pub(crate) seconds: f64,
    #[serde(rename = "latency_us", skip_serializing_if = "Option::is_none")]
    pub(crate) latency: Option<Percentiles>,
    /// The latency of the same requests without the bulk stream.
    #[serde(rename = "alone_us", skip_serializing_if = "Option::is_none")]
    pub(crate) alone: Option<Percentiles>,
    pub(crate) bulk_items: u64,
}

/// How many tasks can note a latency without being in each other's way.
const SHARDS: usize = 16;

pub(crate) struct Tally {
    /// Requests that may still be made; without it the time ends the load.
    left: Option<AtomicI64>,
    ends: Instant,
    started: Instant,
    latencies: Vec<Latencies>,
    /// Those without a latency: items, and what was sent and not answered.
    pub(crate) requests: AtomicU64,
    errors: AtomicU64,
    first_error: Mutex<String>,
}

impl Tally {
    /// Starts a load: of so many requests if there are any, for so long otherwise.
    pub(crate) fn new(requests: u64, duration: Duration) -> Self {
        let started = Instant::now();
        Self {
            left: (requests > 0).then(|| AtomicI64::new(requests as i64)),
            ends: started + duration,
            started,
            latencies: (0..SHARDS).map(|_| Latencies::new()).collect(),
            requests: AtomicU64::new(0),
            errors: AtomicU64::new(0),
            first_error: Mutex::default(),
        }
    }

    /// Whether one more request shall be made now.
    pub(crate) fn claim(&self, now: Instant) -> bool {
        match &self.left {
            Some(left) => left.fetch_sub(1, Relaxed) > 0,
            None => now < self.ends,
        }
    }

    pub(crate) fn answered(&self, task: usize, took: Duration) {
        self.latencies[task % SHARDS].record(took);
    }

    pub(crate) fn failed(&self, error: &anyhow::Error) {
        self.errors.fetch_add(1, Relaxed);
        if let Ok(mut first) = self.first_error.lock()
            && first.is_empty()
        {
            *first = format!("{error:#}");
        }
    }

    pub(crate) fn figures(&self) -> Figures {
        let seconds = self.started.elapsed().as_secs_f64();
        let all = Latencies::new();
        for shard in &self.latencies {
            all.add(shard);
        }
        Figures {
            requests: all.total() + self.requests.load(Relaxed),
            errors: self.errors.load(Relaxed),
            first_error: self
                .first_error
                .lock()
                .map_or_else(|_| String::new(), |first| first.clone()),
            seconds,
            latency: all.percentiles(),
            ..Figures::default()
        }
    }
}
