//! Any frames from a peer and any calls of a driver: nothing panics, limits hold, each direction of a stream ends once,
//! nothing is sent without credit, and every payload is let go of once. Connections are resumed from positions of any
//! kind, and send then what they sent before.

#![no_main]

mod output;
mod resuming;
mod step;
mod store;

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use output::{Out, is_tracked};
use rsocket_protocol::frame::{ErrorCode, Frame, Keepalive, PayloadRef, ResumeOk, Setup, Version};
use rsocket_protocol::{
    Body, Config, Connection, Event, ExternalBody, RequestKind, ResumeConfig, Role, SendError,
    StreamName, Time,
};
use step::{Input, Shape, Step, Which};
use store::Kept;

/// The longest position that a frame can carry.
const MAX_POSITION: u64 = i64::MAX as u64;

const MAX_STREAMS: usize = 4;
const MAX_UNREQUESTED: usize = 2;
const MAX_QUEUED: usize = 300;
const MAX_PAYLOAD: usize = 200;
const FRAGMENT_LEN: usize = 64;
const MAX_STORED: usize = 500;
const TOKEN: &[u8] = b"token";

fuzz_target!(|input: Input<'_>| {
    let mut driver = Driver::new(&input);
    for step in &input.steps {
        driver.take(step);
    }
});

/// A stream as its driver knows it: open as long as one direction is.
#[derive(Clone, Copy, Debug)]
struct Known {
    stream: u32,
    kind: RequestKind,
    /// This side may send.
    sending: bool,
    /// Items that this side may send.
    credit: u64,
    /// The peer may send.
    receiving: bool,
    /// Items that the peer may send, and a few more.
    awaited: u64,
}

/// A [`StreamName`] that can be ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Name {
    User(u64),
    Slot(u64),
}

impl From<StreamName> for Name {
    fn from(name: StreamName) -> Self {
        match name {
            StreamName::User(user) => Self::User(user),
            StreamName::Slot(slot) => Self::Slot(slot),
        }
    }
}

/// What the driver knows, against which the connection's word is held.
struct Driver {
    connection: Connection,
    now: Time,
    out: Out,
    known: BTreeMap<Name, Known>,
    next_user: u64,
    /// Tokens of the payloads that the driver holds, and how many bytes those have.
    held: HashSet<u64>,
    held_bytes: BTreeMap<u64, usize>,
    next_token: u64,
    closed: bool,
    /// What a server's driver has to decide on.
    first: Option<First>,
    /// Bytes of tracked frames that the peer sent and the connection took.
    received: u64,
    kept: Kept,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum First {
    Setup,
    Resume,
}

impl Driver {
    fn new(input: &Input<'_>) -> Self {
        let role = input.role;
        let mut config = match role {
            Role::Client => Config::client(),
            Role::Server => Config::server(),
        };
        config.fragment_len = FRAGMENT_LEN;
        config.limits.max_inbound_streams = MAX_STREAMS;
        config.limits.max_outbound_streams = MAX_STREAMS;
        config.limits.max_payload_len = MAX_PAYLOAD;
        config.limits.max_unrequested_items = MAX_UNREQUESTED;
        config.limits.max_queued_bytes = MAX_QUEUED;
        config.limits.max_reassembly_bytes = 60;
        config.limits.max_control_bytes = 200;
        config.resume = input.resumes.then(|| ResumeConfig {
            token: TOKEN.to_vec(),
            store_limit: MAX_STORED,
            session_timeout: Duration::from_secs(60),
        });
        let mut driver = Self {
            connection: Connection::new(&config, Time::ZERO),
            now: Time::ZERO,
            out: Out::default(),
            known: BTreeMap::new(),
            next_user: 0,
            held: HashSet::new(),
            held_bytes: BTreeMap::new(),
            next_token: 0,
            closed: false,
            first: None,
            received: 0,
            kept: Kept::default(),
        };
        if role == Role::Client {
            driver.bound_store();
            assert_eq!(driver.out.keeps, input.resumes);
        }
        if input.set_up && role == Role::Server {
            driver.receive(&setup(input.resumes));
            driver.decide(true);
        }
        driver
    }

