//! The rules of a connection, one file per topic.
//!
//! A test that is about one endpoint drives an [`Alone`]: it hands in the frames of an imagined peer and looks at
//! what comes out. A test that is about an exchange drives a [`Pair`], which ferries frames between a client and a
//! server. The clock is virtual.

mod closing;
mod credit;
mod fire_and_forget;
mod fragment_len;
mod fragments;
mod fragments_out;
mod hostile;
mod ids;
mod interactions;
mod keepalive;
mod lease;
mod limits;
mod metadata_push;
mod not_understood;
mod output;
mod queue_bounds;
mod queue_order;
mod request_channel;
mod request_response;
mod request_stream;
mod requests_in_fragments;
mod resume;
mod resume_handshake;
mod resume_output;
mod setup;
mod sink;
mod taking_turns;

use std::time::Duration;

use super::Connection;
use crate::config::Config;
use crate::error::{CloseReason, Origin, SendError};
use crate::event::{Event, InboundPayload, OwnedPayload, RequestKind, StreamName};
use crate::frame::{
    Cancel, ErrorCode, ErrorFrame, Flags, Frame, FrameHeader, Keepalive, MAX_FRAME_LEN,
    PayloadFrame, PayloadRef, RequestFnf, RequestResponse, Setup, Version,
};
use crate::sink::Body;
use crate::time::Time;
use sink::Frames;

/// An event that has let go of the frame it came from.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Seen {
    Setup,
    Request {
        stream: u32,
        slot: u64,
        kind: RequestKind,
        initial_n: u32,
        complete: bool,
        payload: OwnedPayload,
    },
    /// The answer to a request of this side, or the last item of it.
    Response {
        user: u64,
        payload: Option<OwnedPayload>,
    },
    Failed {
        user: u64,
        code: ErrorCode,
        message: String,
    },
    Cancelled {
        stream: u32,
        slot: u64,
    },
    /// An item that is not the last of a request of this side.
    Item {
        name: StreamName,
        payload: Option<OwnedPayload>,
        complete: bool,
    },
    RequesterFailed {
        slot: u64,
        code: ErrorCode,
        message: String,
    },
    /// The responder of a channel wants no more items.
    NoMoreWanted {
        user: u64,
    },
    Granted {
        name: StreamName,
        n: u32,
    },
    Lease {
        ttl: Duration,
        requests: u32,
        metadata: Option<Vec<u8>>,
    },
    MetadataPush(Vec<u8>),
    Resume {
        token: Vec<u8>,
        last_received: u64,
        first_available: u64,
    },
    Resumed,
    Suspended,
    Draining,
    Closed,
}

impl From<Event<'_>> for Seen {
    fn from(event: Event<'_>) -> Self {
        match event {
            Event::Setup(_) => Self::Setup,
            Event::Request {
                stream,
                slot,
                kind,
                initial_n,
                complete,
                payload,
            } => Self::Request {
                stream,
                slot,
                kind,
                initial_n,
                complete,
                payload: owned(&payload),
            },
            Event::Item {
                name: StreamName::User(user),
                payload,
                complete: true,
                ..
            } => Self::Response {
                user,
                payload: payload.as_ref().map(owned),
            },
            Event::Item {
                name,
                payload,
                complete,
                ..
            } => Self::Item {
                name,
                payload: payload.as_ref().map(owned),
                complete,
            },
            Event::Failed {
                name: StreamName::User(user),
                code,
                message,
                ..
            } => Self::Failed {
                user,
                code,
                message: String::from_utf8_lossy(&message).into_owned(),
            },
            Event::Failed {
                name: StreamName::Slot(slot),
                code,
                message,
                ..
            } => Self::RequesterFailed {
                slot,
                code,
                message: String::from_utf8_lossy(&message).into_owned(),
            },
            Event::Cancelled {
                stream,
                name: StreamName::Slot(slot),
            } => Self::Cancelled { stream, slot },
            Event::Cancelled {
                name: StreamName::User(user),
                ..
            } => Self::NoMoreWanted { user },
            Event::Granted { name, n, .. } => Self::Granted { name, n },
            Event::Lease {
                ttl,
                requests,
                metadata,
            } => Self::Lease {
                ttl,
                requests,
                metadata: metadata.map(<[u8]>::to_vec),
            },
            Event::MetadataPush(metadata) => Self::MetadataPush(metadata.to_vec()),
            Event::Resume(request) => Self::Resume {
                token: request.token.to_vec(),
                last_received: request.last_received_server_position,
                first_available: request.first_available_client_position,
            },
            Event::Resumed => Self::Resumed,
            Event::Suspended => Self::Suspended,
            Event::Draining => Self::Draining,
            Event::Closed => Self::Closed,
        }
    }
}

