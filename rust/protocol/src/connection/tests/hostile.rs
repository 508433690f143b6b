//! Whatever a peer sends and however the driver is used: nothing panics, no limit is passed, each direction of a stream
//! ends once, nothing is sent without credit, and what was held is given back.

mod steps;

use std::collections::{BTreeMap, HashSet};

use proptest::collection::vec;
use proptest::prelude::*;

use super::interactions::large;
use super::*;
use crate::config::Limits;
use crate::frame::FrameType;
use steps::{Shape, Step, Which, step};

const LIMITS: Limits = Limits {
    max_inbound_streams: 4,
    max_outbound_streams: 4,
    max_frame_len: 1 << 10,
    max_payload_len: 200,
    max_unrequested_items: 2,
    max_reassembly_bytes: 60,
    max_queued_bytes: 300,
    max_control_bytes: 200,
    setup_timeout: Duration::from_secs(10),
};

const FRAGMENT_LEN: usize = 64;

/// What the last ERROR of a connection may add to the control bytes.
const LAST_ERROR: usize = 200;

/// What the frames of the longest payload may add to its length.
const PAYLOAD_OVERHEAD: usize = 4 * 13;

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

impl Known {
    fn is_over(&self) -> bool {
        !self.sending && !self.receiving
    }
}

/// What the driver knows, against which the connection's word is held.
struct Ledger {
    side: Alone,
    /// Streams by their names. Those of the peer's requests are those with slots.
    known: BTreeMap<Name, Known>,
    next_user: u64,
    /// Tokens of the payloads that the driver holds.
    held: HashSet<u64>,
    next_token: u64,
    /// Bytes of small frames that the driver's own calls have queued since there were none.
    own_frames: usize,
    closed: bool,
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

impl Ledger {
    fn new(side: Alone) -> Self {
        Self {
            side,
            known: BTreeMap::new(),
            next_user: 0,
            held: HashSet::new(),
            next_token: 0,
            own_frames: 0,
            closed: false,
        }
    }

    fn take(&mut self, step: &Step) {
        // A frame or two per step get out, unless others wait before them.
        self.side.out.room = 2;
        match step {
            Step::Frame {
                stream,
                frame_type,
                flags,
                body,
            } => {
                let header = FrameHeader {
                    stream_id: self.resolve(*stream),
                    frame_type: *frame_type,
                    flags: Flags::from_bits_truncate(*flags),
                };
                let seen = self.side.receive_raw(header, body);
                self.note(seen);
            }
            Step::Bytes(bytes) => {
                let seen = self.side.receive_bytes(bytes);
                self.note(seen);
            }
            Step::Decide(accept) => self.decide(*accept),
            Step::Ask(kind, shape) => self.ask(*kind, *shape),
            Step::Send(stream, shape, last) => self.send(self.resolve(*stream), *shape, *last),
            Step::Complete(stream) => {
                let stream = self.resolve(*stream);
                let sent = self.side.complete(stream);
                self.note_end(stream, sent);
            }
            Step::Fail(stream) => {
                let stream = self.resolve(*stream);
                let sent = self.side.fail(stream);
                self.note_end(stream, sent);
                if sent.is_ok() {
                    self.known.retain(|_, known| known.stream != stream);
                }
            }
            Step::RequestN(stream, n) => self.request_n(self.resolve(*stream), *n),
            Step::CancelReceiving(stream) => self.cancel_receiving(self.resolve(*stream)),
            Step::Cancel(user) => self.cancel(*user),
            Step::Push => {
                let (connection, out) = (&mut self.side.connection, &mut self.side.out);
                let pushed = connection.metadata_push(b"push", out);
                assert!(!self.closed || pushed == Err(SendError::Closed));
            }
            Step::Transmit => self.side.connection.transmit(&mut self.side.out),
            Step::Read => self.read(),
            Step::Pass(time) => {
                self.side.pass(*time);
                let seen = self.side.tick();
                self.note(seen);
            }
        }
        self.check();
    }

