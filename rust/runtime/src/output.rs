//! Frames on their way to the socket.
//!
//! [`Output`] takes frames while the [`Batch`] before is still being written. Small payloads are copied into the
//! batch's one buffer; large ones stay where the caller has them, and the batch notes where they belong. A connection
//! that can be resumed keeps what it sends, so that all its payloads are copied.

use std::collections::VecDeque;
use std::io::IoSlice;
use std::task::{Poll, Waker};
use std::vec::Drain;

use bytes::{Buf, Bytes, BytesMut};
use rsocket_protocol::{Body, ExternalSpan, Part, SendError};
use rsocket_transport::length_prefix::{Segment, Writer};

use crate::Payload;
use crate::room::Charge;
use crate::share::Share;
use crate::slab::Slab;

/// Payloads up to this length in bytes are copied: below it, a copy costs less than another slice in the write.
const MAX_COPIED: usize = 2 << 10;

/// Whether the output copies the payload as a whole.
#[inline]
pub(crate) fn is_copied(payload: &Payload) -> bool {
    payload.as_ref().wire_len() <= MAX_COPIED
}

/// What the output copies of a payload that fits a frame, in bytes: all of a small one, and of a large one the length
/// of its metadata.
#[inline]
pub(crate) fn copied_len(payload: &Payload) -> usize {
    let len = payload.as_ref().wire_len();
    if is_copied(payload) {
        return len;
    }
    len - payload.data.len() - payload.metadata.as_ref().map_or(0, Bytes::len)
}

/// A buffer that has grown beyond this is not kept for the next batch.
const MAX_KEPT_BUFFER: usize = 256 << 10;

/// Most slices in one vectored write; systems take at least 16 and usually 1024.
pub(crate) const MAX_SLICES: usize = 64;

/// Frames that will be written together.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    inline: BytesMut,
    cuts: VecDeque<Cut>,
    /// The room that the batch takes, to be given back when it is written.
    charged: Charge,
}

/// A place between the inline bytes.
#[derive(Debug)]
struct Cut {
    /// Inline bytes that go first, counted from the cut before.
    before: usize,
    /// What belongs there.
    bytes: Bytes,
}

impl Batch {
    pub(crate) fn is_empty(&self) -> bool {
        self.inline.is_empty() && self.cuts.is_empty()
    }

    /// The inline bytes, where there is nothing between them.
    pub(crate) fn as_slice(&self) -> Option<&[u8]> {
        self.cuts.is_empty().then_some(&self.inline)
    }

    /// The beginning of the batch as slices, none of them empty; returns how many there are.
    pub(crate) fn slices<'a>(&'a self, slices: &mut [IoSlice<'a>; MAX_SLICES]) -> usize {
        let mut inline = &self.inline[..];
        let mut count = 0;
        let mut put = |bytes: &'a [u8]| {
            if let Some(slot) = slices.get_mut(count).filter(|_| !bytes.is_empty()) {
                *slot = IoSlice::new(bytes);
                count += 1;
            }
        };
        for cut in self.cuts.iter().take(MAX_SLICES) {
            let (before, rest) = inline.split_at(cut.before);
            inline = rest;
            put(before);
            put(&cut.bytes);
        }
        if self.cuts.len() < MAX_SLICES {
            put(inline);
        }
        count
    }

    /// Takes what has been written off the beginning.
    pub(crate) fn advance(&mut self, mut written: usize) {
        while let Some(cut) = self.cuts.front_mut() {
            let inline = cut.before.min(written);
            self.inline.advance(inline);
            cut.before -= inline;
            written -= inline;
            let external = cut.bytes.len().min(written);
            cut.bytes.advance(external);
            written -= external;
            if cut.before > 0 || !cut.bytes.is_empty() {
                return;
            }
            self.cuts.pop_front();
        }
        self.inline.advance(written);
    }

    /// Makes the written batch ready to be filled again; returns the room that it took.
    pub(crate) fn recycle(&mut self) -> Charge {
        self.inline.clear();
        if self.inline.capacity() > MAX_KEPT_BUFFER {
            self.inline = BytesMut::new();
        }
        self.cuts.clear();
        std::mem::take(&mut self.charged)
    }
}