fn owned(payload: &InboundPayload<'_>) -> OwnedPayload {
    let payload = payload.as_ref();
    OwnedPayload {
        metadata: payload.metadata.map(<[u8]>::to_vec),
        data: payload.data.to_vec(),
    }
}

/// A received payload without metadata.
fn only_data(data: &[u8]) -> OwnedPayload {
    OwnedPayload {
        metadata: None,
        data: data.to_vec(),
    }
}

/// A payload to send, without metadata.
fn body(data: &[u8]) -> Body<'_> {
    Body::Inline(PayloadRef::from_data(data))
}

fn request_response(payload: PayloadRef<'_>) -> Frame<'_> {
    Frame::RequestResponse(RequestResponse {
        follows: false,
        payload,
    })
}

fn request_fnf(payload: PayloadRef<'_>) -> Frame<'_> {
    Frame::RequestFnf(RequestFnf {
        follows: false,
        payload,
    })
}

/// What a well-behaved responder answers.
fn answer(payload: PayloadRef<'_>) -> Frame<'_> {
    Frame::Payload(PayloadFrame {
        follows: false,
        complete: true,
        next: true,
        payload,
    })
}

fn error(code: ErrorCode, message: &str) -> Frame<'_> {
    Frame::Error(ErrorFrame {
        code,
        data: message.as_bytes(),
    })
}

fn ping(data: &[u8]) -> Frame<'_> {
    Frame::Keepalive(Keepalive {
        respond: true,
        last_received_position: 0,
        data,
    })
}

fn pong(data: &[u8]) -> Frame<'_> {
    Frame::Keepalive(Keepalive {
        respond: false,
        last_received_position: 0,
        data,
    })
}

/// A SETUP that every server of this crate accepts: keepalive every second, dead after ten.
const SETUP: Setup<'static> = Setup {
    version: Version { major: 1, minor: 0 },
    keepalive_interval_ms: 1_000,
    max_lifetime_ms: 10_000,
    resume_token: None,
    honors_lease: false,
    metadata_mime: b"application/octet-stream",
    data_mime: b"application/octet-stream",
    payload: PayloadRef::from_data(b""),
};

/// A client whose periods are those of [`SETUP`].
fn client_config() -> Config {
    let mut config = Config::client();
    config.fragment_len = MAX_FRAME_LEN;
    config.setup.keepalive_interval = Duration::from_secs(1);
    config.setup.max_lifetime = Duration::from_secs(10);
    config
}

/// A server that sends whole frames as long as the specification lets it.
fn server_config() -> Config {
    let mut config = Config::server();
    config.fragment_len = MAX_FRAME_LEN;
    config
}

/// One endpoint, whose peer the test plays.
struct Alone {
    connection: Connection,
    now: Time,
    out: Frames,
}

impl Alone {
    fn new(config: &Config) -> Self {
        // Not 0, so that a deadline that was computed without the clock shows.
        let now = Time::ZERO + Duration::from_secs(1_000);
        Self {
            connection: Connection::new(config, now),
            now,
            out: Frames::default(),
        }
    }

    /// A client that has sent its SETUP.
    fn client() -> Self {
        Self::client_with(&client_config())
    }

    fn client_with(config: &Config) -> Self {
        let mut client = Self::new(config);
        client.sent();
        client
    }

    /// A server that has heard no SETUP.
    fn fresh_server() -> Self {
        Self::new(&server_config())
    }

    /// A server that has accepted [`SETUP`].
    fn server() -> Self {
        Self::server_with(&server_config())
    }

    fn server_with(config: &Config) -> Self {
        let mut server = Self::new(config);
        assert_eq!(server.receive(0, Frame::Setup(SETUP)), Some(Seen::Setup));
        assert_eq!(server.connection.accept_setup(), Ok(()));
        server
    }

    fn receive(&mut self, stream: u32, frame: Frame<'_>) -> Option<Seen> {
        let mut bytes = Vec::new();
        frame.encode(stream, &mut bytes);
        self.receive_bytes(&bytes)
    }

    fn receive_bytes(&mut self, frame: &[u8]) -> Option<Seen> {
        self.connection.receive(self.now, frame).map(Seen::from)
    }

    /// Hands in a frame of any content.
    fn receive_raw(&mut self, header: FrameHeader, rest: &[u8]) -> Option<Seen> {
        let mut bytes = Vec::new();
        header.encode(&mut bytes);
        bytes.extend_from_slice(rest);
        self.receive_bytes(&bytes)
    }

