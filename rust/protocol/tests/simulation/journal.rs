//! What really happened, known to nobody in the simulation: every request of both sides, what was sent and what arrived.

use std::collections::{BTreeMap, VecDeque};

use rsocket_protocol::frame::PayloadRef;
use rsocket_protocol::{InboundPayload, RequestKind};

use crate::random::Random;

/// The client or the server.
pub(crate) type Side = usize;

/// Who sends on an exchange: its requester or its responder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum From {
    Requester = 0,
    Responder = 1,
}

/// One request and all that came of it.
#[derive(Debug)]
pub(crate) struct Exchange {
    pub(crate) kind: RequestKind,
    /// Items by direction. The request's own payload is the requester's first.
    pub(crate) sent: [u64; 2],
    pub(crate) received: [u64; 2],
    /// Items that the receiver has asked for, and those that the sender was told of.
    pub(crate) asked_for: [u64; 2],
    pub(crate) told: [u64; 2],
    /// The sender has said that nothing follows.
    pub(crate) completed: [bool; 2],
    /// One side failed, withdrew, or wanted no more: items of this direction need not arrive.
    pub(crate) cut: [bool; 2],
    /// How often the exchange began and ended for each party.
    pub(crate) begun: [u64; 2],
    pub(crate) ended: [u64; 2],
    /// The responder's side may have turned it away.
    pub(crate) rejected: bool,
}

/// What a side allowed the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Lease {
    pub(crate) ttl_ms: u32,
    pub(crate) requests: u32,
    pub(crate) metadata: Option<Vec<u8>>,
}

impl Lease {
    /// Of any kind, be it one of nothing.
    pub(crate) fn random(random: &mut Random) -> Self {
        let metadata_len = random.below(20) as usize;
        Self {
            ttl_ms: random.pick(&[0, 1, 20, 200, 2_000, 10_000]),
            requests: random.pick(&[0, 1, 2, 5, 20]),
            metadata: random.percent(30).then(|| vec![b'm'; metadata_len]),
        }
    }
}

#[derive(Default)]
pub(crate) struct Journal {
    seed: u64,
    exchanges: BTreeMap<u64, Exchange>,
    /// Metadata that was pushed by each side, by the transport that was to carry it, and how much of it has arrived or
    /// is lost.
    pub(crate) pushed: [Vec<usize>; 2],
    push_received: [usize; 2],
    /// Leases that each side granted and the other has not received, by the transport that was to carry them.
    pub(crate) granted: [VecDeque<(usize, Lease)>; 2],
    /// Fire-and-forgets that arrived and were not handed out.
    pub(crate) silently_turned_away: u64,
    /// The connection went away before everything had ended.
    pub(crate) connection_ended: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Payload {
    pub(crate) metadata: Option<Vec<u8>>,
    pub(crate) data: Vec<u8>,
}

impl Payload {
    pub(crate) fn len(&self) -> usize {
        self.metadata.as_ref().map_or(0, Vec::len) + self.data.len()
    }

    pub(crate) fn as_ref(&self) -> PayloadRef<'_> {
        PayloadRef::new(self.metadata.as_deref(), &self.data)
    }
}

/// Longest metadata, and longest data.
pub(crate) const MAX_HALF: usize = 5_000;

/// Bytes of data that say which item this is.
const LABEL_LEN: usize = 17;

