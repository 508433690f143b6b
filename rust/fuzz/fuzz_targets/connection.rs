//! Any frames from a peer and any calls of a driver: nothing panics, limits hold, and what was begun ends once.

#![no_main]

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use libfuzzer_sys::arbitrary::{Arbitrary, Result, Unstructured};
use libfuzzer_sys::fuzz_target;
use rsocket_protocol::frame::{
    ErrorCode, Frame, FrameHeader, MAX_FRAME_LEN, PayloadRef, Setup, Version,
};
use rsocket_protocol::{
    Body, Config, Connection, Event, ExternalBody, ExternalSpan, FrameSink, RequestKind, Role,
    SendError, Time,
};

const MAX_STREAMS: usize = 4;

fuzz_target!(|input: Input<'_>| {
    let mut driver = Driver::new(input.role, input.set_up);
    for step in &input.steps {
        driver.take(step);
    }
});

#[derive(Debug)]
struct Input<'a> {
    role: Role,
    /// A server begins with an accepted SETUP.
    set_up: bool,
    steps: Vec<Step<'a>>,
}

impl<'a> Arbitrary<'a> for Input<'a> {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let role = if u.arbitrary()? {
            Role::Client
        } else {
            Role::Server
        };
        Ok(Self {
            role,
            set_up: u.ratio(7, 8)?,
            steps: u.arbitrary()?,
        })
    }
}

#[derive(Debug)]
enum Step<'a> {
    /// The peer sends a frame: few streams, so that frames meet.
    Frame {
        stream: u8,
        type_and_flags: u16,
        body: &'a [u8],
    },
    Bytes(&'a [u8]),
    Decide(bool),
    /// A payload that is large stays with the driver and is sent in fragments.
    Request {
        large: bool,
    },
    FireAndForget {
        large: bool,
    },
    Respond {
        stream: u8,
        large: bool,
    },
    Fail(u8),
    Cancel(u8),
    Room(u8),
    Transmit,
    Pass(u16),
    /// The layer below finds bytes that are no frame.
    NotAFrame,
}

impl<'a> Arbitrary<'a> for Step<'a> {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        Ok(match u.int_in_range(0..=15)? {
            0 => Self::Bytes(u.arbitrary()?),
            1 => Self::Decide(u.arbitrary()?),
            2 => Self::Request {
                large: u.arbitrary()?,
            },
            3 => Self::FireAndForget {
                large: u.arbitrary()?,
            },
            4 => Self::Respond {
                stream: u.arbitrary()?,
                large: u.arbitrary()?,
            },
            5 => Self::Fail(u.arbitrary()?),
            6 => Self::Cancel(u.arbitrary()?),
            7 => Self::Room(u.arbitrary()?),
            8 => Self::Transmit,
            9 => Self::Pass(u.arbitrary()?),
            10 => Self::NotAFrame,
            _ => Self::Frame {
                stream: u.arbitrary()?,
                type_and_flags: u.arbitrary()?,
                body: u.arbitrary()?,
            },
        })
    }
}

/// What the driver knows, against which the connection's word is held.
struct Driver {
    connection: Connection,
    now: Time,
    out: Out,
    /// Streams of this side's open requests, by name.
    asked: HashMap<u64, u32>,
    next_user: u64,
    /// Slots of the peer's open requests, by stream.
    asking: HashMap<u32, u64>,
    /// Tokens of the payloads that are being sent in fragments.
    held: HashSet<u64>,
    next_token: u64,
    closed: bool,
}