    fn take(&mut self, step: &Step<'_>) {
        match step {
            Step::Frame {
                stream,
                type_and_flags,
                body,
            } => {
                let stream = self.resolve(*stream).to_be_bytes();
                let frame = [&stream, &type_and_flags.to_be_bytes()[..], body].concat();
                self.receive(&frame);
            }
            Step::Bytes(bytes) => self.receive(bytes),
            Step::Decide(accept) => self.decide(*accept),
            Step::Ask(kind, shape) => self.ask(*kind, *shape),
            Step::Send {
                stream,
                shape,
                last,
            } => self.send(self.resolve(*stream), *shape, *last),
            Step::Complete(stream) => {
                let stream = self.resolve(*stream);
                let sent = self.connection.complete(stream, &mut self.out);
                self.note_end(stream, sent);
            }
            Step::Fail(stream) => {
                let stream = self.resolve(*stream);
                let (code, out) = (ErrorCode::INVALID, &mut self.out);
                let sent = self.connection.send_error(stream, code, b"no", out);
                self.note_end(stream, sent);
                if sent.is_ok() {
                    self.known.retain(|_, known| known.stream != stream);
                }
            }
            Step::RequestN(stream, n) => self.request_n(self.resolve(*stream), (*n).into()),
            Step::CancelReceiving(stream) => self.cancel_receiving(self.resolve(*stream)),
            Step::Cancel(user) => {
                if let Some(known) = self.known.remove(&Name::User((*user).into())) {
                    assert!(self.connection.cancel(known.stream, (*user).into()));
                }
            }
            Step::Push => {
                let pushed = self.connection.metadata_push(b"push", &mut self.out);
                assert!(!self.closed || pushed == Err(SendError::Closed));
                let suspended = self.connection.is_suspended();
                assert_eq!(pushed == Err(SendError::Suspended), suspended);
            }
            Step::Room(frames) => self.out.room = usize::from(*frames),
            Step::Transmit => {
                self.connection.transmit(&mut self.out);
                assert!(self.out.room == 0 || !self.connection.wants_transmit());
            }
            Step::Pass(ms) => {
                self.now = self.now + Duration::from_millis(u64::from(*ms));
                match self.connection.handle_timeout(self.now) {
                    None => {}
                    Some(Event::Closed) => self.end(),
                    Some(Event::Suspended) => self.detach(),
                    Some(other) => panic!("{other:?} at a timeout"),
                }
            }
            Step::NotAFrame => {
                self.connection.fail("not a frame");
                if !self.closed {
                    self.end();
                }
            }
            Step::Lose => self.lose(),
            Step::BeginResume => self.begin_resume(),
            Step::Resume(last_received, first_available) => {
                self.resume(
                    self.position(*last_received),
                    self.position(*first_available),
                );
            }
            Step::RejectResume => {
                let rejected = self.connection.reject_resume("no");
                assert_eq!(rejected.is_ok(), self.first == Some(First::Resume));
                if rejected.is_ok() {
                    self.first = None;
                    self.end();
                }
            }
            Step::ResumeOk(position) => {
                let last_received_client_position = self.position(*position) & MAX_POSITION;
                self.receive_frame(Frame::ResumeOk(ResumeOk {
                    last_received_client_position,
                }));
            }
            Step::Acknowledge(position) => {
                self.receive_frame(Frame::Keepalive(Keepalive {
                    respond: false,
                    last_received_position: self.position(*position) & MAX_POSITION,
                    data: b"",
                }));
            }
        }
        self.check();
    }

    fn resolve(&self, which: Which) -> u32 {
        match which {
            Which::Id(id) => (id % 8).into(),
            Which::Open(_) if self.known.is_empty() => 1,
            Which::Open(index) => {
                let mut streams = self.known.values().map(|known| known.stream);
                let index = usize::from(index) % self.known.len();
                streams.nth(index).unwrap_or_default()
            }
        }
    }

    fn on(&mut self, stream: u32) -> Option<&mut Known> {
        self.known.values_mut().find(|known| known.stream == stream)
    }

    /// The stream that an event names; each event comes before the end of what it is about.
    fn named(&mut self, name: StreamName) -> &mut Known {
        let known = self.known.get_mut(&name.into());
        known.unwrap_or_else(|| panic!("{name:?} is not open"))
    }

    fn forget_what_is_over(&mut self) {
        self.known
            .retain(|_, known| known.sending || known.receiving);
    }

