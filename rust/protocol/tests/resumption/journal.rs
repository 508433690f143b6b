//! What a side saw of each exchange. Only what does not depend on the order of different exchanges and directions.

use rsocket_protocol::OwnedPayload;
use rsocket_protocol::frame::ErrorCode;

use crate::application::FAILED;
use crate::script::{End, Exchange, Party, SCRIPT, Side, payload};

#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) began: u32,
    /// Items that came, the request's own among them.
    pub(crate) items: Vec<OwnedPayload>,
    /// Items that the other party asked for.
    pub(crate) granted: u64,
    pub(crate) completed: u32,
    pub(crate) cancelled: u32,
    pub(crate) failed: Vec<(ErrorCode, Vec<u8>)>,
    /// Both directions are over.
    pub(crate) ended: u32,
}

impl Record {
    /// What comes from `peer`, to the other party.
    fn scripted(index: usize, exchange: &Exchange, peer: Party) -> Self {
        let [mine, theirs] = match peer {
            Party::Requester => [Party::Responder, Party::Requester],
            Party::Responder => [Party::Requester, Party::Responder],
        }
        .map(|party| exchange.part(party));
        let taken: u32 = mine.takes.iter().sum();
        // Nobody asks for the item that a request brings.
        let taken = taken as usize + usize::from(peer == Party::Requester);
        let items = 0..taken.min(theirs.items.len());
        Self {
            began: 1,
            items: items.map(|item| payload(index, peer, item)).collect(),
            granted: theirs.takes.iter().map(|n| u64::from(*n)).sum(),
            completed: matches!(theirs.end, End::WithLastItem | End::Complete).into(),
            cancelled: theirs.has_enough.into(),
            failed: match theirs.end {
                End::Fail => vec![(FAILED.0, FAILED.1.to_vec())],
                _ => Vec::new(),
            },
            ended: 1,
        }
    }
}

/// One side's records, by exchange.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Journal(Vec<Record>);

impl Journal {
    pub(crate) fn new() -> Self {
        Self(SCRIPT.iter().map(|_| Record::default()).collect())
    }

    /// What a side sees when everything goes as written.
    pub(crate) fn scripted(side: Side) -> Self {
        let record = |(index, exchange): (usize, &Exchange)| {
            let peer = if exchange.asks == side {
                Party::Responder
            } else {
                Party::Requester
            };
            Record::scripted(index, exchange, peer)
        };
        Self(SCRIPT.iter().enumerate().map(record).collect())
    }

    pub(crate) fn of(&mut self, exchange: usize) -> &mut Record {
        &mut self.0[exchange]
    }

    pub(crate) fn records(&self) -> impl Iterator<Item = (usize, &Record)> {
        self.0.iter().enumerate()
    }
}
