//! One side: a connection and its driver. What its application does is in [`application`], what leases have to do with it in
//! [`leasing`], and what resuming has in [`resuming`].

mod application;
mod leasing;
mod resuming;

use std::collections::BTreeMap;

use rsocket_protocol::frame::ErrorCode;
use rsocket_protocol::{
    CloseReason, Config, Connection, Event, InboundPayload, Limits, RequestKind, StreamName, Time,
};

use crate::journal::{From, Journal, Lease, MAX_HALF, Side};
use crate::network::Nanos;
use crate::random::Random;
use crate::wire::{Output, take_frame};

use leasing::Leasing;
pub(crate) use resuming::Resumption;

/// Codes that an application fails a stream with, and that a library turns a request away with.
const FAILED: ErrorCode = ErrorCode::APPLICATION_ERROR;

pub(crate) struct Endpoint {
    side: Side,
    pub(crate) connection: Connection,
    limits: Limits,
    pub(crate) output: Output,
    received: Vec<u8>,
    /// The transport that it uses, by number. A connection that waits for another one has none.
    pub(crate) transport: Option<usize>,
    /// What this side takes part in, by name, until it has ended in both directions.
    talks: BTreeMap<Name, Talk>,
    requests_left: u64,
    pushes_left: u64,
    pub(crate) leasing: Leasing,
    next_exchange: u64,
    next_token: u64,
    pub(crate) random: Random,
    /// The driver knows that the connection is over.
    pub(crate) closed: bool,
    /// How often it went on over another transport.
    pub(crate) resumed: u64,
    /// How often its peer fell silent.
    pub(crate) silences: u64,
}

/// A [`StreamName`] that can be ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Name {
    User(u64),
    Slot(u64),
}

impl std::convert::From<StreamName> for Name {
    fn from(name: StreamName) -> Self {
        match name {
            StreamName::User(user) => Self::User(user),
            StreamName::Slot(slot) => Self::Slot(slot),
        }
    }
}

/// One side's part in an exchange.
#[derive(Debug)]
struct Talk {
    exchange: u64,
    stream: u32,
    kind: RequestKind,
    /// This side of it.
    me: From,
    sending: bool,
    credit: u64,
    /// Items that are still to be sent, and how the sending ends then.
    left: u64,
    end: End,
    receiving: bool,
    /// More is asked for when no more than so many are awaited.
    low_water: u64,
    /// Some do not wait for the end. Others would wait for ever, were something lost.
    patient: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    WithLastItem,
    Complete,
    Fail,
}

impl Talk {
    fn peer(&self) -> From {
        match self.me {
            From::Requester => From::Responder,
            From::Responder => From::Requester,
        }
    }
}

/// What an event said, without the frame it came from.
enum Heard {
    Setup,
    Nothing,
    Closed,
}

impl Endpoint {
    pub(crate) fn new(side: Side, mut config: Config, mut random: Random) -> Self {
        config.fragment_len = random.pick(&[64, 64, 65, 100, 300, 1_000, 128 << 10]);
        let limits = &mut config.limits;
        limits.max_unrequested_items = 0;
        limits.max_payload_len = 2 * MAX_HALF;
        limits.max_queued_bytes = random.pick(&[100, 2_000, 20_000, 64 << 20]);
        limits.max_inbound_streams = random.pick(&[3, 8, 4_096]);
        limits.max_outbound_streams = random.pick(&[2, 8, 1 << 20]);
        Self {
            side,
            connection: Connection::new(&config, Time::ZERO),
            limits: config.limits,
            output: Output::new(config.fragment_len),
            received: Vec::new(),
            transport: Some(0),
            talks: BTreeMap::new(),
            requests_left: random.below(20),
            pushes_left: random.below(3),
            leasing: Leasing::new(&mut random),
            next_exchange: side as u64,
            next_token: 0,
            random,
            closed: false,
            resumed: 0,
            silences: 0,
        }
    }

    /// Whether it has nothing more to do or to send.
    pub(crate) fn is_at_rest(&self) -> bool {
        let done = self.requests_left == 0 && self.pushes_left == 0 && self.talks.is_empty();
        let sent = !self.connection.wants_transmit() && self.output.bytes.is_empty();
        self.closed || done && sent && !self.connection.is_suspended()
    }

