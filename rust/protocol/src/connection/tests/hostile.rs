//! Whatever a peer sends and however the driver is used: nothing panics, no limit is passed, and what was begun ends
//! once.

use std::collections::HashMap;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::config::Limits;

const LIMITS: Limits = Limits {
    max_inbound_streams: 4,
    max_outbound_streams: 4,
    max_frame_len: 1 << 10,
    max_payload_len: 40,
    max_reassembly_bytes: 60,
    max_control_bytes: 200,
    setup_timeout: Duration::from_secs(10),
};

/// What the last ERROR of a connection may add to the control bytes.
const LAST_ERROR: usize = 200;

#[derive(Clone, Debug)]
enum Step {
    /// The peer sends a frame with this header and body.
    Frame {
        stream: u32,
        frame_type: u8,
        flags: u16,
        body: Vec<u8>,
    },
    /// The peer sends bytes that need not be a frame.
    Bytes(Vec<u8>),
    /// The driver lets the client in, or not.
    Decide(bool),
    /// The driver asks, answers, fails or withdraws something.
    Request,
    FireAndForget,
    Respond(u32),
    Fail(u32),
    Cancel(u64),
    /// The driver writes everything that waits to a peer that reads.
    Read,
    Pass(Duration),
}

/// Few, so that frames meet streams that are open.
fn stream() -> impl Strategy<Value = u32> {
    prop_oneof![8 => 0..8_u32, 1 => any::<u32>().prop_map(|id| id & 0x7FFF_FFFF)]
}

/// A payload as it stands in a frame, with the METADATA flag if it has metadata.
fn payload() -> impl Strategy<Value = (u16, Vec<u8>)> {
    (
        any::<bool>(),
        vec(any::<u8>(), 0..20),
        vec(any::<u8>(), 0..20),
    )
        .prop_map(|(has_metadata, metadata, data)| {
            let payload = PayloadRef::new(has_metadata.then_some(&*metadata), &data);
            let mut body = Vec::new();
            payload.encode(&mut body);
            (Flags::METADATA.when(has_metadata).bits(), body)
        })
}

/// A frame that decodes, with any of the flags that matter.
fn sensible_frame() -> impl Strategy<Value = Step> {
    let with_payload = prop_oneof![Just(0x04), Just(0x05), Just(0x0A), Just(0x0A)];
    let flags = prop_oneof![
        Just(0),
        Just(0x80),
        Just(0x40),
        Just(0x20),
        Just(0x60),
        Just(0xC0)
    ];
    let requests_and_payloads = (stream(), with_payload, flags, payload()).prop_map(
        |(stream, frame_type, flags, (metadata, body))| Step::Frame {
            stream,
            frame_type,
            flags: flags | metadata,
            body,
        },
    );
    let cancel = stream().prop_map(|stream| Step::Frame {
        stream,
        frame_type: 0x09,
        flags: 0,
        body: Vec::new(),
    });
    let keepalive = (any::<bool>(), vec(any::<u8>(), 8..60)).prop_map(|(respond, body)| {
        let flags = Flags::RESPOND.when(respond).bits();
        Step::Frame {
            stream: 0,
            frame_type: 0x03,
            flags,
            body,
        }
    });
    let codes = prop_oneof![
        Just(0x102_u32),
        Just(0x201),
        Just(0x202),
        Just(0x3),
        any::<u32>()
    ];
    let error = (stream(), codes).prop_map(|(stream, code)| Step::Frame {
        stream,
        frame_type: 0x0B,
        flags: 0,
        body: code.to_be_bytes().to_vec(),
    });
    prop_oneof![12 => requests_and_payloads, 2 => cancel, 2 => keepalive, 1 => error]
}

fn any_frame() -> impl Strategy<Value = Step> {
    let body = vec(any::<u8>(), 0..40);
    (stream(), any::<u8>(), any::<u16>(), body).prop_map(|(stream, frame_type, flags, body)| {
        Step::Frame {
            stream,
            frame_type: frame_type & 0x3F,
            flags,
            body,
        }
    })
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        30 => sensible_frame(),
        2 => any_frame(),
        1 => vec(any::<u8>(), 0..40).prop_map(Step::Bytes),
        1 => any::<bool>().prop_map(Step::Decide),
        6 => Just(Step::Request),
        1 => Just(Step::FireAndForget),
        4 => stream().prop_map(Step::Respond),
        2 => stream().prop_map(Step::Fail),
        2 => (0..40_u64).prop_map(Step::Cancel),
        3 => Just(Step::Read),
        2 => (0..3_000_u64).prop_map(|ms| Step::Pass(Duration::from_millis(ms))),
    ]
}

/// What the driver knows, against which the connection's word is held.
struct Ledger {
    side: Alone,
    /// Streams of this side's open requests, by name.
    asked: HashMap<u64, u32>,
    next_user: u64,
    /// Slots of the peer's open requests, by stream.
    asking: HashMap<u32, u64>,
    closed: bool,
}

