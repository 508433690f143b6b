//! The two sides and the transports between them, one after the other, each of which may be lost.

use std::collections::{BTreeSet, VecDeque};

use rsocket_protocol::frame::ErrorCode;
use rsocket_protocol::{Connection, Event, Origin, Time};

use crate::endpoint::{Endpoint, KEEPALIVE, TOKEN, config};
use crate::journal::Journal;
use crate::script::{CLIENT, SERVER, Side};
use crate::wire::{Output, take_frame};

/// Virtual time goes on by so much at once, in milliseconds.
const TICK: u64 = 5;

/// How long bytes are under way, from the client and from the server, in ticks.
const DELAY: [u64; 2] = [4, 3];

/// More would mean that something goes on for ever.
const MAX_TICKS: u64 = 20_000;

/// How a transport is lost.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Loss {
    /// Of the bytes from each side, only so many arrive.
    pub(crate) cuts: [Option<usize>; 2],
    /// Ticks for which the other direction goes on, unless it is cut itself before.
    pub(crate) lingers: u64,
    /// Sides that are told of the loss. The client notices by silence otherwise, the server perhaps never.
    pub(crate) told: [bool; 2],
    /// Ticks until the client has another transport.
    pub(crate) away: u64,
}

/// What a run came to.
pub(crate) struct Outcome {
    /// The session could not be resumed.
    pub(crate) rejected: bool,
    /// Bytes that arrived over each transport, from the client and from the server.
    pub(crate) arrived: Vec<[usize; 2]>,
    /// Bytes that each transport began with: the handshake, and for one that was resumed on what was sent again.
    pub(crate) began_with: Vec<[usize; 2]>,
    /// Bytes of the client's SETUP.
    pub(crate) setup_len: usize,
    /// Types of the frames that each side has sent.
    pub(crate) sent: [BTreeSet<u8>; 2],
}

#[derive(Default)]
struct Transport {
    under_way: [VecDeque<(u64, Vec<u8>)>; 2],
    arrived: [usize; 2],
    began_with: [usize; 2],
    /// How often each side has written.
    writes: [usize; 2],
    /// When the first direction was cut.
    cut_at: Option<u64>,
    lost: bool,
}

struct World<'a> {
    tick: u64,
    sides: [Endpoint; 2],
    store_limit: usize,
    losses: &'a [Loss],
    transports: Vec<Transport>,
    /// A connection of the server's that waits for the client's RESUME.
    fresh: Option<Fresh>,
    /// When the client has another transport.
    reconnects_at: Option<u64>,
    /// Since when nothing was left to do.
    done_since: Option<u64>,
}

struct Fresh {
    connection: Connection,
    received: Vec<u8>,
}

/// Runs the script. The first transport is lost as the first of `losses` says, and so on; the one after them is not.
pub(crate) fn run(losses: &[Loss], store_limit: usize) -> Outcome {
    let mut world = World {
        tick: 0,
        sides: [CLIENT, SERVER].map(|side| Endpoint::new(side, store_limit, Time::ZERO)),
        store_limit,
        losses,
        transports: vec![Transport::default()],
        fresh: None,
        reconnects_at: None,
        done_since: None,
    };
    while !world.is_done() {
        assert!(world.tick < MAX_TICKS, "it does not come to an end");
        world.step();
    }
    world.check();
    Outcome {
        rejected: world.sides[CLIENT].is_over(),
        arrived: world.transports.iter().map(|known| known.arrived).collect(),
        began_with: world
            .transports
            .iter()
            .map(|known| known.began_with)
            .collect(),
        setup_len: world.sides[CLIENT].setup_len,
        sent: world.sides.map(|side| side.sent),
    }
}