    /// Nothing is left of what has ended.
    pub(crate) fn check_rest(&self) {
        let connection = &self.connection;
        assert_eq!(connection.outbound_streams(), 0);
        assert_eq!(connection.inbound_streams(), 0);
        assert_eq!(self.output.held_bytes(), 0);
        assert!(self.talks.is_empty());
    }

    /// What has to be true at any time.
    pub(crate) fn check(&mut self) {
        while let Some(token) = self.connection.poll_released() {
            self.output.let_go(token);
        }
        let (connection, limits) = (&self.connection, &self.limits);
        assert!(connection.outbound_streams() <= limits.max_outbound_streams);
        assert!(connection.inbound_streams() <= limits.max_inbound_streams);
        let may_wait = limits.max_queued_bytes.max(limits.max_payload_len);
        assert!(self.output.held_bytes() <= may_wait);
        let mine = |name: &&Name| matches!(name, Name::User(_));
        let users = self.talks.keys().filter(mine).count();
        assert!(connection.outbound_streams() >= users);
        assert!(connection.inbound_streams() >= self.talks.len() - users);
        assert_eq!(connection.is_closed(), self.closed);
        let waits = connection.awaits_transport();
        assert_eq!(waits, self.transport.is_none() && !self.closed);
    }

    /// Bytes arrived.
    pub(crate) fn receive(&mut self, now: Nanos, bytes: &[u8], journal: &mut Journal) {
        if self.closed {
            return;
        }
        let time = Time::from_nanos(now);
        self.connection.heard(time);
        self.received.extend_from_slice(bytes);
        while !self.closed
            && let Some(frame) = take_frame(&mut self.received)
        {
            let arrival = self.look_at(&frame);
            let event = self.connection.receive(time, &frame);
            self.check_arrival(now, &arrival, event.as_ref(), journal);
            let Some(event) = event else {
                continue;
            };
            match self.hear(now, event, journal) {
                Heard::Nothing => {}
                Heard::Setup => self.connection.accept_setup().expect("a setup waits"),
                Heard::Closed => self.end(journal),
            }
        }
    }

    fn hear(&mut self, now: Nanos, event: Event<'_>, journal: &mut Journal) -> Heard {
        match event {
            Event::Setup(_) => return Heard::Setup,
            Event::Closed => return Heard::Closed,
            Event::Draining => {
                // Whoever says so here closes the connection.
                self.requests_left = 0;
            }
            Event::Lease {
                ttl,
                requests,
                metadata,
            } => {
                let lease = Lease {
                    ttl_ms: ttl.as_millis() as u32,
                    requests,
                    metadata: metadata.map(<[u8]>::to_vec),
                };
                self.hear_lease(now, lease, journal);
            }
            Event::MetadataPush(metadata) => {
                let metadata = metadata.try_into().expect("it is a number");
                let number = usize::from_be_bytes(metadata);
                let transport = self.transport.expect("it came over one");
                journal.receive_push(1 - self.side, number, transport);
            }
            Event::Request {
                stream,
                slot,
                kind,
                initial_n,
                complete,
                payload,
            } => {
                let exchange = journal.receive(From::Requester, &payload);
                let known = journal.get(exchange);
                assert_eq!(known.kind, kind);
                known.begun[1] += 1;
                known.told[1] += u64::from(initial_n);
                assert!(known.told[1] <= known.asked_for[1]);
                if complete {
                    journal.receive_complete(exchange, From::Requester);
                }
                if kind == RequestKind::FireAndForget {
                    journal.get(exchange).ended[1] += 1;
                    return Heard::Nothing;
                }
                let (left, end) = self.plan(kind);
                let talk = Talk {
                    exchange,
                    stream,
                    kind,
                    me: From::Responder,
                    sending: true,
                    credit: initial_n.into(),
                    left,
                    end,
                    receiving: !complete,
                    low_water: self.random.below(4),
                    patient: self.random.percent(80),
                };
                let known = self.talks.insert(Name::Slot(slot), talk);
                assert!(known.is_none(), "two requests by one name");
            }
            Event::Item {
                stream,
                name,
                payload,
                complete,
            } => self.hear_item(stream, name, payload.as_ref(), complete, journal),
            Event::Granted { stream, name, n } => {
                let talk = self.talk(name, stream);
                assert!(talk.sending && n > 0);
                talk.credit += u64::from(n);
                let known = journal.get(talk.exchange);
                let from = talk.me as usize;
                known.told[from] += u64::from(n);
                assert!(known.told[from] <= known.asked_for[from]);
            }
            Event::Cancelled { stream, name } => self.hear_cancel(stream, name, journal),
            Event::Failed {
                stream,
                name,
                code,
                message,
                ..
            } => {
                let exchange = self.talk(name, stream).exchange;
                let known = journal.get(exchange);
                if code == ErrorCode::REJECTED {
                    assert_eq!(known.begun[1], 0, "turned away after it began");
                    known.rejected = true;
                } else {
                    assert_eq!(known.cut, [true; 2]);
                    assert_eq!((code, &*message), (FAILED, &b"failed"[..]));
                }
                self.end_both(name.into(), journal);
            }
            Event::Resumed => {
                assert!(!self.connection.is_suspended());
                self.resumed += 1;
            }
            other @ (Event::Resume(_) | Event::Suspended) => {
                panic!("{other:?} was not to be expected")
            }
        }
        Heard::Nothing
    }