    fn resolve(&self, which: Which) -> u32 {
        match which {
            Which::Id(id) => id,
            Which::Open(_) if self.known.is_empty() => 1,
            Which::Open(index) => {
                let mut streams = self.known.values().map(|known| known.stream);
                streams.nth(index % self.known.len()).unwrap_or_default()
            }
        }
    }

    fn on(&mut self, stream: u32) -> Option<&mut Known> {
        self.known.values_mut().find(|known| known.stream == stream)
    }

    /// The stream that an event names; each event comes before the end of what it is about.
    #[track_caller]
    fn named(&mut self, name: StreamName) -> &mut Known {
        let known = self.known.get_mut(&name.into());
        known.unwrap_or_else(|| panic!("{name:?} is not open"))
    }

    fn forget_what_is_over(&mut self) {
        self.known.retain(|_, known| !known.is_over());
    }

    fn note(&mut self, seen: Option<Seen>) {
        let Some(seen) = seen else { return };
        assert!(!self.closed, "{seen:?} after the end");
        match seen {
            Seen::Setup | Seen::Draining | Seen::Lease { .. } | Seen::MetadataPush(_) => {}
            Seen::Request {
                kind: RequestKind::FireAndForget,
                slot,
                ..
            } => assert_eq!(slot, 0),
            Seen::Request {
                stream,
                slot,
                kind,
                initial_n,
                complete,
                ..
            } => {
                assert!((slot as u32 as usize) < LIMITS.max_inbound_streams);
                let index_in_use =
                    |name: &Name| matches!(name, Name::Slot(open) if *open as u32 == slot as u32);
                assert!(!self.known.keys().any(index_in_use));
                assert!(self.on(stream).is_none(), "twice");
                let known = Known {
                    stream,
                    kind,
                    sending: true,
                    credit: initial_n.into(),
                    receiving: !complete,
                    awaited: LIMITS.max_unrequested_items as u64,
                };
                self.known.insert(Name::Slot(slot), known);
            }
            Seen::Response { user, payload } => {
                self.note_item(StreamName::User(user), payload.is_some(), true);
            }
            Seen::Item {
                name,
                payload,
                complete,
            } => self.note_item(name, payload.is_some(), complete),
            Seen::Granted { name, n } => {
                let known = self.named(name);
                assert!(known.sending && n > 0);
                known.credit += u64::from(n);
            }
            Seen::NoMoreWanted { user } => {
                let known = self.named(StreamName::User(user));
                assert!(std::mem::take(&mut known.sending));
                assert_eq!(known.kind, RequestKind::RequestChannel);
            }
            Seen::Failed { user, .. } => {
                assert!(self.known.remove(&Name::User(user)).is_some());
            }
            Seen::RequesterFailed { slot, .. } => {
                let known = self.known.remove(&Name::Slot(slot));
                let kind = known.map(|known| known.kind);
                assert_eq!(kind, Some(RequestKind::RequestChannel));
            }
            Seen::Cancelled { stream, slot } => {
                let known = self.known.remove(&Name::Slot(slot));
                assert_eq!(known.map(|known| known.stream), Some(stream));
            }
            Seen::Resume { .. } | Seen::Resumed | Seen::Suspended => {
                panic!("{seen:?} without resume")
            }
            Seen::Closed => self.end(),
        }
        self.forget_what_is_over();
    }

    fn note_item(&mut self, name: StreamName, present: bool, complete: bool) {
        let known = self.named(name);
        assert!(known.receiving && (present || complete));
        known.receiving = !complete;
        if present {
            let left = known.awaited.checked_sub(1);
            known.awaited = left.expect("too many items were handed out");
        }
    }

    fn end(&mut self) {
        assert!(self.side.connection.is_closed());
        self.closed = true;
        self.known.clear();
    }

