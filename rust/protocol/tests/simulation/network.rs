//! One direction of a byte stream: in order, but late, in pieces of any length, and held up at times.

use crate::random::Random;

/// Nanoseconds of virtual time.
pub(crate) type Nanos = u64;

pub(crate) const MILLISECOND: Nanos = 1_000_000;

/// Bytes that arrive at a time.
pub(crate) struct Piece {
    pub(crate) at: Nanos,
    pub(crate) bytes: Vec<u8>,
}

pub(crate) struct Link {
    /// Bytes that it takes before it has delivered any.
    capacity: usize,
    in_flight: usize,
    /// When the last piece arrives.
    last_arrival: Nanos,
    stalled_until: Nanos,
    max_delay: Nanos,
}

impl Link {
    pub(crate) fn new(now: Nanos, random: &mut Random) -> Self {
        let held_up = random.percent(5);
        Self {
            capacity: random.pick(&[100, 500, 4_000, 64 << 10]),
            in_flight: 0,
            last_arrival: 0,
            stalled_until: now + u64::from(held_up) * random.below(500) * MILLISECOND,
            max_delay: random.pick(&[1, MILLISECOND, 20 * MILLISECOND, 200 * MILLISECOND]),
        }
    }

    /// Bytes that it takes now.
    pub(crate) fn room(&self, now: Nanos) -> usize {
        if now < self.stalled_until {
            return 0;
        }
        self.capacity.saturating_sub(self.in_flight)
    }

    /// Whether it takes a frame whatever its length, as a writer would that waits in the middle of it.
    pub(crate) fn is_idle(&self, now: Nanos) -> bool {
        self.in_flight == 0 && now >= self.stalled_until
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.in_flight == 0
    }

    /// Takes bytes; the pieces in which they arrive.
    pub(crate) fn carry(&mut self, now: Nanos, bytes: Vec<u8>, random: &mut Random) -> Vec<Piece> {
        self.in_flight += bytes.len();
        if random.percent(3) {
            self.stalled_until = now + random.below(3_000) * MILLISECOND;
        }
        let mut pieces = Vec::new();
        let mut rest = bytes.as_slice();
        let one_by_one = bytes.len() < 200 && random.percent(10);
        while !rest.is_empty() {
            let len = match () {
                () if one_by_one => 1,
                () if random.percent(60) => rest.len(),
                () => 1 + random.below(rest.len() as u64) as usize,
            };
            let (piece, after) = rest.split_at(len);
            rest = after;
            let earliest = self.last_arrival.max(self.stalled_until).max(now);
            // Later pieces of what was written at once come soon after.
            let delay = if pieces.is_empty() {
                self.max_delay
            } else {
                1 + self.max_delay / 20
            };
            self.last_arrival = earliest + random.below(delay);
            pieces.push(Piece {
                at: self.last_arrival,
                bytes: piece.to_vec(),
            });
        }
        pieces
    }

    /// When the end of the stream arrives.
    pub(crate) fn end_arrives(&self, now: Nanos) -> Nanos {
        self.last_arrival.max(now) + 1
    }

    pub(crate) fn delivered(&mut self, len: usize) {
        self.in_flight -= len;
    }
}
