//! The connection's clock and alarm, both on tokio's time.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use rsocket_protocol::Time;
use tokio::time::{Instant, Sleep, sleep_until};

/// Time since the connection began.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    origin: Instant,
}

impl Clock {
    pub(crate) fn start() -> Self {
        Self {
            origin: Instant::now(),
        }
    }

    pub(crate) fn now(&self) -> Time {
        let elapsed = self.origin.elapsed().as_nanos();
        Time::from_nanos(u64::try_from(elapsed).unwrap_or(u64::MAX))
    }

    fn instant(&self, time: Time) -> Instant {
        // A deadline that the clock cannot tell is as good as none.
        let never = Duration::from_secs(60 * 60 * 24 * 365);
        self.origin + Duration::from_nanos(time.as_nanos()).min(never)
    }
}

/// Wakes the task for the next deadline.
///
/// Deadlines move on with every frame that arrives, and setting a timer costs more than a frame. So the alarm stays set
/// for the earlier time and is set anew when it goes off.
pub(super) struct Alarm {
    sleep: Pin<Box<Sleep>>,
    set_for: Option<Time>,
}

impl Alarm {
    pub(super) fn new(clock: &Clock) -> Self {
        Self {
            sleep: Box::pin(sleep_until(clock.origin)),
            set_for: None,
        }
    }

    /// Ready when it is time to look whether `deadline` has passed.
    pub(super) fn poll(&mut self, clock: &Clock, deadline: Time, cx: &mut Context<'_>) -> Poll<()> {
        if self.set_for.is_none_or(|set_for| deadline < set_for) {
            self.sleep.as_mut().reset(clock.instant(deadline));
            self.set_for = Some(deadline);
        }
        let poll = self.sleep.as_mut().poll(cx);
        if poll.is_ready() {
            self.set_for = None;
        }
        poll
    }
}