    fn receive(&mut self, frame: &[u8]) {
        let takes = !self.closed && !self.connection.is_suspended() && self.first.is_none();
        if takes && is_tracked(frame) {
            self.received += frame.len() as u64;
        }
        let Some(event) = self.connection.receive(self.now, frame) else {
            return;
        };
        assert!(!self.closed, "{event:?} after the end");
        match event {
            Event::Setup(_) => self.first = Some(First::Setup),
            Event::Resume(_) => self.first = Some(First::Resume),
            Event::Resumed => {
                let Ok((0, Frame::ResumeOk(ok))) = Frame::decode(frame) else {
                    panic!("resumed by {frame:?}");
                };
                self.out.go_on(ok.last_received_client_position);
            }
            Event::Request {
                kind: RequestKind::FireAndForget,
                slot,
                ..
            } => assert_eq!(slot, 0),
            Event::Request {
                stream,
                slot,
                kind,
                initial_n,
                complete,
                ..
            } => self.note_request(stream, slot, kind, initial_n, complete),
            Event::Item {
                stream,
                name,
                payload,
                complete,
            } => {
                let known = self.named(name);
                assert!(known.stream == stream && known.receiving);
                assert!(payload.is_some() || complete);
                known.receiving = !complete;
                if payload.is_some() {
                    let left = known.awaited.checked_sub(1);
                    known.awaited = left.expect("too many items were handed out");
                }
            }
            Event::Granted { stream, name, n } => {
                let known = self.named(name);
                assert!(known.stream == stream && known.sending && n > 0);
                known.credit += u64::from(n);
            }
            Event::Cancelled {
                name: StreamName::User(user),
                ..
            } => {
                let known = self.named(StreamName::User(user));
                assert!(std::mem::take(&mut known.sending));
                assert_eq!(known.kind, RequestKind::RequestChannel);
            }
            Event::Cancelled { stream, name } | Event::Failed { stream, name, .. } => {
                let known = self.known.remove(&name.into());
                assert_eq!(known.map(|known| known.stream), Some(stream));
            }
            Event::Closed => self.end(),
            _ => {}
        }
        self.forget_what_is_over();
    }

    fn note_request(
        &mut self,
        stream: u32,
        slot: u64,
        kind: RequestKind,
        initial_n: u32,
        complete: bool,
    ) {
        assert!((slot as u32 as usize) < MAX_STREAMS);
        let in_use = |name: &Name| matches!(name, Name::Slot(open) if *open as u32 == slot as u32);
        assert!(!self.known.keys().any(in_use));
        assert!(self.on(stream).is_none());
        let known = Known {
            stream,
            kind,
            sending: true,
            credit: initial_n.into(),
            receiving: !complete,
            awaited: MAX_UNREQUESTED as u64,
        };
        self.known.insert(Name::Slot(slot), known);
    }

    fn decide(&mut self, accept: bool) {
        assert_eq!(self.connection.awaits_decision(), self.first.is_some());
        let waits = self.first == Some(First::Setup);
        if waits && accept {
            self.bound_store();
        }
        let decided = if accept {
            self.connection.accept_setup()
        } else {
            self.connection
                .reject_setup(ErrorCode::REJECTED_SETUP, "no")
        };
        assert_eq!(decided.is_ok(), waits);
        if waits {
            self.first = None;
        }
        if waits && !accept {
            self.end();
        }
    }

    /// A payload to send; each that the driver holds has a token of its own.
    fn body(&mut self, shape: Shape) -> Body<'static> {
        let (metadata_len, data_len) = match shape {
            Shape::Copied => return Body::Inline(PayloadRef::new(Some(b"meta"), b"data")),
            Shape::CopiedInFragments => {
                return Body::Inline(PayloadRef::new(Some(&[b'm'; 90]), &[b'd'; 60]));
            }
            Shape::Held => (None, 10),
            Shape::HeldInFragments => (Some(90), 60),
            Shape::HeldButEmpty => (Some(0), 0),
        };
        self.next_token += 1;
        Body::External(ExternalBody {
            token: self.next_token,
            metadata_len,
            data_len,
        })
    }

    /// The driver holds a payload until its last span is written or it is released.
    fn note_held(&mut self, body: &Body<'_>, sent: bool) {
        let Body::External(body) = body else { return };
        assert!(!sent || !self.connection.is_resumable());
        let len = body.metadata_len.unwrap_or(0) + body.data_len;
        if sent && len > 0 {
            self.held.insert(body.token);
            self.held_bytes.insert(body.token, len);
        }
    }

    fn ask(&mut self, kind: RequestKind, shape: Shape) {
        let (user, body) = (self.next_user, self.body(shape));
        let (n, only) = (1 + (user % 3) as u32, user % 2 == 0);
        let (connection, out) = (&mut self.connection, &mut self.out);
        let asked = match kind {
            RequestKind::RequestResponse => connection.request_response(user, &body, out),
            RequestKind::RequestStream => connection.request_stream(user, n, &body, out),
            RequestKind::RequestChannel => connection.request_channel(user, n, &body, only, out),
            RequestKind::FireAndForget => {
                let sent = connection.fire_and_forget(&body, out);
                return self.note_held(&body, sent.is_ok());
            }
        };
        self.note_held(&body, asked.is_ok());
        let Ok(stream) = asked else { return };
        self.next_user += 1;
        let known = Known {
            stream,
            kind,
            sending: kind == RequestKind::RequestChannel && !only,
            credit: 0,
            receiving: true,
            awaited: match kind {
                RequestKind::RequestResponse => 1,
                _ => u64::from(n) + MAX_UNREQUESTED as u64,
            },
        };
        self.known.insert(Name::User(user), known);
    }

