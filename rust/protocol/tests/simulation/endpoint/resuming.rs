//! Resuming: what a driver does when it loses its transport, and when it gets another one.

use std::time::Duration;

use rsocket_protocol::frame::ErrorCode;
use rsocket_protocol::{CloseReason, Config, Origin, ResumeConfig, ResumeError, Time};

use super::Endpoint;
use crate::journal::Journal;
use crate::network::Nanos;
use crate::random::Random;
use crate::reception::Asked;

/// What every client of the simulation calls its session.
const TOKEN: &[u8] = b"the only session";

/// Bytes of a store that keeps all that a world sends.
const AMPLE: usize = 8 << 20;

/// How a world's connection is resumed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Resumption {
    /// Sides that agree to it. A server that does not turns away a client that does.
    pub(crate) agrees: [bool; 2],
    /// Sessions outlive whatever happens to their transports.
    pub(crate) is_ample: bool,
}

impl Resumption {
    pub(crate) fn random(random: &mut Random) -> Self {
        let agrees = match random.below(100) {
            0..36 => [true, true],
            36..40 => [false, true],
            40..42 => [true, false],
            _ => [false, false],
        };
        Self {
            agrees,
            is_ample: random.percent(50),
        }
    }

    /// Whether the connection can be resumed, provided that it is set up.
    pub(crate) fn is_agreed(&self) -> bool {
        self.agrees == [true; 2]
    }

    pub(crate) fn configure(&self, side: usize, config: &mut Config, random: &mut Random) {
        if !self.agrees[side] {
            return;
        }
        let (store_limit, session_timeout) = if self.is_ample {
            (AMPLE, 200_000)
        } else {
            let limit = random.pick(&[0, 100, 1_000, 5_000, 20_000, AMPLE]);
            (limit, random.pick(&[50, 500, 2_000, 10_000]))
        };
        config.resume = Some(ResumeConfig {
            token: TOKEN.to_vec(),
            store_limit,
            session_timeout: Duration::from_millis(session_timeout),
        });
        if self.is_agreed() {
            // Silence is noticed, be it that of a network that is only held up.
            let (interval, lifetime) = random.pick(&[(200, 1_000), (500, 4_000), (2_000, 7_000)]);
            config.setup.keepalive_interval = Duration::from_millis(interval);
            config.setup.max_lifetime = Duration::from_millis(lifetime);
        }
    }
}

impl Endpoint {
    /// The transport is gone.
    pub(crate) fn lose_transport(&mut self, now: Nanos, journal: &mut Journal) {
        let resumable = self.connection.is_resumable();
        let message = "gone";
        let suspended = self
            .connection
            .transport_lost(Time::from_nanos(now), message);
        assert_eq!(suspended, resumable);
        if suspended {
            self.detach();
        } else {
            assert!(!self.connection.wants_transmit());
            self.end(journal);
        }
    }

    /// The peer has been silent for too long, or does not answer a RESUME.
    pub(super) fn notice_silence(&mut self) {
        self.silences += 1;
        self.detach();
    }

    /// It has no transport any more: what it wrote to it and what it read of half a frame is gone with it.
    pub(super) fn detach(&mut self) {
        self.transport = None;
        self.received.clear();
        self.output.bytes.clear();
        self.leasing.lose_held();
    }

    /// A client has another transport.
    pub(crate) fn begin_resume(&mut self, now: Nanos, transport: usize) {
        let begun = self.connection.begin_resume(Time::from_nanos(now));
        assert_eq!(begun, Ok(()));
        self.transport = Some(transport);
    }

    /// A server's client wants to go on over another transport. Tells why that is not possible.
    pub(crate) fn resume(
        &mut self,
        now: Nanos,
        transport: usize,
        asked: &Asked,
    ) -> Result<(), String> {
        assert_eq!(asked.token, TOKEN);
        let resumable = self.connection.is_resumable();
        let resumed = self.connection.resume(
            Time::from_nanos(now),
            asked.last_received_server_position,
            asked.first_available_client_position,
        );
        match resumed {
            Ok(()) => {
                assert!(resumable && !self.connection.is_suspended());
                self.detach();
                self.transport = Some(transport);
                Ok(())
            }
            Err(error) => {
                assert_eq!(error == ResumeError::NotResumable, !resumable);
                // It may be an attempt that the client has given up: the connection stays as it is.
                assert_eq!(resumable, self.connection.is_resumable());
                Err(error.to_string())
            }
        }
    }

    /// A client's session could not be resumed.
    pub(crate) fn was_rejected(&self) -> bool {
        let rejected = |reason: &CloseReason| {
            reason.origin == Origin::Remote && reason.code == ErrorCode::REJECTED_RESUME
        };
        self.close_reason().is_some_and(rejected)
    }

    /// The session was not resumed in time.
    pub(crate) fn has_timed_out(&self) -> bool {
        let too_late = |reason: &CloseReason| {
            reason.origin == Origin::Transport && reason.message.contains("in time")
        };
        self.close_reason().is_some_and(too_late)
    }
}