impl Driver {
    fn new(role: Role, set_up: bool) -> Self {
        let mut config = match role {
            Role::Client => Config::client(),
            Role::Server => Config::server(),
        };
        config.limits.max_inbound_streams = MAX_STREAMS;
        config.limits.max_outbound_streams = MAX_STREAMS;
        config.limits.max_payload_len = MAX_FRAME_LEN + 7;
        config.limits.max_reassembly_bytes = 60;
        config.limits.max_control_bytes = 200;
        let mut driver = Self {
            connection: Connection::new(&config, Time::ZERO),
            now: Time::ZERO,
            out: Out::default(),
            asked: HashMap::new(),
            next_user: 0,
            asking: HashMap::new(),
            held: HashSet::new(),
            next_token: 0,
            closed: false,
        };
        if set_up && role == Role::Server {
            driver.receive(&setup());
            driver.connection.accept_setup().expect("accepts");
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
                let header = [0, 0, 0, stream % 8];
                let frame = [&header, &type_and_flags.to_be_bytes()[..], body].concat();
                self.receive(&frame);
            }
            Step::Bytes(bytes) => self.receive(bytes),
            Step::Decide(accept) => self.decide(*accept),
            Step::Request { large } => self.request(*large),
            Step::FireAndForget { large } => {
                let body = self.body(*large);
                let sent = self.connection.fire_and_forget(&body, &mut self.out);
                self.note_held(&body, sent.is_ok());
            }
            Step::Respond { stream, large } => {
                let (stream, body) = (u32::from(stream % 8), self.body(*large));
                let answered = self.connection.respond(stream, Some(&body), &mut self.out);
                self.note_held(&body, answered.is_ok());
                self.note_answer(stream, answered);
            }
            Step::Fail(stream) => {
                let stream = u32::from(stream % 8);
                let failed =
                    self.connection
                        .respond_error(stream, ErrorCode::INVALID, b"no", &mut self.out);
                self.note_answer(stream, failed);
            }
            Step::Cancel(user) => {
                if let Some(stream) = self.asked.remove(&u64::from(*user)) {
                    assert!(self.connection.cancel(stream, u64::from(*user)));
                }
            }
            Step::Room(frames) => self.out.room = usize::from(*frames),
            Step::Transmit => self.connection.transmit(&mut self.out),
            Step::Pass(ms) => {
                self.now = self.now + Duration::from_millis(u64::from(*ms));
                if self.connection.handle_timeout(self.now) == Some(Event::Closed) {
                    self.end();
                }
            }
            Step::NotAFrame => {
                self.connection.fail("not a frame");
                if !self.closed {
                    self.end();
                }
            }
        }
        self.check();
    }

    fn receive(&mut self, frame: &[u8]) {
        let Some(event) = self.connection.receive(self.now, frame) else {
            return;
        };
        assert!(!self.closed, "{event:?} after the end");
        match event {
            Event::Setup(_) | Event::Draining => {}
            Event::Request {
                kind: RequestKind::FireAndForget,
                slot,
                ..
            } => assert_eq!(slot, 0),
            Event::Request { stream, slot, .. } => {
                assert!((slot as u32 as usize) < MAX_STREAMS);
                assert!(self.asking.values().all(|open| *open as u32 != slot as u32));
                assert_eq!(self.asking.insert(stream, slot), None);
            }
            Event::Response { user, .. } | Event::Failed { user, .. } => {
                assert!(self.asked.remove(&user).is_some());
            }
            Event::Cancelled { stream, slot } => {
                assert_eq!(self.asking.remove(&stream), Some(slot));
            }
            Event::Closed => self.end(),
        }
    }

    fn decide(&mut self, accept: bool) {
        let waits = self.connection.awaits_decision();
        let decided = if accept {
            self.connection.accept_setup()
        } else {
            self.connection
                .reject_setup(ErrorCode::REJECTED_SETUP, "no")
        };
        assert_eq!(decided.is_ok(), waits);
        if waits && !accept {
            self.end();
        }
    }

    /// A payload to send; each large one has a token of its own.
    fn body(&mut self, large: bool) -> Body<'static> {
        if !large {
            return Body::Inline(PayloadRef::new(Some(b"meta"), b"data"));
        }
        self.next_token += 1;
        Body::External(ExternalBody {
            token: self.next_token,
            metadata_len: Some(7),
            data_len: MAX_FRAME_LEN,
        })
    }

    /// The driver holds a payload until its last span is written or it is released.
    fn note_held(&mut self, body: &Body<'_>, sent: bool) {
        if let (Body::External(body), true) = (body, sent) {
            self.held.insert(body.token);
        }
    }

    fn request(&mut self, large: bool) {
        let (user, body) = (self.next_user, self.body(large));
        let asked = self.connection.request_response(user, &body, &mut self.out);
        self.note_held(&body, asked.is_ok());
        if let Ok(stream) = asked {
            self.next_user += 1;
            assert_eq!(self.asked.insert(user, stream), None);
        }
    }

    fn note_answer(&mut self, stream: u32, answered: std::result::Result<(), SendError>) {
        match answered {
            Ok(()) => assert!(self.asking.remove(&stream).is_some()),
            Err(SendError::NoSuchStream) => assert!(!self.asking.contains_key(&stream)),
            Err(SendError::Full) => assert!(self.asking.contains_key(&stream)),
            Err(SendError::Closed) => assert!(self.closed),
            Err(other) => panic!("{other:?} for an answer"),
        }
    }

    fn end(&mut self) {
        assert!(!self.closed, "the end came twice");
        self.closed = true;
        self.asked.clear();
        self.asking.clear();
    }

    fn check(&mut self) {
        let released = std::iter::from_fn(|| self.connection.poll_released());
        for token in released.chain(self.out.written.drain(..)) {
            assert!(self.held.remove(&token), "{token} is not held");
        }
        assert!(!self.closed || self.held.is_empty());
        let connection = &self.connection;
        assert_eq!(connection.is_closed(), self.closed);
        assert_eq!(connection.close_reason().is_some(), self.closed);
        assert_eq!(connection.poll_timeout().is_none(), self.closed);
        assert_eq!(connection.outbound_streams(), self.asked.len());
        assert!(connection.inbound_streams() >= self.asking.len());
        assert!(connection.inbound_streams() <= MAX_STREAMS);
        assert!(connection.outbound_streams() <= MAX_STREAMS);
    }
}

fn setup() -> Vec<u8> {
    let mut frame = Vec::new();
    let setup = Setup {
        version: Version { major: 1, minor: 0 },
        keepalive_interval_ms: 10_000,
        max_lifetime_ms: 100_000,
        resume_token: None,
        honors_lease: false,
        metadata_mime: b"a/b",
        data_mime: b"a/b",
        payload: PayloadRef::default(),
    };
    Frame::Setup(setup).encode(0, &mut frame);
    frame
}

/// Checks each frame and forgets it.
#[derive(Default)]
struct Out {
    frame: Vec<u8>,
    announced: (usize, usize),
    external: usize,
    /// Tokens whose last span was written.
    written: Vec<u64>,
    /// Frames that may still be begun.
    room: usize,
}

impl FrameSink for Out {
    type Buffer = Vec<u8>;

    fn begin(&mut self, inline: usize, external: usize) -> bool {
        assert!(inline + external <= MAX_FRAME_LEN);
        if self.room == 0 {
            return false;
        }
        self.room -= 1;
        self.announced = (inline, external);
        self.external = 0;
        self.frame.clear();
        true
    }

    fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.frame
    }

    fn external(&mut self, span: ExternalSpan) {
        assert_ne!(span.len, 0);
        self.external += span.len;
        if span.last {
            self.written.push(span.token);
        }
    }

    fn end(&mut self) {
        assert_eq!((self.frame.len(), self.external), self.announced);
        if self.external == 0 {
            Frame::decode(&self.frame).expect("what is sent decodes");
        } else {
            FrameHeader::decode(&self.frame).expect("its header decodes");
        }
    }
}
