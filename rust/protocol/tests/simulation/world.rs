//! The clock, the two endpoints and what happens between them, in order of time.

mod losing;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use rsocket_protocol::Config;

use crate::Coverage;
use crate::endpoint::{Endpoint, Resumption};
use crate::journal::{Journal, Side};
use crate::network::{MILLISECOND, Nanos};
use crate::random::Random;
use crate::reception::Reception;
use crate::transport::Transport;

/// More would mean that something goes on for ever.
const MAX_HAPPENINGS: u64 = 300_000;

const CLIENT: Side = 0;
const SERVER: Side = 1;

pub(crate) struct World {
    now: Nanos,
    endpoints: [Endpoint; 2],
    /// One after the other; the client uses none but the last.
    transports: Vec<Transport>,
    /// What each side used when it was last looked at.
    used: [Option<usize>; 2],
    /// The server's connections on transports over which it has heard no RESUME.
    receptions: BTreeMap<usize, Reception>,
    /// What those are made with.
    server_config: Config,
    resumption: Resumption,
    /// The last transport over which the server has gone on.
    last_resumed: usize,
    /// The client is about to get another transport.
    reconnects: bool,
    /// The server has agreed to a session.
    has_session: bool,
    /// Something happened that a session need not outlive.
    may_end: bool,
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
    /// Bytes arrive at a side over a transport.
    Arrive(Side, usize, Vec<u8>),
    /// A side learns that a transport has ended.
    End(Side, usize),
    /// The last transport goes away.
    Lose,
    /// A client that has lost its transport gets another one.
    Connect,
    /// The application of a side ends the connection.
    Close(Side),
}