impl Journal {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            seed,
            ..Self::default()
        }
    }

    /// The content of an item, which the seed decides; its data says which item it is.
    pub(crate) fn payload(&self, exchange: u64, from: From, sequence: u64) -> Payload {
        let place = exchange << 24 ^ (from as u64) << 20 ^ sequence;
        let mut random = Random::new(self.seed.rotate_left(32) ^ place);
        let mut data = exchange.to_be_bytes().to_vec();
        data.push(from as u8);
        data.extend_from_slice(&sequence.to_be_bytes());
        fill(&mut data, &mut random);
        let metadata = match random.below(4) {
            0 => Some(Vec::new()),
            1 => {
                let mut metadata = Vec::new();
                fill(&mut metadata, &mut random);
                Some(metadata)
            }
            _ => None,
        };
        Payload { metadata, data }
    }

    pub(crate) fn get(&mut self, exchange: u64) -> &mut Exchange {
        self.exchanges.get_mut(&exchange).expect("it is known")
    }

    pub(crate) fn begin(&mut self, exchange: u64, kind: RequestKind, initial_n: u64) {
        let begun = Exchange {
            kind,
            sent: [1, 0],
            received: [0, 0],
            asked_for: [1, initial_n],
            told: [1, 0],
            completed: [kind != RequestKind::RequestChannel, false],
            cut: [false; 2],
            begun: [1, 0],
            ended: [0, 0],
            rejected: false,
        };
        assert!(self.exchanges.insert(exchange, begun).is_none());
    }

    /// An item arrived: it is the next one, whole and unharmed, and was asked for. Tells the exchange.
    pub(crate) fn receive(&mut self, from: From, payload: &InboundPayload<'_>) -> u64 {
        let payload = payload.as_ref();
        let label = |range| {
            let bytes: Option<&[u8]> = payload.data.get(range);
            bytes.expect("an item has a label")
        };
        let number = |bytes: &[u8]| bytes.iter().fold(0, |n, byte| n << 8 | u64::from(*byte));
        let exchange = number(label(0..8));
        assert_eq!(label(8..9), [from as u8], "the direction");
        let sequence = number(label(9..LABEL_LEN));
        let expected = self.payload(exchange, from, sequence);
        assert!(
            payload == expected.as_ref(),
            "item {sequence} of {exchange} was harmed"
        );
        let known = self.get(exchange);
        let received = &mut known.received[from as usize];
        assert_eq!(sequence, *received, "items of {exchange} out of order");
        *received += 1;
        assert!(*received <= known.asked_for[from as usize], "not asked for");
        exchange
    }

    /// Pushed metadata arrived over a transport: the next, or the next that was sent over this one.
    pub(crate) fn receive_push(&mut self, from: Side, number: usize, transport: usize) {
        let (pushed, received) = (&self.pushed[from], &mut self.push_received[from]);
        assert!(number >= *received, "pushes out of order");
        assert_eq!(pushed[number], transport);
        let lost = &pushed[*received..number];
        assert!(
            lost.iter().all(|over| *over < transport),
            "a push is missing"
        );
        *received = number + 1;
    }

    /// A lease arrived over a transport: the next, or the next that was sent over this one.
    pub(crate) fn receive_lease(&mut self, from: Side, lease: &Lease, transport: usize) {
        let granted = &mut self.granted[from];
        while granted.front().is_some_and(|(over, _)| *over < transport) {
            granted.pop_front();
        }
        let next = granted.pop_front();
        assert_eq!(
            next.as_ref(),
            Some(&(transport, lease.clone())),
            "leases out of order"
        );
    }

    /// A direction has ended as its sender said, so that nothing of it is missing.
    pub(crate) fn receive_complete(&mut self, exchange: u64, from: From) {
        let known = self.get(exchange);
        assert!(known.completed[from as usize], "{exchange} goes on");
        let (sent, received) = (known.sent[from as usize], known.received[from as usize]);
        assert_eq!(sent, received, "items of {exchange} are missing");
    }

    /// Everything has come to rest: each request has ended once for each side that saw it begin. Only what belonged to
    /// a transport before the last one may be lost.
    pub(crate) fn check(&self, last_transport: usize) {
        let mut forgotten_for_good = 0;
        for (exchange, known) in &self.exchanges {
            let context = || format!("exchange {exchange}: {known:?}");
            let forgotten = known.kind == RequestKind::FireAndForget;
            assert_eq!(known.begun, known.ended, "{}", context());
            assert_eq!(known.ended[0], 1, "{}", context());
            assert!(known.begun[1] <= 1, "{}", context());
            for direction in 0..2 {
                let (sent, received) = (known.sent[direction], known.received[direction]);
                assert!(received <= sent, "{}", context());
                let (told, asked_for) = (known.told[direction], known.asked_for[direction]);
                assert!(told <= asked_for && sent <= told, "{}", context());
                let whole = self.connection_ended
                    || known.rejected
                    || known.cut[direction]
                    || known.completed[direction] && sent == received;
                assert!(whole || forgotten, "{}", context());
                forgotten_for_good += u64::from(!whole);
            }
        }
        if !self.connection_ended {
            assert_eq!(forgotten_for_good, self.silently_turned_away);
        }
        for side in 0..2 {
            let pushed = &self.pushed[side][self.push_received[side]..];
            let granted = self.granted[side].iter().map(|(over, _)| over);
            let arrived = pushed
                .iter()
                .chain(granted)
                .all(|over| *over < last_transport);
            assert!(arrived || self.connection_ended);
        }
    }

    pub(crate) fn items(&self) -> u64 {
        let exchanges = self.exchanges.values();
        exchanges
            .map(|known| known.received.iter().sum::<u64>())
            .sum()
    }

    pub(crate) fn cut(&self) -> u64 {
        let is_cut = |known: &&Exchange| known.cut.contains(&true);
        self.exchanges.values().filter(is_cut).count() as u64
    }
}

/// Appends mostly little, sometimes much.
fn fill(bytes: &mut Vec<u8>, random: &mut Random) {
    let most = match random.below(20) {
        0 => MAX_HALF - LABEL_LEN,
        1..4 => 1_000,
        4..10 => 200,
        _ => 30,
    };
    let len = random.below(most as u64);
    let first = random.next();
    bytes.extend((0..len).map(|index| (first ^ index.wrapping_mul(31)) as u8));
}
