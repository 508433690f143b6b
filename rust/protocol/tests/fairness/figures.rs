//! What a run found.

use std::fmt;

use crate::link::Nanos;

/// Latencies, in order of length.
#[derive(Debug)]
pub(crate) struct Latencies(Vec<Nanos>);

impl Latencies {
    pub(crate) fn new(mut latencies: Vec<Nanos>) -> Self {
        latencies.sort_unstable();
        Self(latencies)
    }

    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    /// What so many in a hundred do not exceed.
    pub(crate) fn quantile(&self, percent: usize) -> Nanos {
        self.0[self.count() * percent / 100]
    }

    pub(crate) fn longest(&self) -> Nanos {
        self.0[self.count() - 1]
    }
}

impl fmt::Display for Latencies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = |nanos: Nanos| nanos as f64 / 1e6;
        let (p50, p99) = (ms(self.quantile(50)), ms(self.quantile(99)));
        let (longest, count) = (ms(self.longest()), self.count());
        write!(
            f,
            "p50 {p50:.2} p99 {p99:.2} most {longest:.2} ms ({count})"
        )
    }
}

#[derive(Debug)]
pub(crate) struct Figures {
    /// Small requests on a connection that does nothing else, and beside the bulk.
    pub(crate) idle: Latencies,
    pub(crate) beside: Latencies,
    /// How much of the link's time the bulk's side used while there was bulk.
    pub(crate) used_percent: u64,
    pub(crate) bulk_bytes: usize,
    /// KEEPALIVE frames beside the bulk, each of which went ahead of everything.
    pub(crate) keepalives: usize,
    /// The longest that one of them waited for the link.
    pub(crate) keepalive_wait: Nanos,
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let wait = self.keepalive_wait as f64 / 1e6;
        write!(
            f,
            "idle {}; beside {}; link {} %; {} KEEPALIVE waited {wait:.2} ms at most",
            self.idle, self.beside, self.used_percent, self.keepalives
        )
    }
}