    fn request(&mut self, user: u64, data: &[u8]) -> u32 {
        self.connection
            .request_response(user, &body(data), &mut self.out)
            .expect("the request is sent")
    }

    fn respond(&mut self, stream: u32, data: &[u8]) -> Result<(), SendError> {
        let answer = body(data);
        self.connection
            .respond(stream, Some(&answer), &mut self.out)
    }

    /// Lets time pass without calling anything.
    fn pass(&mut self, time: Duration) {
        self.now = self.now + time;
    }

    fn tick(&mut self) -> Option<Seen> {
        self.connection.handle_timeout(self.now).map(Seen::from)
    }

    /// Lets time pass up to the next deadline and does what is due then.
    fn run_to_deadline(&mut self) -> Option<Seen> {
        let deadline = self.connection.poll_timeout().expect("there is a deadline");
        self.now = self.now.max(deadline);
        self.tick()
    }

    /// Everything that was written since the last call.
    fn sent(&mut self) -> Vec<Vec<u8>> {
        self.connection.transmit(&mut self.out);
        self.out.take()
    }

    /// The next frame that is written, alone.
    fn out_first(&mut self) -> Vec<u8> {
        self.out.room = 1;
        let mut sent = self.sent();
        self.out.room = usize::MAX;
        assert_eq!(sent.len(), 1);
        sent.remove(0)
    }

    #[track_caller]
    fn assert_sent(&mut self, expected: &[(u32, Frame<'_>)]) {
        let sent = self.sent();
        let sent: Vec<_> = sent
            .iter()
            .map(|frame| Frame::decode(frame).expect("what is sent decodes"))
            .collect();
        assert_eq!(sent, expected);
    }

    /// The connection has ended itself and told the peer so, with this code and nothing else.
    #[track_caller]
    fn assert_aborted(&mut self, code: ErrorCode) {
        let reason = self.reason();
        assert_eq!((reason.origin, reason.code), (Origin::Library, code));
        self.assert_sent(&[(0, error(code, &reason.message))]);
        assert_eq!(self.connection.poll_timeout(), None);
    }

    fn reason(&self) -> CloseReason {
        let reason = self.connection.close_reason();
        reason.expect("the connection is over").clone()
    }
}

/// A client and a server with a wire between them.
struct Pair {
    client: Alone,
    server: Alone,
}

/// What both sides of a [`Pair`] saw.
#[derive(Debug, Default, PartialEq, Eq)]
struct Both {
    client: Vec<Seen>,
    server: Vec<Seen>,
}

impl Pair {
    /// Two endpoints that have agreed on a setup.
    fn connected() -> Self {
        Self::with(&client_config(), &server_config())
    }

    fn with(client: &Config, server: &Config) -> Self {
        let mut pair = Self {
            client: Alone::new(client),
            server: Alone::new(server),
        };
        assert_eq!(pair.ferry().server, [Seen::Setup]);
        assert_eq!(pair.server.connection.accept_setup(), Ok(()));
        pair
    }

    /// Carries frames back and forth until none is left.
    fn ferry(&mut self) -> Both {
        let mut seen = Both::default();
        loop {
            let (to_server, to_client) = (self.client.sent(), self.server.sent());
            if to_server.is_empty() && to_client.is_empty() {
                return seen;
            }
            let deliver = |to: &mut Alone, frames: &[Vec<u8>]| -> Vec<Seen> {
                frames.iter().filter_map(|f| to.receive_bytes(f)).collect()
            };
            seen.server.extend(deliver(&mut self.server, &to_server));
            seen.client.extend(deliver(&mut self.client, &to_client));
        }
    }

    /// Sends a request to the server and returns its stream and slot there.
    fn request(&mut self, user: u64, data: &[u8]) -> (u32, u64) {
        self.client.request(user, data);
        match self.ferry().server.as_slice() {
            [Seen::Request { stream, slot, .. }] => (*stream, *slot),
            other => panic!("the server saw {other:?}"),
        }
    }

    /// Lets time pass in steps of both sides' deadlines; stops early when a side has something to tell.
    fn pass(&mut self, time: Duration) -> Both {
        let end = self.client.now + time;
        loop {
            let deadlines = [&self.client, &self.server].map(|side| side.connection.poll_timeout());
            let next = deadlines.into_iter().flatten().min();
            let next = next.map_or(end, |next| next.min(end)).max(self.client.now);
            (self.client.now, self.server.now) = (next, next);
            let mut seen = self.ferry();
            seen.client.extend(self.client.tick());
            seen.server.extend(self.server.tick());
            let after = self.ferry();
            seen.client.extend(after.client);
            seen.server.extend(after.server);
            if next == end || seen != Both::default() {
                return seen;
            }
        }
    }
}