    fn hear_item(
        &mut self,
        stream: u32,
        name: StreamName,
        payload: Option<&InboundPayload<'_>>,
        complete: bool,
        journal: &mut Journal,
    ) {
        assert!(payload.is_some() || complete);
        let talk = self.talk(name, stream);
        assert!(talk.receiving);
        let (exchange, from) = (talk.exchange, talk.peer());
        if let Some(payload) = payload {
            assert_eq!(journal.receive(from, payload), exchange, "the wrong stream");
        }
        if complete {
            journal.receive_complete(exchange, from);
            self.talk(name, stream).receiving = false;
            self.forget_if_over(name.into(), journal);
        }
    }

    fn hear_cancel(&mut self, stream: u32, name: StreamName, journal: &mut Journal) {
        let talk = self.talk(name, stream);
        assert!(journal.get(talk.exchange).cut[talk.me as usize]);
        match name {
            StreamName::User(_) => {
                assert!(std::mem::take(&mut talk.sending));
                self.forget_if_over(name.into(), journal);
            }
            StreamName::Slot(_) => self.end_both(name.into(), journal),
        }
    }

    /// What an event names has not ended.
    fn talk(&mut self, name: StreamName, stream: u32) -> &mut Talk {
        let talk = self.talks.get_mut(&name.into());
        let talk = talk.unwrap_or_else(|| panic!("{name:?} on {stream} has ended or never was"));
        assert_eq!(talk.stream, stream);
        talk
    }

    fn forget_if_over(&mut self, name: Name, journal: &mut Journal) {
        let talk = &self.talks[&name];
        if !talk.sending && !talk.receiving {
            self.end_both(name, journal);
        }
    }

    fn end_both(&mut self, name: Name, journal: &mut Journal) {
        let talk = self.talks.remove(&name).expect("it has not ended");
        journal.get(talk.exchange).ended[talk.me as usize] += 1;
    }

    /// The connection is over, and all that was under way with it.
    pub(crate) fn end(&mut self, journal: &mut Journal) {
        if std::mem::replace(&mut self.closed, true) {
            return;
        }
        journal.connection_ended = true;
        for talk in std::mem::take(&mut self.talks).into_values() {
            journal.get(talk.exchange).ended[talk.me as usize] += 1;
        }
        assert!(self.connection.close_reason().is_some());
    }

    pub(crate) fn close_reason(&self) -> Option<&CloseReason> {
        self.connection.close_reason()
    }

    /// The application ends the connection.
    pub(crate) fn close(&mut self, journal: &mut Journal) {
        if self.closed {
            return;
        }
        let codes = [ErrorCode::CONNECTION_CLOSE, ErrorCode::CONNECTION_ERROR];
        self.connection.close(self.random.pick(&codes), "enough");
        self.end(journal);
    }

    /// Writes what waits, as far as the network takes it; what it takes.
    pub(crate) fn transmit(&mut self, room: usize, idle: bool) -> Vec<u8> {
        (self.output.room, self.output.idle) = (room, idle);
        self.connection.transmit(&mut self.output);
        assert!(room < usize::MAX || !self.connection.wants_transmit());
        (self.output.room, self.output.idle) = (0, false);
        std::mem::take(&mut self.output.bytes)
    }

    /// Tells the connection how much the network takes, for what the application sends at once.
    pub(crate) fn set_room(&mut self, room: usize, idle: bool) {
        (self.output.room, self.output.idle) = (room, idle);
    }
}
