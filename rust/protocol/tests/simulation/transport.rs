//! What bytes travel over until it is closed or lost: a link each way.

use crate::journal::Side;
use crate::network::{Link, Nanos, Piece};
use crate::random::Random;

pub(crate) struct Transport {
    /// From the client, and from the server.
    links: [Link; 2],
    /// The stream of bytes from this side has ended.
    ended: [bool; 2],
    /// It is gone, whoever knows it. What is written to it arrives nowhere.
    lost: bool,
}

impl Transport {
    pub(crate) fn new(now: Nanos, random: &mut Random) -> Self {
        Self {
            links: [Link::new(now, random), Link::new(now, random)],
            ended: [false; 2],
            lost: false,
        }
    }

    /// Bytes that it takes now from a side, and whether it takes a frame whatever its length.
    pub(crate) fn room(&self, side: Side, now: Nanos) -> (usize, bool) {
        if self.has_ended(side) {
            return (usize::MAX, true);
        }
        let link = &self.links[side];
        (link.room(now), link.is_idle(now))
    }

    /// Takes bytes of a side; the pieces in which they arrive.
    pub(crate) fn carry(
        &mut self,
        side: Side,
        now: Nanos,
        bytes: Vec<u8>,
        random: &mut Random,
    ) -> Vec<Piece> {
        if self.has_ended(side) || bytes.is_empty() {
            return Vec::new();
        }
        self.links[side].carry(now, bytes, random)
    }

    pub(crate) fn delivered(&mut self, from: Side, len: usize) {
        self.links[from].delivered(len);
    }

    /// A side closes it, if it has not: when the other one hears of it.
    pub(crate) fn end(&mut self, side: Side, now: Nanos) -> Option<Nanos> {
        if self.has_ended(side) {
            return None;
        }
        self.ended[side] = true;
        Some(self.links[side].end_arrives(now))
    }

    fn has_ended(&self, side: Side) -> bool {
        self.lost || self.ended[side]
    }

    /// It goes away, if it has not.
    pub(crate) fn lose(&mut self) -> bool {
        !std::mem::replace(&mut self.lost, true)
    }

    pub(crate) fn is_lost(&self) -> bool {
        self.lost
    }

    /// Whether nothing is under way on it.
    pub(crate) fn is_silent(&self) -> bool {
        self.links.iter().all(Link::is_empty)
    }
}