    fn decide(&mut self, accept: bool) {
        let connection = &mut self.side.connection;
        let waits = connection.awaits_decision();
        let decided = if accept {
            connection.accept_setup()
        } else {
            connection.reject_setup(ErrorCode::REJECTED_SETUP, "no")
        };
        assert_eq!(decided.is_ok(), waits);
        if waits && !accept {
            self.end();
        }
    }

    /// A payload to send; the driver holds those with a token until they are written or given back.
    fn body(&mut self, shape: Shape) -> Body<'static> {
        self.next_token += 1;
        let token = self.next_token;
        match shape {
            Shape::Copied => body(b"copied"),
            Shape::CopiedInFragments => body(&[b'c'; 150]),
            Shape::Held => large(token, None, 10),
            Shape::HeldInFragments => large(token, Some(90), 60),
            Shape::HeldButEmpty => large(token, Some(0), 0),
        }
    }

    fn note_held(&mut self, body: &Body<'_>, sent: bool) {
        if let (Body::External(body), true) = (body, sent)
            && body.len() > 0
        {
            self.held.insert(body.token);
        }
    }

    fn ask(&mut self, kind: RequestKind, shape: Shape) {
        let body = self.body(shape);
        let user = self.next_user;
        let n = 1 + (user % 3) as u32;
        let only = user.is_multiple_of(2);
        let (connection, out) = (&mut self.side.connection, &mut self.side.out);
        let asked = match kind {
            RequestKind::RequestResponse => connection.request_response(user, &body, out),
            RequestKind::RequestStream => connection.request_stream(user, n, &body, out),
            RequestKind::RequestChannel => connection.request_channel(user, n, &body, only, out),
            RequestKind::FireAndForget => {
                let sent = connection.fire_and_forget(&body, out);
                self.note_held(&body, sent.is_ok());
                return;
            }
        };
        self.note_held(&body, asked.is_ok());
        let Ok(stream) = asked else { return };
        self.next_user += 1;
        let wanted = match kind {
            RequestKind::RequestResponse => 1,
            _ => u64::from(n) + LIMITS.max_unrequested_items as u64,
        };
        let known = Known {
            stream,
            kind,
            sending: kind == RequestKind::RequestChannel && !only,
            credit: 0,
            receiving: true,
            awaited: wanted,
        };
        self.known.insert(Name::User(user), known);
    }

    fn send(&mut self, stream: u32, shape: Shape, last: bool) {
        let body = self.body(shape);
        let (connection, out) = (&mut self.side.connection, &mut self.side.out);
        let sent = connection.send_item(stream, &body, last, out);
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

    fn note_end(&mut self, stream: u32, sent: Result<(), SendError>) {
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
            other => panic!("{other:?} for an answer"),
        }
    }

    fn request_n(&mut self, stream: u32, n: u32) {
        let asked = self.side.connection.request_n(stream, n);
        let known = self.on(stream);
        let receiving =
            known.filter(|known| known.receiving && known.kind != RequestKind::RequestResponse);
        assert_eq!(asked, receiving.is_some());
        if let Some(known) = receiving {
            known.awaited += u64::from(n.min(0x7FFF_FFFF));
            self.own_frames += 10;
        }
    }

    fn cancel_receiving(&mut self, stream: u32) {
        let cancelled = self.side.connection.cancel_receiving(stream);
        let receiving = |(name, known): (&Name, &Known)| {
            matches!(name, Name::Slot(_)) && known.stream == stream && known.receiving
        };
        assert_eq!(cancelled, self.known.iter().any(receiving));
        if cancelled {
            self.own_frames += 6;
            self.on(stream).expect("it is open").receiving = false;
            self.forget_what_is_over();
        }
    }

    fn cancel(&mut self, user: u64) {
        if let Some(known) = self.known.remove(&Name::User(user)) {
            assert!(self.side.connection.cancel(known.stream, user));
            self.own_frames += 6;
        }
    }