impl World<'_> {
    fn now(&self) -> Time {
        Time::from_nanos(self.tick * TICK * 1_000_000)
    }

    /// Everything is done, and KEEPALIVE has told both sides what the other has; or the session is over.
    fn is_done(&mut self) -> bool {
        if self.sides.iter().any(Endpoint::is_over) {
            return self.sides.iter().all(Endpoint::is_over);
        }
        let is_cut = self
            .transports
            .last()
            .is_some_and(|last| last.cut_at.is_some());
        if is_cut || !self.sides.iter().all(Endpoint::is_done) {
            self.done_since = None;
            return false;
        }
        let told_after = 3 * KEEPALIVE.as_millis() as u64 / TICK;
        self.tick > *self.done_since.get_or_insert(self.tick) + told_after
    }

    fn step(&mut self) {
        self.tick += 1;
        let now = self.now();
        for from in [CLIENT, SERVER] {
            self.deliver(from);
        }
        self.lose_transport();
        for side in &mut self.sides {
            side.handle_timeout(now);
            side.act();
        }
        self.flush();
        self.reconnect();
    }

    fn loss(&self, transport: usize) -> Option<Loss> {
        self.losses.get(transport).copied()
    }

    /// What is due arrives, up to where the transport is cut.
    fn deliver(&mut self, from: Side) {
        let current = self.transports.len() - 1;
        let cut = self.loss(current).and_then(|loss| loss.cuts[from]);
        let transport = &mut self.transports[current];
        let due = |queue: &VecDeque<(u64, Vec<u8>)>| {
            queue.front().is_some_and(|(at, _)| *at <= self.tick)
        };
        let mut bytes = Vec::new();
        while due(&transport.under_way[from]) {
            bytes.extend(
                transport.under_way[from]
                    .pop_front()
                    .into_iter()
                    .flat_map(|(_, bytes)| bytes),
            );
        }
        let room = cut.unwrap_or(usize::MAX) - transport.arrived[from];
        if bytes.len() > room {
            bytes.truncate(room);
            transport.cut_at.get_or_insert(self.tick);
        }
        transport.arrived[from] += bytes.len();
        if !transport.lost && !bytes.is_empty() {
            self.receive(1 - from, current, bytes);
        }
    }

    fn receive(&mut self, side: Side, transport: usize, bytes: Vec<u8>) {
        let now = self.now();
        if self.sides[side].transport == Some(transport) {
            return self.sides[side].receive(now, &bytes);
        }
        if side == CLIENT {
            return; // It has given the transport up.
        }
        let fresh = self.fresh.as_mut().expect("somebody waits for a RESUME");
        fresh.received.extend(bytes);
        let Some(frame) = take_frame(&mut fresh.received) else {
            return;
        };
        let Some(Event::Resume(request)) = fresh.connection.receive(now, &frame) else {
            panic!("another transport begins with RESUME");
        };
        assert_eq!(request.token, TOKEN);
        let positions = (
            request.last_received_server_position,
            request.first_available_client_position,
        );
        assert!(fresh.received.is_empty(), "the client waits for the answer");
        let resumed = self.sides[SERVER].resume(now, transport, positions.0, positions.1);
        if let Err(error) = resumed {
            self.reject(transport, &error.to_string());
        }
        self.fresh = None;
    }

    fn reject(&mut self, transport: usize, message: &str) {
        let fresh = self.fresh.as_mut().expect("it has heard the RESUME");
        assert_eq!(fresh.connection.reject_resume(message), Ok(()));
        let mut out = Output::default();
        fresh.connection.transmit(&mut out);
        let arrives = self.tick + DELAY[SERVER];
        let queue = &mut self.transports[transport].under_way[SERVER];
        queue.push_back((arrives, out.take()));
    }

    fn lose_transport(&mut self) {
        let (number, tick, now) = (self.transports.len() - 1, self.tick, self.now());
        let Some(loss) = self.loss(number) else {
            return;
        };
        let transport = &mut self.transports[number];
        let is_cut = |side: Side| {
            let arrived = transport.arrived[side];
            loss.cuts[side].is_some_and(|cut| arrived == cut)
        };
        let both = is_cut(CLIENT) && is_cut(SERVER);
        let due = transport
            .cut_at
            .is_some_and(|at| both || tick >= at + loss.lingers);
        if !due || std::mem::replace(&mut transport.lost, true) {
            return;
        }
        for side in [CLIENT, SERVER] {
            if loss.told[side] && self.sides[side].transport == Some(number) {
                self.sides[side].lose_transport(now);
            }
        }
        if let Some(mut fresh) = self.fresh.take() {
            assert!(!fresh.connection.transport_lost(now, "gone"));
            assert!(fresh.connection.is_closed());
        }
    }

    /// What the sides have to say goes on its way, or nowhere.
    fn flush(&mut self) {
        let current = self.transports.len() - 1;
        for (from, side) in self.sides.iter_mut().enumerate() {
            let bytes = side.take_unsent();
            let transport = &mut self.transports[current];
            let carries = side.transport == Some(current) && !transport.lost;
            if carries && !bytes.is_empty() {
                let arrives = self.tick + DELAY[from];
                // The client waits for an answer to its first frame.
                if transport.writes[from] < 2 - from {
                    transport.began_with[from] += bytes.len();
                }
                transport.writes[from] += 1;
                transport.under_way[from].push_back((arrives, bytes));
            }
        }
    }

    /// A client without a transport gets another one.
    fn reconnect(&mut self) {
        let number = self.transports.len();
        let client = &self.sides[CLIENT];
        if client.transport.is_some() || client.is_over() {
            return;
        }
        let away = self.loss(number - 1).map_or(0, |loss| loss.away);
        let due = *self.reconnects_at.get_or_insert(self.tick + away);
        if self.tick < due {
            return;
        }
        self.reconnects_at = None;
        let now = self.now();
        self.transports.push(Transport::default());
        self.sides[CLIENT].begin_resume(now, number);
        self.fresh = Some(Fresh {
            connection: Connection::new(&config(SERVER, self.store_limit), now),
            received: Vec::new(),
        });
    }

    fn check(&self) {
        let [client, server] = &self.sides;
        for (number, side) in self.sides.iter().enumerate() {
            side.check_rest();
            if !client.is_over() {
                assert_eq!(side.application.journal, Journal::scripted(number));
                // The other one has told it that it has everything.
                assert_eq!(side.store.first(), side.store.end());
            }
            for (exchange, record) in side.application.journal.records() {
                assert_eq!(
                    record.began, record.ended,
                    "exchange {exchange}: {record:?}"
                );
                assert!(record.began <= 1, "exchange {exchange}: {record:?}");
            }
        }
        if client.is_over() {
            let reason = client.close_reason();
            let refused = (Origin::Remote, ErrorCode::REJECTED_RESUME);
            assert_eq!((reason.origin, reason.code), refused);
            assert!(server.is_over());
        }
    }
}
