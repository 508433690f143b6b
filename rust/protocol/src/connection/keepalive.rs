//! Who has to be heard by when (specification, "KEEPALIVE Frame").
//!
//! The client sends KEEPALIVE at the interval of its SETUP. Both sides take any frame as a sign of life and give the
//! peer up when nothing arrived for the SETUP's max lifetime. Until the SETUP, a server gives up at its setup timeout.

use std::time::Duration;

use crate::config::SetupConfig;
use crate::frame::ErrorCode;
use crate::time::Time;

/// Longest interval or lifetime that SETUP can carry: 31 bits of milliseconds.
const MAX_PERIOD: Duration = Duration::from_millis(0x7FFF_FFFF);

#[derive(Debug)]
pub(super) struct Keepalive {
    /// When to send the next KEEPALIVE, and how often; only a client does.
    send: Option<(Time, Duration)>,
    watch: Watch,
}

/// What the peer is held to.
#[derive(Debug)]
enum Watch {
    /// SETUP has to arrive by then.
    Setup(Time),
    /// Something has to arrive within `lifetime` of `heard`.
    Lifetime {
        heard: Time,
        lifetime: Duration,
        /// The peer has been given extra time because this side was late; once per silence.
        extended: bool,
    },
}

/// What the peer failed to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Silence {
    Setup,
    Lifetime(Duration),
}

impl Silence {
    pub(super) fn code(self) -> ErrorCode {
        match self {
            Self::Setup => ErrorCode::INVALID_SETUP,
            Self::Lifetime(_) => ErrorCode::CONNECTION_ERROR,
        }
    }

    pub(super) fn message(self) -> String {
        match self {
            Self::Setup => "no SETUP within the setup timeout".to_owned(),
            Self::Lifetime(lifetime) => {
                format!("no keep-alive acks for {} ms", lifetime.as_millis())
            }
        }
    }
}

impl Keepalive {
    pub(super) fn client(setup: &SetupConfig, now: Time) -> Self {
        let interval = clamp_period(setup.keepalive_interval);
        Self {
            send: Some((now + interval, interval)),
            watch: lifetime(clamp_period(setup.max_lifetime), interval, now),
        }
    }

    pub(super) fn await_setup(deadline: Time) -> Self {
        Self {
            send: None,
            watch: Watch::Setup(deadline),
        }
    }

    /// A server has accepted a SETUP with these periods.
    pub(super) fn established(&mut self, interval_ms: u32, lifetime_ms: u32, now: Time) {
        let interval = Duration::from_millis(interval_ms.into());
        self.watch = lifetime(Duration::from_millis(lifetime_ms.into()), interval, now);
    }

    /// There is a new transport.
    pub(super) fn restart(&mut self, now: Time) {
        self.heard(now);
        if let Some((due, interval)) = &mut self.send {
            *due = now + *interval;
        }
    }

    /// A frame arrived.
    #[inline]
    pub(super) fn heard(&mut self, now: Time) {
        if let Watch::Lifetime {
            heard, extended, ..
        } = &mut self.watch
        {
            *heard = now;
            *extended = false;
        }
    }

    pub(super) fn deadline(&self) -> Option<Time> {
        let watch = match self.watch {
            Watch::Setup(deadline) => deadline,
            Watch::Lifetime {
                heard, lifetime, ..
            } => heard + lifetime,
        };
        Some(self.send.map_or(watch, |(due, _)| due.min(watch)))
    }

    /// What the peer failed to do by `now`, if anything.
    ///
    /// When this side comes a good deal later than the deadline (a suspended machine, a stopped process), the peer's
    /// frames may still be unread, so it is given a quarter of its lifetime more.
    pub(super) fn expired(&mut self, now: Time) -> Option<Silence> {
        match &mut self.watch {
            Watch::Setup(deadline) => (now >= *deadline).then_some(Silence::Setup),
            Watch::Lifetime {
                heard,
                lifetime,
                extended,
            } => {
                let deadline = *heard + *lifetime;
                if now < deadline {
                    return None;
                }
                let grace = *lifetime / 4;
                if !*extended && now >= deadline + grace {
                    *extended = true;
                    *heard = Time::from_nanos(
                        (now + grace)
                            .as_nanos()
                            .saturating_sub(lifetime.as_nanos() as u64),
                    );
                    return None;
                }
                Some(Silence::Lifetime(*lifetime))
            }
        }
    }

    /// Whether a KEEPALIVE is due; moves on to the next one.
    pub(super) fn take_due(&mut self, now: Time) -> bool {
        let Some((due, interval)) = &mut self.send else {
            return false;
        };
        if now < *due {
            return false;
        }
        *due = now + *interval;
        true
    }
}

/// Milliseconds of `period` as SETUP carries them: at least 1, at most 31 bits.
pub(super) fn period_ms(period: Duration) -> u32 {
    clamp_period(period).as_millis() as u32
}

fn clamp_period(period: Duration) -> Duration {
    period.clamp(Duration::from_millis(1), MAX_PERIOD)
}

/// A peer that is only heard once an interval cannot be held to a lifetime below it.
fn lifetime(lifetime: Duration, interval: Duration, now: Time) -> Watch {
    let lifetime = if lifetime > interval {
        lifetime
    } else {
        lifetime + interval
    };
    Watch::Lifetime {
        heard: now,
        lifetime,
        extended: false,
    }
}