    fn send(&mut self, stream: u32, shape: Shape, last: bool) {
        let body = self.body(shape);
        let sent = self
            .connection
            .send_item(stream, &body, last, &mut self.out);
        self.note_held(&body, sent.is_ok());
        let sendable = self.on(stream).filter(|known| known.sending);
        match sent {
            Ok(()) => {
                let known = sendable.expect("the stream may be sent on");
                let left = known.credit.checked_sub(1);
                known.credit = left.expect("an item was sent without credit");
                known.sending = !last && known.kind != RequestKind::RequestResponse;
            }
            Err(SendError::NoCredit) => assert_eq!(sendable.map(|known| known.credit), Some(0)),
            Err(error) => self.note_refusal(stream, error),
        }
        self.forget_what_is_over();
    }

    fn note_end(&mut self, stream: u32, sent: std::result::Result<(), SendError>) {
        match sent {
            Ok(()) => {
                let known = self.on(stream).expect("the stream is open");
                assert!(std::mem::take(&mut known.sending));
            }
            Err(error) => self.note_refusal(stream, error),
        }
        self.forget_what_is_over();
    }

    fn note_refusal(&mut self, stream: u32, error: SendError) {
        let sendable = self.on(stream).is_some_and(|known| known.sending);
        match error {
            SendError::NoSuchStream => assert!(!sendable),
            SendError::Full => assert!(sendable),
            SendError::Closed => assert!(self.closed),
            SendError::NotCopied => assert!(self.out.keeps || self.first.is_some()),
            other => panic!("{other:?} for an answer"),
        }
    }

    fn request_n(&mut self, stream: u32, n: u32) {
        let asked = self.connection.request_n(stream, n);
        let takes_items =
            |known: &&mut Known| known.receiving && known.kind != RequestKind::RequestResponse;
        let known = self.on(stream).filter(takes_items);
        assert_eq!(asked, known.is_some());
        if let Some(known) = known {
            known.awaited += u64::from(n);
        }
    }

    fn cancel_receiving(&mut self, stream: u32) {
        let cancelled = self.connection.cancel_receiving(stream);
        let receiving = |(name, known): (&Name, &Known)| {
            matches!(name, Name::Slot(_)) && known.stream == stream && known.receiving
        };
        assert_eq!(cancelled, self.known.iter().any(receiving));
        if cancelled {
            self.on(stream).expect("it is open").receiving = false;
            self.forget_what_is_over();
        }
    }

    fn end(&mut self) {
        assert!(!self.closed, "the end came twice");
        self.closed = true;
        self.first = None;
        self.out.keeps = false;
        self.known.clear();
    }

    fn check(&mut self) {
        let released = std::iter::from_fn(|| self.connection.poll_released());
        for token in released.chain(self.out.written.drain(..)) {
            assert!(self.held.remove(&token), "{token} is not held");
            self.held_bytes.remove(&token);
        }
        assert!(!self.closed || self.held.is_empty());
        assert!(self.held_bytes.values().sum::<usize>() <= MAX_QUEUED);
        let connection = &self.connection;
        assert_eq!(connection.is_closed(), self.closed);
        assert_eq!(connection.close_reason().is_some(), self.closed);
        assert_eq!(connection.poll_timeout().is_none(), self.closed);
        let slots = |name: &&Name| matches!(name, Name::Slot(_));
        let inbound = self.known.keys().filter(slots).count();
        let outbound = self.known.len() - inbound;
        assert!((outbound..=MAX_STREAMS).contains(&connection.outbound_streams()));
        assert!((inbound..=MAX_STREAMS).contains(&connection.inbound_streams()));
        let waits = connection.awaits_transport();
        assert_eq!(waits, self.out.transport.is_none() && !self.closed);
        assert!(self.out.received <= self.received);
        if !connection.wants_transmit() && !connection.is_suspended() {
            assert_eq!(connection.outbound_streams(), outbound);
            assert!(self.held.is_empty());
        }
    }
}

fn setup(resumes: bool) -> Vec<u8> {
    let mut frame = Vec::new();
    let setup = Setup {
        version: Version { major: 1, minor: 0 },
        keepalive_interval_ms: 10_000,
        max_lifetime_ms: 100_000,
        resume_token: resumes.then_some(TOKEN),
        honors_lease: false,
        metadata_mime: b"a/b",
        data_mime: b"a/b",
        payload: PayloadRef::default(),
    };
    Frame::Setup(setup).encode(0, &mut frame);
    frame
}