impl Ledger {
    fn new(side: Alone) -> Self {
        Self {
            side,
            asked: HashMap::new(),
            next_user: 0,
            asking: HashMap::new(),
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
                    stream_id: *stream,
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
            Step::Request => self.request(),
            Step::FireAndForget => self.fire_and_forget(),
            Step::Respond(stream) => {
                let answered = self.side.respond(*stream, b"answer");
                self.note_answer(*stream, answered);
            }
            Step::Fail(stream) => {
                let (connection, out) = (&mut self.side.connection, &mut self.side.out);
                let failed = connection.respond_error(*stream, ErrorCode::INVALID, b"no", out);
                self.note_answer(*stream, failed);
            }
            Step::Cancel(user) => self.cancel(*user),
            Step::Read => self.read(),
            Step::Pass(time) => {
                self.side.pass(*time);
                let seen = self.side.tick();
                self.note(seen);
            }
        }
        self.check();
    }

    fn note(&mut self, seen: Option<Seen>) {
        let Some(seen) = seen else { return };
        assert!(!self.closed, "{seen:?} after the end");
        match seen {
            Seen::Setup | Seen::Draining => {}
            Seen::Request {
                kind: RequestKind::FireAndForget,
                slot,
                ..
            } => assert_eq!(slot, 0),
            Seen::Request { stream, slot, .. } => {
                assert!((slot as u32 as usize) < LIMITS.max_inbound_streams);
                assert!(self.asking.values().all(|open| *open as u32 != slot as u32));
                assert_eq!(self.asking.insert(stream, slot), None, "twice");
            }
            Seen::Response { user, .. } | Seen::Failed { user, .. } => {
                assert!(self.asked.remove(&user).is_some(), "{user} was not asked");
            }
            Seen::Cancelled { stream, slot } => {
                assert_eq!(self.asking.remove(&stream), Some(slot));
            }
            Seen::Closed => self.end(),
        }
    }

    fn end(&mut self) {
        assert!(self.side.connection.is_closed());
        self.closed = true;
        self.asked.clear();
        self.asking.clear();
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

    fn request(&mut self) {
        let user = self.next_user;
        self.next_user += 1;
        let (connection, out) = (&mut self.side.connection, &mut self.side.out);
        let asked = connection.request_response(user, &body(b"ask"), out);
        if let Ok(stream) = asked {
            assert_eq!(self.asked.insert(user, stream), None);
        }
    }

    fn fire_and_forget(&mut self) {
        let (connection, out) = (&mut self.side.connection, &mut self.side.out);
        let _ = connection.fire_and_forget(&body(b"forget"), out);
    }

    fn note_answer(&mut self, stream: u32, answered: Result<(), SendError>) {
        match answered {
            Ok(()) => assert!(self.asking.remove(&stream).is_some()),
            Err(SendError::NoSuchStream) => assert!(!self.asking.contains_key(&stream)),
            Err(SendError::Full) => assert!(self.asking.contains_key(&stream)),
            Err(SendError::Closed) => assert!(self.closed),
            Err(other) => panic!("{other:?} for an answer"),
        }
    }

    fn cancel(&mut self, user: u64) {
        let Some(stream) = self.asked.get(&user).copied() else {
            return;
        };
        assert!(self.side.connection.cancel(stream, user));
        self.asked.remove(&user);
    }

    /// What was written decodes.
    fn read(&mut self) {
        self.side.out.room = usize::MAX;
        for frame in self.side.sent() {
            Frame::decode(&frame).expect("what is sent decodes");
        }
    }

    fn check(&self) {
        let connection = &self.side.connection;
        assert_eq!(connection.is_closed(), self.closed);
        assert_eq!(connection.close_reason().is_some(), self.closed);
        assert_eq!(connection.outbound_streams(), self.asked.len());
        assert!(connection.inbound_streams() >= self.asking.len());
        assert!(connection.inbound_streams() <= LIMITS.max_inbound_streams);
        assert!(connection.outbound_streams() <= LIMITS.max_outbound_streams);
        let may_hold = LIMITS.max_control_bytes + LAST_ERROR + LIMITS.max_outbound_streams * 6;
        assert!(connection.control.len() <= may_hold);
        if !self.closed {
            assert!(connection.reassembly.held() <= LIMITS.max_reassembly_bytes);
            assert!(connection.poll_timeout().is_some());
        }
    }
}

fn limited(mut config: Config) -> Config {
    config.limits = LIMITS;
    config
}

proptest! {
    #[test]
    fn a_hostile_server_harms_nobody_but_itself(steps in vec(step(), 0..80)) {
        let mut ledger = Ledger::new(Alone::client_with(&limited(client_config())));
        steps.iter().for_each(|step| ledger.take(step));
    }

    #[test]
    fn a_hostile_client_harms_nobody_but_itself(steps in vec(step(), 0..80)) {
        let mut ledger = Ledger::new(Alone::server_with(&limited(Config::server())));
        steps.iter().for_each(|step| ledger.take(step));
    }

    #[test]
    fn a_hostile_client_without_setup_is_turned_away(steps in vec(step(), 0..50)) {
        let mut ledger = Ledger::new(Alone::new(&limited(Config::server())));
        steps.iter().for_each(|step| ledger.take(step));
    }
}
