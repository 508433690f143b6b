//! The clock, the two endpoints and what happens between them, in order of time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use rsocket_protocol::Config;

use crate::Coverage;
use crate::endpoint::Endpoint;
use crate::journal::{Journal, Side};
use crate::network::{Link, MILLISECOND, Nanos};
use crate::random::Random;

/// More would mean that something goes on for ever.
const MAX_HAPPENINGS: u64 = 300_000;

pub(crate) struct World {
    now: Nanos,
    endpoints: [Endpoint; 2],
    /// From the client, and from the server.
    links: [Link; 2],
    /// The stream of bytes from this side has ended.
    ended: [bool; 2],
    agenda: BinaryHeap<Reverse<(Nanos, u64, Happening)>>,
    happened: u64,
    planned: u64,
    random: Random,
    journal: Journal,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Happening {
    /// The application of a side does something.
    Act(Side),
    /// Bytes arrive at a side.
    Arrive(Side, Vec<u8>),
    /// The stream of bytes to a side ends.
    End(Side),
    /// The network goes away, with all that is in it; a side is told.
    Lose(Side),
    /// The application of a side ends the connection.
    Close(Side),
}

impl World {
    pub(crate) fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let lease = takes_part_in_leases(&mut random);
        let mut endpoint = |side, config| {
            let config = Config {
                lease: lease[side],
                ..config
            };
            Endpoint::new(side, config, Random::new(random.next()))
        };
        let endpoints = [endpoint(0, Config::client()), endpoint(1, Config::server())];
        let links = [Link::new(&mut random), Link::new(&mut random)];
        let mut world = Self {
            now: 0,
            endpoints,
            links,
            ended: [false; 2],
            agenda: BinaryHeap::new(),
            happened: 0,
            planned: 0,
            random,
            journal: Journal::new(seed),
        };
        world.plan(0, Happening::Act(0));
        world.plan(0, Happening::Act(1));
        world.plan_the_end();
        world
    }

    /// Most connections live as long as they are needed.
    fn plan_the_end(&mut self) {
        let at = self.random.below(3_000) * MILLISECOND;
        match self.random.below(100) {
            0..15 => {
                let later = at + self.random.below(500) * MILLISECOND;
                self.plan(at, Happening::Lose(0));
                self.plan(later, Happening::Lose(1));
            }
            15..20 => self.plan(at, Happening::Close(0)),
            20..25 => self.plan(at, Happening::Close(1)),
            _ => {}
        }
    }

    fn plan(&mut self, at: Nanos, what: Happening) {
        self.planned += 1;
        self.agenda.push(Reverse((at, self.planned, what)));
    }

    pub(crate) fn run(&mut self) {
        while !self.is_at_rest() {
            let Some(Reverse((at, _, what))) = self.agenda.pop() else {
                panic!("nothing happens any more");
            };
            self.happened += 1;
            assert!(self.happened < MAX_HAPPENINGS, "it does not come to rest");
            self.now = at;
            self.happen(what);
            for side in 0..2 {
                self.flush(side);
                self.endpoints[side].check();
            }
        }
        self.journal.check();
        for endpoint in &self.endpoints {
            endpoint.check_rest();
        }
    }

    fn is_at_rest(&self) -> bool {
        let closed = self.endpoints.iter().all(|endpoint| endpoint.closed);
        let silent = self.links.iter().all(Link::is_empty);
        let at_rest = self.endpoints.iter().all(Endpoint::is_at_rest);
        // One that is closed closes the other.
        let alone = self.endpoints.iter().any(|endpoint| endpoint.closed);
        closed || !alone && silent && at_rest
    }

    fn happen(&mut self, what: Happening) {
        let journal = &mut self.journal;
        match what {
            Happening::Act(side) => {
                let (room, idle) = self.room(side);
                let endpoint = &mut self.endpoints[side];
                endpoint.set_room(room, idle);
                endpoint.act(self.now, &mut self.journal);
                let next = self.now + self.random.below(60) * MILLISECOND;
                self.plan(next + 1, Happening::Act(side));
            }
            Happening::Arrive(side, bytes) => {
                self.links[1 - side].delivered(bytes.len());
                self.endpoints[side].receive(self.now, &bytes, journal);
            }
            Happening::End(side) => self.endpoints[side].receive_end(journal),
            Happening::Lose(side) => {
                // What is under way arrives nowhere.
                self.ended = [true; 2];
                let arrives =
                    |what: &Happening| matches!(what, Happening::Arrive(..) | Happening::End(..));
                self.agenda.retain(|Reverse((_, _, what))| !arrives(what));
                self.endpoints[side].receive_end(journal);
            }
            Happening::Close(side) => self.endpoints[side].close(journal),
        }
    }

    fn room(&self, side: Side) -> (usize, bool) {
        // A network that is gone takes anything.
        if self.ended[side] {
            return (usize::MAX, true);
        }
        let link = &self.links[side];
        (link.room(self.now), link.is_idle(self.now))
    }

    /// Moves what an endpoint has written to the network, and closes it after the last of a closed one.
    fn flush(&mut self, side: Side) {
        let (room, idle) = self.room(side);
        let endpoint = &mut self.endpoints[side];
        let at_once = std::mem::take(&mut endpoint.output.bytes);
        let room = room.saturating_sub(at_once.len());
        let more = endpoint.transmit(room, idle && at_once.is_empty());
        if self.ended[side] {
            return;
        }
        let bytes = [at_once, more].concat();
        if !bytes.is_empty() {
            let pieces = self.links[side].carry(self.now, bytes, &mut self.random);
            for piece in pieces {
                self.plan(piece.at, Happening::Arrive(1 - side, piece.bytes));
            }
        }
        let endpoint = &self.endpoints[side];
        if endpoint.closed && !endpoint.connection.wants_transmit() {
            assert!(endpoint.close_reason().is_some());
            self.ended[side] = true;
            let arrives = self.links[side].end_arrives(self.now);
            self.plan(arrives, Happening::End(1 - side));
        }
    }

    pub(crate) fn cover(&self, coverage: &mut Coverage) {
        coverage.finished += u64::from(!self.journal.connection_ended);
        coverage.lost += u64::from(self.journal.connection_ended);
        coverage.items += self.journal.items();
        coverage.cut += self.journal.cut();
        for endpoint in &self.endpoints {
            coverage.leases += endpoint.leasing.heard;
            coverage.without_lease += endpoint.leasing.refused;
            coverage.turned_away += endpoint.leasing.turned_away;
        }
        let outputs = self.endpoints.iter().map(|endpoint| &endpoint.output);
        coverage.fragments += outputs.map(|output| output.fragments).sum::<u64>();
    }
}

/// Which sides take part in leases. A server that does not turns away a client that does.
fn takes_part_in_leases(random: &mut Random) -> [bool; 2] {
    match random.below(100) {
        0..40 => [true, true],
        40..45 => [false, true],
        45..47 => [true, false],
        _ => [false, false],
    }
}
