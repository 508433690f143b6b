//! What the two applications do: who asks whom for what, and how each exchange goes.

use rsocket_protocol::{OwnedPayload, RequestKind};

/// The client or the server.
pub(crate) type Side = usize;
pub(crate) const CLIENT: Side = 0;
pub(crate) const SERVER: Side = 1;

/// Who sends on an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Party {
    Requester = 0,
    Responder = 1,
}

/// How one direction of an exchange ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    WithLastItem,
    Complete,
    /// With an error, once everything that was asked for has come.
    Fail,
    /// The other party ends it.
    Never,
}

/// One party of an exchange.
#[derive(Debug)]
pub(crate) struct Part {
    /// Lengths of its payloads. The requester's first is the request's.
    pub(crate) items: &'static [usize],
    pub(crate) end: End,
    /// How many items it asks for, each number when the ones before have come. As many come as are asked for, so that
    /// it does not matter when an end arrives.
    pub(crate) takes: &'static [u32],
    /// Then it wants no more, although there is more.
    pub(crate) has_enough: bool,
}

#[derive(Debug)]
pub(crate) struct Exchange {
    pub(crate) asks: Side,
    pub(crate) kind: RequestKind,
    /// By [`Party`].
    pub(crate) parts: [Part; 2],
}

impl Exchange {
    pub(crate) fn part(&self, party: Party) -> &Part {
        &self.parts[party as usize]
    }

    /// The request's payload is all that its requester says, in the request's own frame.
    pub(crate) fn asks_at_once(&self) -> bool {
        let part = self.part(Party::Requester);
        part.items.len() == 1 && part.end == End::WithLastItem
    }
}

const fn part(items: &'static [usize], end: End, takes: &'static [u32]) -> Part {
    Part {
        items,
        end,
        takes,
        has_enough: false,
    }
}

/// Asks once and takes as many items.
const fn asking(len: &'static [usize], takes: &'static [u32]) -> Part {
    part(len, End::WithLastItem, takes)
}

const fn with_enough(mut part: Part) -> Part {
    part.has_enough = true;
    part
}

const fn answering(items: &'static [usize], end: End) -> Part {
    part(items, end, &[])
}

const fn exchange(asks: Side, kind: RequestKind, parts: [Part; 2]) -> Exchange {
    Exchange { asks, kind, parts }
}

/// In frames of at most 64 bytes, some of the payloads need several.
pub(crate) const FRAGMENT_LEN: usize = 64;

pub(crate) static SCRIPT: [Exchange; 19] = {
    use End::{Complete, Fail, Never, WithLastItem};
    use RequestKind::{FireAndForget, RequestChannel, RequestResponse, RequestStream};
    [
        exchange(
            CLIENT,
            RequestResponse,
            [asking(&[5], &[1]), answering(&[9], WithLastItem)],
        ),
        exchange(
            SERVER,
            RequestResponse,
            [asking(&[4], &[1]), answering(&[100], WithLastItem)],
        ),
        exchange(
            CLIENT,
            FireAndForget,
            [asking(&[6], &[]), answering(&[], Never)],
        ),
        exchange(
            SERVER,
            FireAndForget,
            [asking(&[80], &[]), answering(&[], Never)],
        ),
        // Credit in steps.
        exchange(
            CLIENT,
            RequestStream,
            [
                asking(&[3], &[2, 1, 3]),
                answering(&[3, 4, 90, 0, 5, 6], WithLastItem),
            ],
        ),
        exchange(
            SERVER,
            RequestStream,
            [asking(&[70], &[1, 2]), answering(&[5, 5, 5], Complete)],
        ),
        // Both in fragments.
        exchange(
            CLIENT,
            RequestResponse,
            [asking(&[150], &[1]), answering(&[140], WithLastItem)],
        ),
        // Completed without an item, and failed.
        exchange(
            CLIENT,
            RequestResponse,
            [asking(&[7], &[1]), answering(&[], Complete)],
        ),
        exchange(
            CLIENT,
            RequestResponse,
            [asking(&[8], &[1]), answering(&[], Fail)],
        ),
        exchange(
            SERVER,
            RequestResponse,
            [asking(&[8], &[1]), answering(&[], Fail)],
        ),
        exchange(
            CLIENT,
            RequestChannel,
            [
                part(&[4, 5, 75, 6], Complete, &[1, 2]),
                part(&[3, 66, 4], WithLastItem, &[2, 1]),
            ],
        ),
        exchange(
            SERVER,
            RequestChannel,
            [
                part(&[4, 5, 6], WithLastItem, &[2, 2]),
                part(&[3, 4, 5, 6], Complete, &[1, 1]),
            ],
        ),
        // Withdrawn in the middle.
        exchange(
            CLIENT,
            RequestStream,
            [
                with_enough(asking(&[2], &[2])),
                answering(&[3, 3, 3, 3], Never),
            ],
        ),
        exchange(
            SERVER,
            RequestStream,
            [
                with_enough(asking(&[2], &[1, 1])),
                answering(&[3, 80, 3, 3], Never),
            ],
        ),
        // Failed in the middle.
        exchange(
            CLIENT,
            RequestStream,
            [asking(&[2], &[2]), answering(&[3, 3], Fail)],
        ),
        // The responder of a channel wants no more and goes on itself.
        exchange(
            CLIENT,
            RequestChannel,
            [
                part(&[4, 4, 4, 4], Never, &[1, 1, 1]),
                with_enough(part(&[3, 3, 3], WithLastItem, &[1])),
            ],
        ),
        // The requester of a channel fails.
        exchange(
            CLIENT,
            RequestChannel,
            [part(&[4, 5], Fail, &[1, 1]), part(&[3, 3], Never, &[1])],
        ),
        exchange(
            CLIENT,
            RequestChannel,
            [asking(&[66], &[1]), answering(&[3], WithLastItem)],
        ),
        exchange(
            CLIENT,
            FireAndForget,
            [asking(&[130], &[]), answering(&[], Never)],
        ),
    ]
};

/// The content of a payload: data of its length, which begins with where it belongs, and for some metadata.
pub(crate) fn payload(exchange: usize, from: Party, sequence: usize) -> OwnedPayload {
    let len = SCRIPT[exchange].part(from).items[sequence];
    let place = [exchange as u8, from as u8, sequence as u8];
    let metadata = match (exchange + sequence) % 3 {
        0 => Some(vec![b'm'; len / 2]),
        _ => None,
    };
    let mut data: Vec<u8> = (0..len).map(|index| index as u8).collect();
    let stated = len.min(place.len());
    data[..stated].copy_from_slice(&place[..stated]);
    OwnedPayload { metadata, data }
}

/// The exchange that a request's payload begins.
pub(crate) fn exchange_of(request: &OwnedPayload) -> usize {
    request.data[0].into()
}
