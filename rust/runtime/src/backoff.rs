//! How long to wait before trying again.

use std::time::Duration;

/// How long to wait before trying again: longer with each attempt, and not as long as everybody else, so that the
/// clients of a server that was away do not all come back in the same moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Backoff {
    min: Duration,
    max: Duration,
    factor: f64,
    jitter: Jitter,
}

/// How much of a delay is left to chance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Jitter {
    /// Any time from none to the whole delay. It spreads clients best.
    #[default]
    Full,
    /// Half the delay, and any part of the other half.
    Equal,
    /// Exactly the delay.
    None,
}

impl Default for Backoff {
    fn default() -> Self {
        Self {
            min: Duration::from_millis(100),
            max: Duration::from_secs(30),
            factor: 2.0,
            jitter: Jitter::Full,
        }
    }
}

impl Backoff {
    /// The first delay, before jitter. Default 100 ms.
    #[must_use]
    pub fn min(mut self, delay: Duration) -> Self {
        self.min = delay;
        self
    }

    /// The longest delay, before jitter, of the first one too. Default 30 s.
    #[must_use]
    pub fn max(mut self, delay: Duration) -> Self {
        self.max = delay;
        self
    }

    /// What each delay is multiplied by for the next one; below 1, and not a number, count as 1. Default 2.
    #[must_use]
    pub fn factor(mut self, factor: f64) -> Self {
        self.factor = factor;
        self
    }

    /// How much of each delay is left to chance. Default [`Jitter::Full`].
    #[must_use]
    pub fn jitter(mut self, jitter: Jitter) -> Self {
        self.jitter = jitter;
        self
    }

    /// How long to wait before an attempt, of which the first is 0. `random` is from 0 to less than 1.
    fn delay(&self, attempt: u32, random: f64) -> Duration {
        // Infinite once the attempts are many, and at most the longest delay with that.
        let grown = self.min.as_secs_f64() * self.factor.max(1.0).powf(attempt.into());
        let whole = grown.min(self.max.as_secs_f64());
        let seconds = match self.jitter {
            Jitter::Full => whole * random,
            Jitter::Equal => whole * (0.5 + random / 2.0),
            Jitter::None => whole,
        };
        Duration::try_from_secs_f64(seconds).unwrap_or(self.max)
    }
}

/// The delays of one attempt after the other.
#[derive(Debug)]
pub(crate) struct Delays {
    backoff: Backoff,
    attempt: u32,
}

impl Delays {
    pub(crate) fn new(backoff: Backoff) -> Self {
        let attempt = 0;
        Self { backoff, attempt }
    }

    /// How long to wait before the next attempt.
    pub(crate) fn next(&mut self) -> Duration {
        let delay = self.backoff.delay(self.attempt, random());
        self.attempt = self.attempt.saturating_add(1);
        delay
    }
}

/// Any number from 0 to less than 1. Where the system has none, everybody waits equally long.
fn random() -> f64 {
    let bits = getrandom::u64().unwrap_or(u64::MAX / 2);
    (bits >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn delays_grow_up_to_the_longest() {
        let backoff = Backoff::default()
            .min(ms(100))
            .max(ms(450))
            .jitter(Jitter::None);
        let delays: Vec<_> = (0..5).map(|attempt| backoff.delay(attempt, 0.9)).collect();
        assert_eq!(delays, [100, 200, 400, 450, 450].map(ms));
        assert_eq!(backoff.delay(u32::MAX, 0.0), ms(450));
        assert_eq!(backoff.max(ms(50)).delay(0, 0.0), ms(50));
    }

    #[test]
    fn jitter_shortens_delays() {
        let backoff = Backoff::default().min(ms(100));
        let delays = |jitter| {
            let backoff = backoff.jitter(jitter);
            [0.0, 0.5].map(|random| backoff.delay(0, random))
        };
        assert_eq!(delays(Jitter::Full), [ms(0), ms(50)]);
        assert_eq!(delays(Jitter::Equal), [ms(50), ms(75)]);
        assert_eq!(delays(Jitter::None), [ms(100), ms(100)]);
    }

    #[test]
    fn delays_never_shrink_and_never_overflow() {
        for factor in [f64::NAN, f64::NEG_INFINITY, -1.0, 0.0, 0.5] {
            let backoff = Backoff::default().factor(factor).jitter(Jitter::None);
            assert_eq!(backoff.delay(7, 0.0), ms(100), "{factor}");
        }
        let backoff = Backoff::default().jitter(Jitter::None);
        let forever = backoff.max(Duration::MAX);
        assert_eq!(forever.delay(2_000, 0.0), Duration::MAX);
        let never = backoff.factor(f64::INFINITY).min(Duration::ZERO);
        assert!(never.delay(1, 0.0) <= ms(30_000));
    }

    #[test]
    fn chance_is_below_one() {
        for _ in 0..1_000 {
            assert!((0.0..1.0).contains(&random()));
        }
    }
}