    /// What was written decodes, and is no longer than it may be.
    fn read(&mut self) {
        self.side.out.room = usize::MAX;
        for frame in self.side.sent() {
            let (stream, decoded) = Frame::decode(&frame).expect("what is sent decodes");
            let may_be_long = stream == 0 || matches!(decoded, Frame::Error(_));
            assert!(may_be_long || frame.len() <= FRAGMENT_LEN);
        }
        self.note_written();
        assert!(!self.side.connection.wants_transmit());
        assert_eq!(self.held, HashSet::new(), "everything was sent");
        let names = self.known.keys();
        let slots = names.filter(|name| matches!(name, Name::Slot(_))).count();
        let open = self.side.open();
        assert_eq!(open, (self.known.len() - slots, slots + self.arriving()));
    }

    /// Requests whose fragments are still arriving.
    fn arriving(&self) -> usize {
        let streams = self.side.connection.streams.iter();
        streams.filter(|stream| stream.is_arriving()).count()
    }

    /// Payloads are written or given back once.
    fn note_written(&mut self) {
        let written = std::mem::take(&mut self.side.out.spans);
        let written = written.iter().filter(|span| span.last);
        let mut done: Vec<u64> = written.map(|span| span.token).collect();
        done.extend(self.side.released());
        for token in done {
            assert!(self.held.remove(&token), "{token} is not held");
        }
    }

    fn check(&mut self) {
        self.note_written();
        let connection = &self.side.connection;
        assert_eq!(connection.is_closed(), self.closed);
        assert_eq!(connection.close_reason().is_some(), self.closed);
        assert_eq!(connection.poll_timeout().is_none(), self.closed);
        assert!(!self.closed || self.held.is_empty());
        let (outbound, inbound) = self.side.open();
        let slots = |name: &&Name| matches!(name, Name::Slot(_));
        let known_inbound = self.known.keys().filter(slots).count();
        assert!(
            (self.known.len() - known_inbound..=LIMITS.max_outbound_streams).contains(&outbound)
        );
        assert!((known_inbound..=LIMITS.max_inbound_streams).contains(&inbound));
        self.check_memory();
    }

    fn check_memory(&mut self) {
        let connection = &self.side.connection;
        let arriving = connection.streams.iter();
        let arriving = arriving.filter_map(|stream| stream.reassembly.as_ref());
        let held: usize = arriving.map(|parts| parts.len()).sum();
        assert!(held <= LIMITS.max_reassembly_bytes);
        assert!(self.closed || connection.reassembly.held() == held);

        let control = connection.control.len();
        let cancels = LIMITS.max_outbound_streams * 6;
        assert!(control <= LIMITS.max_control_bytes + LAST_ERROR + cancels + self.own_frames);
        let queued = connection.sending.queued();
        let ends = (LIMITS.max_outbound_streams + LIMITS.max_inbound_streams) * 6;
        let payloads = LIMITS.max_queued_bytes + PAYLOAD_OVERHEAD;
        assert!(queued <= payloads + ends + self.own_frames);
        assert!(queued == 0 || !connection.sending.is_empty());
        if control == 0 && queued == 0 {
            self.own_frames = 0;
        }
    }
}

fn limited(mut config: Config) -> Config {
    config.limits = LIMITS;
    config.fragment_len = FRAGMENT_LEN;
    config
}

proptest! {
    #[test]
    fn a_hostile_server_harms_nobody_but_itself(steps in vec(step(), 0..80)) {
        let mut ledger = Ledger::new(Alone::client_with(&limited(client_config())));
        steps.iter().for_each(|step| ledger.take(step));
        ledger.take(&Step::Read);
    }

    #[test]
    fn a_hostile_client_harms_nobody_but_itself(steps in vec(step(), 0..80)) {
        let mut ledger = Ledger::new(Alone::server_with(&limited(server_config())));
        steps.iter().for_each(|step| ledger.take(step));
        ledger.take(&Step::Read);
    }

    #[test]
    fn a_hostile_client_without_setup_is_turned_away(steps in vec(step(), 0..50)) {
        let mut ledger = Ledger::new(Alone::new(&limited(server_config())));
        steps.iter().for_each(|step| ledger.take(step));
    }
}