/// Where frames are collected for the next batch.
#[derive(Debug)]
pub(crate) struct Output {
    batch: Batch,
    /// Every payload is copied, whatever its length.
    copies_all: bool,
    /// Inline bytes since the last cut.
    uncut: usize,
    /// Bytes of payloads that the batch refers to.
    referred: usize,
    /// Payloads that frames refer to, until the last of them is in the batch.
    held: Slab<Held>,
    /// Where the frame that is being written refers to them.
    segments: Vec<Segment>,
    /// Whose payloads are in the batch as a whole now, to be woken outside the lock.
    wakers: Vec<Waker>,
}

/// A payload that is not in the batch as a whole yet.
#[derive(Debug)]
struct Held {
    payload: Payload,
    charge: Charge,
    /// Who waits for it to be sent.
    waker: Option<Waker>,
}

impl Output {
    pub(crate) fn new() -> Self {
        Self {
            batch: Batch::default(),
            copies_all: false,
            uncut: 0,
            referred: 0,
            held: Slab::new(),
            segments: Vec::new(),
            wakers: Vec::new(),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.batch.is_empty()
    }

    /// Takes the batch, and `empty` for the next one.
    pub(crate) fn take(&mut self, empty: &mut Batch) {
        debug_assert!(empty.is_empty());
        std::mem::swap(&mut self.batch, empty);
        self.uncut = 0;
        self.referred = 0;
    }

    /// Copies every payload from now on.
    pub(crate) fn copy_all(&mut self) {
        self.copies_all = true;
    }

    /// Forgets what waits.
    pub(crate) fn clear(&mut self) {
        *self = Self::new();
    }

    /// Forgets the frames of a transport that is gone, of which the connection keeps what it will send again. Returns
    /// the room that they had.
    pub(crate) fn lose(&mut self) -> Charge {
        debug_assert_eq!(self.held.len(), 0, "only what is copied can be sent again");
        self.uncut = 0;
        self.referred = 0;
        self.batch.recycle()
    }

    /// Notes room that the batch takes.
    #[inline]
    pub(crate) fn charge(&mut self, charge: Charge) {
        self.batch.charged += charge;
    }

    /// Lets `send` send this payload, for which the caller has a place, and take a share of the batch for it. Also returns
    /// a name for the payload where the connection sends it later, in fragments.
    #[inline]
    pub(crate) fn send<T>(
        &mut self,
        payload: &Payload,
        charge: Charge,
        share: usize,
        send: impl FnOnce(&Body<'_>, &mut Share<'_>) -> Result<T, SendError>,
    ) -> Result<(T, Option<u64>), SendError> {
        if self.copies_all || is_copied(payload) {
            let sent = self.write(share, |sink| send(&payload.inline(), sink))?;
            self.charge(charge);
            return Ok((sent, None));
        }
        let token = self.held.insert(Held {
            payload: payload.clone(),
            charge,
            waker: None,
        });
        match self.write(share, |sink| send(&payload.external(token), sink)) {
            Ok(sent) => Ok((sent, self.held.get_mut(token).map(|_| token))),
            Err(error) => {
                self.held.remove(token);
                Err(error)
            }
        }
    }

    /// Ready when nothing more of the payload of this name will be written.
    pub(crate) fn poll_sent(&mut self, token: u64, waker: &Waker) -> Poll<()> {
        let Some(held) = self.held.get_mut(token) else {
            return Poll::Ready(());
        };
        held.waker = Some(waker.clone());
        Poll::Pending
    }

    /// Lets go of a payload of which nothing more will be written. Returns the room that it takes.
    pub(crate) fn release(&mut self, token: u64) -> Charge {
        let Some(held) = self.held.remove(token) else {
            return Charge::default();
        };
        self.wakers.extend(held.waker);
        held.charge
    }

    /// Whom to wake because their payloads have been sent.
    pub(crate) fn drain_wakers(&mut self) -> Drain<'_, Waker> {
        self.wakers.drain(..)
    }

