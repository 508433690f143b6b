//! Latencies in buckets, as the contenders in Go count them.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use serde::Serialize;

/// Bits that are kept below the highest one: a bucket is narrower than 1/64 of what is in it.
const PRECISION: u32 = 6;
/// As many as 63 bits have.
const BUCKETS: usize = (64 - PRECISION as usize) << PRECISION;

/// Counts durations in buckets: below 128 ns one for each, above it 64 for each doubling.
pub(crate) struct Latencies {
    counts: Box<[AtomicU64]>,
}

/// In microseconds.
#[derive(Serialize)]
pub(crate) struct Percentiles {
    p50: f64,
    p99: f64,
    #[serde(rename = "p99.9")]
    p999: f64,
}

fn bucket_of(nanoseconds: u64) -> usize {
    let bits = u64::BITS - nanoseconds.leading_zeros();
    let shift = bits.saturating_sub(PRECISION + 1);
    ((shift as usize) << PRECISION) + (nanoseconds >> shift) as usize
}

/// What stands for the durations in a bucket.
fn bucket_middle(bucket: usize) -> u64 {
    let shift = (bucket >> PRECISION).saturating_sub(1);
    let start = ((bucket - (shift << PRECISION)) as u64) << shift;
    start + (1 << shift) / 2
}

impl Latencies {
    pub(crate) fn new() -> Self {
        Self {
            counts: (0..BUCKETS).map(|_| AtomicU64::new(0)).collect(),
        }
    }

    pub(crate) fn record(&self, latency: Duration) {
        let nanoseconds = latency.as_nanos().min(i64::MAX as u128) as u64;
        self.counts[bucket_of(nanoseconds)].fetch_add(1, Relaxed);
    }

    pub(crate) fn add(&self, other: &Self) {
        for (count, more) in self.counts.iter().zip(&other.counts) {
            count.fetch_add(more.load(Relaxed), Relaxed);
        }
    }

    pub(crate) fn total(&self) -> u64 {
        self.counts.iter().map(|count| count.load(Relaxed)).sum()
    }

    /// The latency in microseconds that so many percent of the requests did not exceed (nearest rank).
    fn percentile(&self, percent: f64) -> f64 {
        let rank = (percent / 100.0 * self.total() as f64 - 1e-9).ceil() as u64;
        let rank = rank.max(1);
        let mut seen = 0;
        let found = self.counts.iter().position(|count| {
            seen += count.load(Relaxed);
            seen >= rank
        });
        found.map_or(0.0, |bucket| bucket_middle(bucket) as f64 / 1000.0)
    }

    /// None when there were no requests.
    pub(crate) fn percentiles(&self) -> Option<Percentiles> {
        (self.total() > 0).then(|| Percentiles {
            p50: self.percentile(50.0),
            p99: self.percentile(99.0),
            p999: self.percentile(99.9),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_hold_what_they_stand_for() {
        for nanoseconds in [
            0,
            1,
            63,
            64,
            127,
            128,
            129,
            1000,
            12_345,
            1_000_000,
            u64::MAX >> 1,
        ] {
            let bucket = bucket_of(nanoseconds);
            assert!(bucket < BUCKETS, "{nanoseconds}");
            assert!(
                bucket_middle(bucket).abs_diff(nanoseconds) <= nanoseconds / 64,
                "{nanoseconds}"
            );
        }
    }

    #[test]
    fn percentiles_are_nearest_ranks() {
        let latencies = Latencies::new();
        for i in 0..1000_u64 {
            latencies.record(Duration::from_millis(1 + (i * 7) % 1000));
        }
        for (percent, want) in [(0.1, 1.0), (50.0, 500.0), (99.0, 990.0), (99.9, 999.0)] {
            let got = latencies.percentile(percent) / 1000.0;
            assert!((got - want).abs() <= want / 64.0, "p{percent} is {got} ms");
        }
    }

    #[test]
    fn there_is_no_percentile_of_nothing() {
        assert!(Latencies::new().percentiles().is_none());
    }
}
