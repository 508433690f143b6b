//! One side: a connection, its driver, and an application that asks, answers and sends bulk.

use std::collections::{HashMap, VecDeque};

use rsocket_protocol::frame::{FrameHeader, FrameType, PayloadRef};
use rsocket_protocol::{
    Body, Config, Connection, Event, ExternalBody, InboundPayload, RequestKind, Role, SendError,
    StreamName, Time,
};

use crate::SMALL;
use crate::bulk::{Bulk, Source};
use crate::link::{Link, Nanos};
use crate::output::Output;
use crate::world::Settings;

/// Bytes of bulk that wait for the driver's next turn, beyond the first item.
pub(crate) const QUEUE: usize = 32 << 10;

/// Payloads up to this length are copied.
const COPIED: usize = 2 << 10;

/// Names of the bulk's requests begin here; those below are small ones.
const BULK: u64 = 1 << 32;

/// Bytes of a PAYLOAD frame before its payload.
const HEADER: usize = FrameHeader::LEN;

static ZEROS: [u8; COPIED] = [0; COPIED];

/// What an application wants written, in the order in which it said so.
#[derive(Debug)]
enum Submission {
    Ask { user: u64 },
    OpenBulk { user: u64 },
    Answer { stream: u32 },
    Item { source: usize },
}

pub(crate) struct Endpoint {
    connection: Connection,
    output: Output,
    pub(crate) link: Link,
    submissions: VecDeque<Submission>,
    /// Bytes of bulk among the submissions.
    queued: usize,
    bulk: Bulk,
    settings: Settings,
    sources: Vec<Source>,
    /// Whose turn it is to submit.
    turn: usize,
    next_token: u64,
    /// Which source's item a token names.
    tokens: HashMap<u64, usize>,
    /// When each KEEPALIVE that waits was due, and when the link was free at that time.
    keepalives: VecDeque<(Nanos, Nanos)>,
    /// How long each waited.
    pub(crate) keepalive_waits: Vec<(Nanos, Nanos)>,
    /// When each small request was made that has no answer yet.
    asked: HashMap<u64, Nanos>,
    /// When each of the others was made, and how long it took.
    pub(crate) answered: Vec<(Nanos, Nanos)>,
    pub(crate) bulk_arrived: usize,
}

impl Endpoint {
    pub(crate) fn new(config: &Config, bulk: Bulk, settings: Settings) -> Self {
        Self {
            connection: Connection::new(config, Time::ZERO),
            output: Output::default(),
            link: Link::default(),
            submissions: VecDeque::new(),
            queued: 0,
            bulk,
            settings,
            sources: Vec::new(),
            turn: 0,
            next_token: 0,
            tokens: HashMap::new(),
            keepalives: VecDeque::new(),
            keepalive_waits: Vec::new(),
            asked: HashMap::new(),
            answered: Vec::new(),
            bulk_arrived: 0,
        }
    }

    /// The application makes a small request.
    pub(crate) fn ask(&mut self, now: Nanos) {
        let user = (self.asked.len() + self.answered.len()) as u64;
        self.asked.insert(user, now);
        self.submissions.push_back(Submission::Ask { user });
    }

    /// The application opens the streams of the bulk.
    pub(crate) fn open_bulk(&mut self) {
        let users = BULK..BULK + self.bulk.streams;
        self.submissions
            .extend(users.map(|user| Submission::OpenBulk { user }));
    }

    pub(crate) fn deadline(&self) -> Nanos {
        let deadline = self.connection.poll_timeout();
        deadline.expect("the connection is open").as_nanos()
    }

    /// The time has come that the connection waited for: for KEEPALIVE, as nothing else is due here.
    pub(crate) fn tick(&mut self, now: Nanos) {
        let event = self.connection.handle_timeout(Time::from_nanos(now));
        assert_eq!(event, None, "at a timeout");
        self.note_keepalive(now);
    }

    fn note_keepalive(&mut self, now: Nanos) {
        self.keepalives.push_back((now, self.link.free_at));
    }

    /// Whole frames arrived, each with its prefix.
    pub(crate) fn receive(&mut self, now: Nanos, mut bytes: &[u8]) {
        while let Some(([high, middle, low], rest)) = bytes.split_first_chunk() {
            let len = u32::from_be_bytes([0, *high, *middle, *low]) as usize;
            let (frame, rest) = rest.split_at(len);
            bytes = rest;
            if self.connection.role() == Role::Server && is_keepalive(frame) {
                self.note_keepalive(now);
            }
            self.hear(now, frame);
        }
    }

    fn hear(&mut self, now: Nanos, frame: &[u8]) {
        match self.connection.receive(Time::from_nanos(now), frame) {
            None => {}
            Some(Event::Setup(_)) => self.connection.accept_setup().expect("a setup waits"),
            Some(Event::Request {
                stream,
                kind: RequestKind::RequestResponse,
                ..
            }) => self.submissions.push_back(Submission::Answer { stream }),
            Some(Event::Request {
                stream,
                kind: RequestKind::RequestStream,
                initial_n,
                ..
            }) => self.sources.push(Source {
                stream,
                left: self.bulk.items,
                credit: initial_n.into(),
                held: false,
            }),
            Some(Event::Request {
                stream,
                kind: RequestKind::RequestChannel,
                ..
            }) => {
                self.connection.request_n(stream, u32::MAX);
            }
            Some(Event::Granted { stream, n, .. }) => {
                let mut sources = self.sources.iter_mut();
                let source = sources.find(|source| source.stream == stream);
                source.expect("it is bulk").credit += u64::from(n);
            }
            Some(Event::Item { name, payload, .. }) => {
                let len = payload.as_ref().map_or(0, payload_len);
                self.hear_item(now, name, len);
            }
            Some(other) => panic!("{other:?} was not to be expected"),
        }
    }