impl World {
    pub(crate) fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let lease = takes_part_in_leases(&mut random);
        let resumption = Resumption::random(&mut random);
        let mut configs = [Config::client(), Config::server()];
        for (side, config) in configs.iter_mut().enumerate() {
            config.lease = lease[side];
            resumption.configure(side, config, &mut random);
        }
        let [client_config, server_config] = configs;
        let mut endpoint = |side, config| Endpoint::new(side, config, Random::new(random.next()));
        let endpoints = [
            endpoint(CLIENT, client_config),
            endpoint(SERVER, server_config.clone()),
        ];
        let mut world = Self {
            now: 0,
            endpoints,
            transports: vec![Transport::new(0, &mut random)],
            used: [Some(0); 2],
            receptions: BTreeMap::new(),
            server_config,
            resumption,
            last_resumed: 0,
            reconnects: false,
            has_session: false,
            may_end: !resumption.is_agreed()
                || !resumption.is_ample
                || lease[CLIENT] && !lease[SERVER],
            agenda: BinaryHeap::new(),
            happened: 0,
            planned: 0,
            random,
            journal: Journal::new(seed),
        };
        world.plan(0, Happening::Act(CLIENT));
        world.plan(0, Happening::Act(SERVER));
        world.plan_losses();
        world.plan_the_end();
        world
    }

    /// Most connections live as long as they are needed.
    fn plan_the_end(&mut self) {
        let at = self.random.below(3_000) * MILLISECOND;
        let side = match self.random.below(100) {
            0..5 => CLIENT,
            5..10 => SERVER,
            _ => return,
        };
        self.may_end = true;
        self.plan(at, Happening::Close(side));
    }

    fn plan(&mut self, at: Nanos, what: Happening) {
        self.planned += 1;
        self.agenda.push(Reverse((at, self.planned, what)));
    }

    fn plan_within(&mut self, milliseconds: u64, what: Happening) {
        let at = self.now + self.random.below(milliseconds * MILLISECOND);
        self.plan(at, what);
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
            for side in [CLIENT, SERVER] {
                self.flush(side);
                self.endpoints[side].check();
            }
            self.follow();
        }
        self.journal.check(self.transports.len() - 1);
        for endpoint in &self.endpoints {
            endpoint.check_rest();
        }
        assert!(self.may_end || !self.journal.connection_ended);
    }

    fn is_at_rest(&self) -> bool {
        let closed = self.endpoints.iter().all(|endpoint| endpoint.closed);
        let last = self.transports.len() - 1;
        let quiet = self.transports[last].is_silent() && !self.transports[last].is_lost();
        let at_rest = self.endpoints.iter().all(Endpoint::is_at_rest);
        let together = self.used == [Some(last); 2];
        // One that is closed closes the other.
        let alone = self.endpoints.iter().any(|endpoint| endpoint.closed);
        closed || !alone && together && quiet && at_rest
    }

    fn happen(&mut self, what: Happening) {
        let journal = &mut self.journal;
        match what {
            Happening::Act(side) => self.act(side),
            Happening::Arrive(side, transport, bytes) => {
                self.transports[transport].delivered(1 - side, bytes.len());
                if self.endpoints[side].transport == Some(transport) {
                    self.endpoints[side].receive(self.now, &bytes, journal);
                } else if side == SERVER {
                    self.receive_first(transport, &bytes);
                }
            }
            Happening::End(side, transport) => {
                if self.endpoints[side].transport == Some(transport) {
                    self.endpoints[side].lose_transport(self.now, journal);
                } else if side == SERVER {
                    self.receptions.remove(&transport);
                }
            }
            Happening::Lose => self.lose(),
            Happening::Connect => self.connect(),
            Happening::Close(side) => self.endpoints[side].close(journal),
        }
    }

    fn act(&mut self, side: Side) {
        let (room, idle) = self.room(side);
        let endpoint = &mut self.endpoints[side];
        if endpoint.closed {
            return;
        }
        endpoint.set_room(room, idle);
        endpoint.act(self.now, &mut self.journal);
        let next = self.now + self.random.below(60) * MILLISECOND;
        self.plan(next + 1, Happening::Act(side));
    }

    /// What a side's transport takes. Without one, the connection itself keeps what is sent.
    fn room(&self, side: Side) -> (usize, bool) {
        let transport = self.endpoints[side].transport;
        let transport = transport.map(|transport| &self.transports[transport]);
        transport.map_or((usize::MAX, true), |known| known.room(side, self.now))
    }

    /// Moves what an endpoint has written to the network, and closes it after the last of a closed one.
    fn flush(&mut self, side: Side) {
        let (room, idle) = self.room(side);
        let endpoint = &mut self.endpoints[side];
        let at_once = std::mem::take(&mut endpoint.output.bytes);
        let room = room.saturating_sub(at_once.len());
        let more = endpoint.transmit(room, idle && at_once.is_empty());
        let bytes = [at_once, more].concat();
        let Some(transport) = endpoint.transport else {
            return assert!(bytes.is_empty(), "there is no transport");
        };
        let is_over = endpoint.closed && !endpoint.connection.wants_transmit();
        self.carry(side, transport, bytes);
        if is_over {
            assert!(self.endpoints[side].close_reason().is_some());
            self.end(side, transport);
        }
    }

    fn carry(&mut self, side: Side, transport: usize, bytes: Vec<u8>) {
        let network = &mut self.transports[transport];
        for piece in network.carry(side, self.now, bytes, &mut self.random) {
            self.plan(
                piece.at,
                Happening::Arrive(1 - side, transport, piece.bytes),
            );
        }
    }

    /// A side closes a transport.
    fn end(&mut self, side: Side, transport: usize) {
        if let Some(arrives) = self.transports[transport].end(side, self.now) {
            self.plan(arrives, Happening::End(1 - side, transport));
        }
    }

    pub(crate) fn cover(&self, coverage: &mut Coverage) {
        coverage.finished += u64::from(!self.journal.connection_ended);
        coverage.lost += u64::from(self.journal.connection_ended);
        coverage.items += self.journal.items();
        coverage.cut += self.journal.cut();
        let resumed = self.endpoints.iter().any(|endpoint| endpoint.resumed > 0);
        coverage.resumed += u64::from(resumed && !self.journal.connection_ended);
        for endpoint in &self.endpoints {
            coverage.leases += endpoint.leasing.heard;
            coverage.without_lease += endpoint.leasing.refused;
            coverage.turned_away += endpoint.leasing.turned_away;
            coverage.silences += endpoint.silences;
            coverage.timed_out += u64::from(endpoint.has_timed_out());
        }
        let client = &self.endpoints[CLIENT];
        coverage.unanswered += self.transports.len() as u64 - 1 - client.resumed;
        coverage.rejected += u64::from(client.was_rejected());
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