    /// Lets `write` write frames, until they have so many bytes. There is always room: callers have asked for it before,
    /// and what the connection has to say by itself is bounded by its limits.
    #[inline]
    pub(crate) fn write<T>(&mut self, share: usize, write: impl FnOnce(&mut Share<'_>) -> T) -> T {
        // Where the bytes begin that no cut has counted.
        let mut start = self.batch.inline.len();
        let writer = Writer::new(
            &mut self.batch.inline,
            usize::MAX,
            &mut self.segments,
            usize::MAX,
        );
        let result = write(&mut Share::new(writer, share));
        for segment in self.segments.drain(..) {
            let held = self.held.get_mut(segment.span.token);
            let bytes = held.map(|held| span_bytes(&held.payload, &segment.span));
            self.batch.cuts.push_back(Cut {
                before: self.uncut + segment.buffered,
                bytes: bytes.unwrap_or_default(),
            });
            self.uncut = 0;
            self.referred += segment.span.len;
            start += segment.buffered;
            if segment.span.last
                && let Some(held) = self.held.remove(segment.span.token)
            {
                self.batch.charged += held.charge;
                self.wakers.extend(held.waker);
            }
        }
        self.uncut += self.batch.inline.len() - start;
        result
    }

    /// Bytes of the batch.
    pub(crate) fn len(&self) -> usize {
        self.inline_len() + self.referred
    }

    /// Bytes of the batch, without those of payloads that it refers to.
    #[inline]
    pub(crate) fn inline_len(&self) -> usize {
        self.batch.inline.len()
    }
}

/// The bytes that a span refers to; the connection only refers to bytes that the payload has.
fn span_bytes(payload: &Payload, span: &ExternalSpan) -> Bytes {
    let part = match span.part {
        Part::Metadata => payload.metadata.as_ref(),
        Part::Data => Some(&payload.data),
    };
    part.map_or_else(Bytes::new, |part| {
        part.slice(span.offset..span.offset + span.len)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rsocket_protocol::frame::Frame;
    use rsocket_protocol::{Config, Connection, Time};
    use rsocket_transport::length_prefix::{Split, split};

    use crate::share::ALL;

    const CHUNK: usize = 1000;

    /// Sends the payloads as requests and writes the batch `CHUNK` bytes at a time.
    fn written(payloads: &[Payload]) -> Vec<u8> {
        let mut core = Connection::new(&Config::client(), Time::ZERO);
        let mut output = Output::new();
        output.write(ALL, |sink| core.transmit(sink));
        for payload in payloads {
            output
                .send(payload, Charge::default(), ALL, |body, sink| {
                    core.request_response(0, body, sink)
                })
                .expect("there is room");
        }
        assert_eq!(
            output.held.len(),
            0,
            "what is in the batch is held by the batch"
        );
        let mut batch = Batch::default();
        output.take(&mut batch);
        let mut bytes = Vec::new();
        while !batch.is_empty() {
            let mut slices = [IoSlice::new(&[]); MAX_SLICES];
            let count = batch.slices(&mut slices);
            let joined: Vec<u8> = slices[..count]
                .iter()
                .flat_map(|slice| slice.to_vec())
                .collect();
            let some = &joined[..joined.len().min(CHUNK)];
            bytes.extend_from_slice(some);
            batch.advance(some.len());
        }
        bytes
    }

    fn requests(mut bytes: &[u8]) -> Vec<Payload> {
        let mut requests = Vec::new();
        while let Ok(Split::Frame { frame, consumed }) = split(bytes, usize::MAX) {
            if let Ok((_, Frame::RequestResponse(request))) = Frame::decode(frame) {
                requests.push(Payload {
                    metadata: request.payload.metadata.map(Bytes::copy_from_slice),
                    data: Bytes::copy_from_slice(request.payload.data),
                });
            }
            bytes = &bytes[consumed..];
        }
        assert!(bytes.is_empty(), "whole frames only");
        requests
    }

    fn payload(metadata: Option<usize>, data: usize) -> Payload {
        let bytes = |seed: usize, len: usize| -> Vec<u8> {
            (0..len).map(|i| (i * 31 + seed) as u8).collect()
        };
        Payload {
            metadata: metadata.map(|len| bytes(1, len).into()),
            data: bytes(2, data).into(),
        }
    }

    #[test]
    fn copied_and_referred_payloads_are_written_in_order() {
        let mut payloads = vec![
            payload(None, 10),
            payload(Some(3), 5000),
            payload(Some(5000), 0),
            payload(Some(0), 9000),
            payload(None, 0),
            payload(Some(4000), 4000),
            payload(None, 20),
        ];
        payloads.extend((0..100).map(|i| payload(None, 50 * i)));
        assert_eq!(requests(&written(&payloads)), payloads);
    }

    #[test]
    fn a_refused_payload_is_not_held() {
        let mut core = Connection::new(&Config::client(), Time::ZERO);
        let mut output = Output::new();
        let sent = output.send(
            &payload(None, 65 << 20),
            Charge::default(),
            ALL,
            |body, sink| core.request_response(0, body, sink),
        );
        assert_eq!(sent, Err(SendError::PayloadTooLarge));
        assert!(output.is_empty());
        assert_eq!(output.held.len(), 0);
    }
}