    fn hear_item(&mut self, now: Nanos, name: StreamName, len: usize) {
        match name {
            StreamName::User(user) if user < BULK => {
                assert_eq!(len, self.settings.answer);
                let asked = self.asked.remove(&user).expect("it was asked for");
                self.answered.push((asked, now - asked));
            }
            _ => {
                assert_eq!(len, self.bulk.item);
                self.bulk_arrived += len;
            }
        }
    }

    /// Writes the next turn, if the link is free and there is one. Frames without what goes ahead of them.
    pub(crate) fn write(&mut self, now: Nanos) -> Option<&Output> {
        if now < self.link.free_at {
            return None;
        }
        self.submit_bulk();
        self.output.begin();
        while let Some(submission) = self.submissions.pop_front() {
            if let Err(error) = self.carry_out(&submission) {
                assert_eq!(error, SendError::Full);
                self.submissions.push_front(submission);
                break;
            }
        }
        self.output.begin_external();
        self.connection.transmit(&mut self.output);
        self.output.end_turn();
        self.let_go();
        self.submit_bulk(); // Nobody else is faster.
        self.check_keepalives(now);
        (!self.output.bytes.is_empty()).then_some(&self.output)
    }

    /// Streams that have an item submit one each, in turn, as far as there is room for bulk.
    fn submit_bulk(&mut self) {
        let mut tried = 0;
        while tried < self.sources.len() && (self.queued == 0 || self.queued < QUEUE) {
            self.turn = (self.turn + 1) % self.sources.len();
            let (fragmented, source) = (self.is_fragmented(), &mut self.sources[self.turn]);
            tried += 1;
            if source.is_ready() {
                source.take();
                source.held = fragmented;
                self.submissions
                    .push_back(Submission::Item { source: self.turn });
                self.queued += if fragmented { 0 } else { self.bulk.item };
                tried = 0;
            }
        }
    }

    /// Items that do not fit a frame take turns in the connection, and so take no room before it.
    fn is_fragmented(&self) -> bool {
        HEADER + self.bulk.item > self.settings.fragment_len
    }

    fn carry_out(&mut self, submission: &Submission) -> Result<(), SendError> {
        let (connection, out) = (&mut self.connection, &mut self.output);
        let mut body = |len| match ZEROS.get(..len) {
            Some(copied) => Body::Inline(PayloadRef::from_data(copied)),
            None => {
                self.next_token += 1;
                Body::External(ExternalBody {
                    token: self.next_token,
                    metadata_len: None,
                    data_len: len,
                })
            }
        };
        match *submission {
            Submission::Ask { user } => {
                connection.request_response(user, &body(SMALL), out)?;
            }
            Submission::OpenBulk { user } if self.bulk.upwards => {
                let stream = connection.request_channel(user, 1, &body(0), false, out)?;
                self.sources.push(Source {
                    stream,
                    left: self.bulk.items,
                    credit: 0,
                    held: false,
                });
            }
            Submission::OpenBulk { user } => {
                connection.request_stream(user, u32::MAX, &body(0), out)?;
            }
            Submission::Answer { stream } => {
                connection.respond(stream, Some(&body(self.settings.answer)), out)?;
            }
            Submission::Item { source } => {
                let stream = self.sources[source].stream;
                connection.send_item(stream, &body(self.bulk.item), false, out)?;
                if self.sources[source].held {
                    self.tokens.insert(self.next_token, source);
                } else {
                    self.queued -= self.bulk.item;
                }
            }
        }
        Ok(())
    }

    /// Lets streams go on whose last item has been written.
    fn let_go(&mut self) {
        for token in self.output.written.drain(..) {
            if let Some(source) = self.tokens.remove(&token) {
                self.sources[source].held = false;
            }
        }
    }

    /// KEEPALIVE goes ahead of all streams, in the first turn that is written after it was due.
    fn check_keepalives(&mut self, now: Nanos) {
        let mut ahead = self.output.frames.iter();
        while let Some((due, free_at)) = self.keepalives.pop_front() {
            assert_eq!(now, due.max(free_at), "a turn went before it");
            let frame = ahead.next().expect("it is in this turn");
            assert!(is_keepalive(&self.output.bytes[frame.clone()]));
            self.keepalive_waits.push((due, now - due));
        }
    }
}

fn payload_len(payload: &InboundPayload<'_>) -> usize {
    payload.as_ref().data.len()
}

fn is_keepalive(frame: &[u8]) -> bool {
    let (header, _) = FrameHeader::decode(frame).expect("what is sent decodes");
    header.stream_id == 0 && header.frame_type == FrameType::Keepalive as u8
}
