//! The C ABI from a caller's place: handles, arrays and results only, and frames where a peer is imagined.
//!
//! Every unsafe call stands in this file. A test fills a [`Call`], whose pointers it may break, or uses a [`Side`],
//! which owns a connection and drives it as a program would.

mod arena;
mod arguments;
mod close;
mod commands;
mod deadlines;
mod external;
mod handles;
#[cfg(feature = "websocket")]
mod layer;
mod leases;
mod limits;
mod partial;
mod quic;
mod received;
mod resume;
mod setup;
mod streams;
mod tokens;
mod version;

use std::collections::HashMap;
use std::mem::MaybeUninit;
use std::ptr::{null, null_mut};

use rsocket_protocol::frame::{Frame, PayloadFrame, PayloadRef, RequestResponse};
use rsocket_transport::length_prefix::{self, Split};

use crate::config::*;
use crate::connection::*;
use crate::record::*;
use crate::result::rsocket_result;
use crate::resume::*;
use crate::setup::rsocket_setup;

const MILLISECOND: u64 = 1_000_000;

/// When every test begins. Not 0, so that a deadline that was computed without the clock shows.
const START: u64 = 1_000_000 * MILLISECOND;

/// Settings, freed with the test.
struct Settings(*mut rsocket_config);

impl Settings {
    fn client() -> Self {
        Self(rsocket_config_new_client())
    }

    fn server() -> Self {
        Self(rsocket_config_new_server())
    }

    fn limit(self, limit: u32, value: u64) -> Self {
        assert_eq!(self.set_limit(limit, value), rsocket_result::Ok);
        self
    }

    fn set_limit(&self, limit: u32, value: u64) -> rsocket_result {
        // SAFETY: the handle is live until `drop`.
        unsafe { rsocket_config_set_limit(self.0, limit, value) }
    }

    fn set_keepalive(&self, interval_ms: u32, max_lifetime_ms: u32) -> rsocket_result {
        // SAFETY: the handle is live until `drop`.
        unsafe { rsocket_config_set_keepalive(self.0, interval_ms, max_lifetime_ms) }
    }

    fn set_mime_types(&self, metadata: &[u8], data: &[u8]) -> rsocket_result {
        let (metadata_len, data_len) = (metadata.len(), data.len());
        let (metadata, data) = (metadata.as_ptr(), data.as_ptr());
        // SAFETY: the handle is live until `drop`, and the slices are valid.
        unsafe { rsocket_config_set_mime_types(self.0, metadata, metadata_len, data, data_len) }
    }

    fn set_setup_payload(&self, metadata: Option<&[u8]>, data: &[u8]) -> rsocket_result {
        let has_metadata = metadata.is_some();
        let metadata = metadata.unwrap_or_default();
        // SAFETY: the handle is live until `drop`, and the slices are valid.
        unsafe {
            rsocket_config_set_setup_payload(
                self.0,
                has_metadata,
                metadata.as_ptr(),
                metadata.len(),
                data.as_ptr(),
                data.len(),
            )
        }
    }

    fn set_resume(&self, token: &[u8], store_limit: u64, timeout_ms: u64) -> rsocket_result {
        let (token, len) = (token.as_ptr(), token.len());
        // SAFETY: the handle is live until `drop`, and the slice is valid.
        unsafe { rsocket_config_set_resume(self.0, token, len, store_limit, timeout_ms) }
    }

    /// Lets a connection outlive its transport.
    fn resumable(self, token: &[u8]) -> Self {
        assert_eq!(self.set_resume(token, 0, 0), rsocket_result::Ok);
        self
    }

    fn connect(&self) -> *mut rsocket_connection {
        // SAFETY: the handle is live until `drop`.
        let connection = unsafe { rsocket_connection_new(self.0, START) };
        assert!(!connection.is_null());
        connection
    }
}

impl Drop for Settings {
    fn drop(&mut self) {
        // SAFETY: made by a `_new` function and freed once.
        unsafe { rsocket_config_free(self.0) };
    }
}

/// The arguments of one `rsocket_connection_drive`, all of them NULL or 0 until a test sets them.
struct Call {
    connection: *mut rsocket_connection,
    now_ns: u64,
    received: *const u8,
    received_len: usize,
    commands: *const rsocket_command,
    commands_len: usize,
    command_bytes: *const u8,
    command_bytes_len: usize,
    events: *mut rsocket_event,
    events_cap: usize,
    output: *mut u8,
    output_cap: usize,
    segments: *mut rsocket_segment,
    segments_cap: usize,
    progress: *mut rsocket_progress,
}

impl Call {
    fn of(connection: *mut rsocket_connection) -> Self {
        Self {
            connection,
            now_ns: START,
            received: null(),
            received_len: 0,
            commands: null(),
            commands_len: 0,
            command_bytes: null(),
            command_bytes_len: 0,
            events: null_mut(),
            events_cap: 0,
            output: null_mut(),
            output_cap: 0,
            segments: null_mut(),
            segments_cap: 0,
            progress: null_mut(),
        }
    }

    fn make(&self) -> rsocket_result {
        // SAFETY: the tests set pointers that are valid for their lengths, or that the function must not follow.
        unsafe {
            rsocket_connection_drive(
                self.connection,
                self.now_ns,
                self.received,
                self.received_len,
                self.commands,
                self.commands_len,
                self.command_bytes,
                self.command_bytes_len,
                self.events,
                self.events_cap,
                self.output,
                self.output_cap,
                self.segments,
                self.segments_cap,
                self.progress,
            )
        }
    }
}

/// How much a call may give back.
#[derive(Clone, Copy, Debug)]
struct Room {
    events: usize,
    output: usize,
    segments: usize,
}

const PLENTY: Room = Room {
    events: 64,
    output: 64 << 10,
    segments: 64,
};

/// Commands and the bytes that they refer to.
#[derive(Clone, Debug, Default)]
struct Batch {
    commands: Vec<rsocket_command>,
    bytes: Vec<u8>,
}

impl Batch {
    fn push(mut self, command: rsocket_command) -> Self {
        self.commands.push(command);
        self
    }

    /// Adds a command with a payload in the command bytes.
    fn with(mut self, command: rsocket_command, metadata: Option<&[u8]>, data: &[u8]) -> Self {
        let offset = self.bytes.len() as u32;
        let flag = metadata.map_or(0, |_| RSOCKET_FLAG_METADATA);
        let metadata = metadata.unwrap_or_default();
        self.bytes.extend_from_slice(metadata);
        self.bytes.extend_from_slice(data);
        self.push(rsocket_command {
            offset,
            metadata_len: metadata.len() as u32,
            data_len: data.len() as u32,
            flags: command.flags | flag,
            ..command
        })
    }

    fn request(self, token: u64, metadata: Option<&[u8]>, data: &[u8]) -> Self {
        self.with(
            command(RSOCKET_COMMAND_REQUEST_RESPONSE, token, 0),
            metadata,
            data,
        )
    }

    fn respond(self, stream: u32, metadata: Option<&[u8]>, data: &[u8]) -> Self {
        self.with(command(RSOCKET_COMMAND_RESPOND, 0, stream), metadata, data)
    }

    fn cancel(self, token: u64) -> Self {
        self.push(command(RSOCKET_COMMAND_CANCEL, token, 0))
    }

    fn accept(self) -> Self {
        self.push(command(RSOCKET_COMMAND_ACCEPT_SETUP, 0, 0))
    }

    /// Adds a command that carries a code and a message.
    fn tell(self, kind: u16, stream: u32, code: u32, message: &[u8]) -> Self {
        let command = rsocket_command {
            code,
            ..command(kind, 0, stream)
        };
        self.with(command, None, message)
    }
}

fn command(kind: u16, token: u64, stream: u32) -> rsocket_command {
    rsocket_command {
        kind,
        token,
        stream,
        ..rsocket_command::default()
    }
}

/// An event with the bytes it referred to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Seen {
    kind: u16,
    token: u64,
    stream: u32,
    code: u32,
    metadata: Option<Vec<u8>>,
    data: Vec<u8>,
    no_payload: bool,
    complete: bool,
    responder: bool,
    arena: bool,
}

/// What one call gave back.
struct Turn {
    progress: rsocket_progress,
    events: Vec<Seen>,
    output: Vec<u8>,
    segments: Vec<rsocket_segment>,
}

/// A connection as a program drives it.
struct Side {
    connection: *mut rsocket_connection,
    now_ns: u64,
    /// Received bytes that were not taken yet.
    unread: Vec<u8>,
    /// Payloads that commands refer to as external: metadata and data.
    held: HashMap<u64, (Vec<u8>, Vec<u8>)>,
    /// What was written to the transport and not carried to the peer yet.
    wire: Vec<u8>,
    /// Whether to leave what is written where it is.
    unmerged: bool,
}

impl Drop for Side {
    fn drop(&mut self) {
        // SAFETY: made by `rsocket_connection_new` and freed once; no other thread is inside.
        unsafe { rsocket_connection_free(self.connection) };
    }
}

impl Side {
    fn new(settings: &Settings) -> Self {
        Self {
            connection: settings.connect(),
            now_ns: START,
            unread: Vec::new(),
            held: HashMap::new(),
            wire: Vec::new(),
            unmerged: false,
        }
    }

    /// A client that has sent its SETUP to nobody.
    fn client() -> Self {
        let mut client = Self::new(&Settings::client());
        client.run(&Batch::default());
        client.wire.clear();
        client
    }

    /// A server that has accepted a SETUP from nobody.
    fn server() -> Self {
        Self::server_with(&Settings::server())
    }

    fn server_with(settings: &Settings) -> Self {
        let mut client = Self::new(&Settings::client());
        client.run(&Batch::default());
        let mut server = Self::new(settings);
        server.unread = std::mem::take(&mut client.wire);
        assert_eq!(kinds(&server.run(&Batch::default())), [RSOCKET_EVENT_SETUP]);
        assert_eq!(server.run(&Batch::default().accept()), []);
        server
    }

    /// One call with everything that is unread.
    fn drive(&mut self, batch: &Batch, room: Room) -> Result<Turn, rsocket_result> {
        let mut events = Box::<[rsocket_event]>::new_uninit_slice(room.events);
        let mut output = Box::<[u8]>::new_uninit_slice(room.output);
        let mut segments = Box::<[rsocket_segment]>::new_uninit_slice(room.segments);
        let mut progress = MaybeUninit::uninit();
        let call = Call {
            now_ns: self.now_ns,
            received: self.unread.as_ptr(),
            received_len: self.unread.len(),
            commands: batch.commands.as_ptr(),
            commands_len: batch.commands.len(),
            command_bytes: batch.bytes.as_ptr(),
            command_bytes_len: batch.bytes.len(),
            events: events.as_mut_ptr().cast(),
            events_cap: events.len(),
            output: output.as_mut_ptr().cast(),
            output_cap: output.len(),
            segments: segments.as_mut_ptr().cast(),
            segments_cap: segments.len(),
            progress: progress.as_mut_ptr(),
            ..Call::of(self.connection)
        };
        let result = call.make();
        if result != rsocket_result::Ok {
            return Err(result);
        }
        // SAFETY: written on success.
        let progress = unsafe { progress.assume_init() };
        let turn = Turn {
            events: written(&events, progress.events_len)
                .iter()
                .map(|event| self.resolve(event, &progress))
                .collect(),
            output: written(&output, progress.output_len),
            segments: written(&segments, progress.segments_len),
            progress,
        };
        self.unread.drain(..progress.received_used);
        if !self.unmerged {
            let merged = self.merge(&turn);
            self.wire.extend(merged);
        }
        Ok(turn)
    }

    /// Follows an event's offset.
    fn resolve(&self, event: &rsocket_event, progress: &rsocket_progress) -> Seen {
        let arena = event.flags & RSOCKET_FLAG_ARENA != 0;
        let whole = if arena {
            self.arena(progress.arena_len)
        } else {
            self.unread.clone()
        };
        let metadata_at = event.offset as usize;
        let data_at = metadata_at + event.metadata_len as usize;
        let end = data_at + event.data_len as usize;
        let (metadata, data) = match (metadata_at, end) {
            // Nothing begins at 0, wherever that is.
            (0, 0) => (&[][..], &[][..]),
            _ => (&whole[metadata_at..data_at], &whole[data_at..end]),
        };
        let has_metadata = event.flags & RSOCKET_FLAG_METADATA != 0;
        assert!(has_metadata || metadata.is_empty());
        Seen {
            kind: event.kind,
            token: event.token,
            stream: event.stream,
            code: event.code,
            metadata: has_metadata.then(|| metadata.to_vec()),
            data: data.to_vec(),
            no_payload: event.flags & RSOCKET_FLAG_NO_PAYLOAD != 0,
            complete: event.flags & RSOCKET_FLAG_COMPLETE != 0,
            responder: event.flags & RSOCKET_FLAG_RESPONDER != 0,
            arena,
        }
    }

    fn arena(&self, len: usize) -> Vec<u8> {
        // SAFETY: the handle is live.
        let arena = unsafe { rsocket_connection_arena(self.connection) };
        copy(arena, len)
    }

    /// The output with the held payloads where the segments say, as it goes to the transport.
    fn merge(&self, turn: &Turn) -> Vec<u8> {
        let (mut wire, mut output) = (Vec::new(), turn.output.as_slice());
        for segment in &turn.segments {
            let (before, after) = output.split_at(segment.buffered as usize);
            output = after;
            wire.extend_from_slice(before);
            let (metadata, data) = &self.held[&segment.token];
            let part = match segment.part {
                RSOCKET_PART_METADATA => metadata,
                RSOCKET_PART_DATA => data,
                other => panic!("part {other}"),
            };
            let start = segment.offset as usize;
            wire.extend_from_slice(&part[start..start + segment.len as usize]);
        }
        wire.extend_from_slice(output);
        wire
    }

    /// Drives until all commands are used and nothing happens any more; every event that came.
    fn run(&mut self, batch: &Batch) -> Vec<Seen> {
        self.run_with(batch, PLENTY)
    }

    fn run_with(&mut self, batch: &Batch, room: Room) -> Vec<Seen> {
        let (mut batch, mut seen) = (batch.clone(), Vec::new());
        loop {
            let turn = self.drive(&batch, room).expect("drives");
            let progress = turn.progress;
            batch.commands.drain(..progress.commands_used);
            seen.extend(turn.events);
            let moved = progress.received_used + progress.commands_used + progress.events_len;
            if moved + progress.output_len == 0 {
                assert_eq!(batch.commands, [], "stuck");
                return seen;
            }
        }
    }

    fn receive(&mut self, stream: u32, frame: Frame<'_>) -> Vec<Seen> {
        self.unread.extend(prefixed(stream, frame));
        self.run(&Batch::default())
    }

    fn close_reason(&self) -> Result<(u32, u32, String), rsocket_result> {
        let mut reason = MaybeUninit::uninit();
        // SAFETY: the handle is live and the place is valid.
        match unsafe { rsocket_connection_close_reason(self.connection, reason.as_mut_ptr()) } {
            rsocket_result::Ok => {}
            error => return Err(error),
        }
        // SAFETY: written on success.
        let reason: rsocket_close_reason = unsafe { reason.assume_init() };
        let message = copy(reason.message, reason.message_len);
        let message = String::from_utf8(message).expect("messages are UTF-8");
        Ok((reason.origin, reason.code, message))
    }

    fn setup(&self) -> Result<rsocket_setup, rsocket_result> {
        let mut setup = MaybeUninit::uninit();
        // SAFETY: the handle is live and the place is valid.
        match unsafe { rsocket_connection_setup(self.connection, setup.as_mut_ptr()) } {
            // SAFETY: written on success.
            rsocket_result::Ok => Ok(unsafe { setup.assume_init() }),
            error => Err(error),
        }
    }

    /// Loses the transport, and what was under way on it.
    fn lose(&mut self) -> rsocket_result {
        self.wire.clear();
        self.unread.clear();
        // SAFETY: the handle is live.
        unsafe { rsocket_connection_transport_lost(self.connection, self.now_ns) }
    }

    fn begin_resume(&mut self) -> rsocket_result {
        // SAFETY: the handle is live.
        unsafe { rsocket_connection_begin_resume(self.connection, self.now_ns) }
    }

    fn resume(&mut self, last_received: u64, first_available: u64) -> rsocket_result {
        let (connection, now) = (self.connection, self.now_ns);
        // SAFETY: the handle is live.
        unsafe { rsocket_connection_resume(connection, now, last_received, first_available) }
    }

    fn resume_request(&self) -> Result<rsocket_resume_request, rsocket_result> {
        let mut request = MaybeUninit::uninit();
        // SAFETY: the handle is live and the place is valid.
        match unsafe { rsocket_connection_resume_request(self.connection, request.as_mut_ptr()) } {
            // SAFETY: written on success.
            rsocket_result::Ok => Ok(unsafe { request.assume_init() }),
            error => Err(error),
        }
    }

    /// Takes the frames that were sent.
    fn sent(&mut self) -> Vec<Vec<u8>> {
        let wire = std::mem::take(&mut self.wire);
        frames(&wire)
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
}

/// Copies what C would read.
fn copy(bytes: *const u8, len: usize) -> Vec<u8> {
    assert_eq!(bytes.is_null(), len == 0, "NULL means nothing");
    if len == 0 {
        return Vec::new();
    }
    // SAFETY: the tests pass what the library says is valid.
    unsafe { std::slice::from_raw_parts(bytes, len) }.to_vec()
}

/// The part of an output that was written.
fn written<T: Copy>(output: &[MaybeUninit<T>], len: usize) -> Vec<T> {
    // SAFETY: the library wrote that many.
    unsafe { output[..len].assume_init_ref() }.to_vec()
}

/// The frames in a byte stream, which ends with a whole one.
fn frames(mut wire: &[u8]) -> Vec<Vec<u8>> {
    let mut frames = Vec::new();
    while !wire.is_empty() {
        let Ok(Split::Frame { frame, consumed }) = length_prefix::split(wire, 0xFF_FFFF) else {
            panic!("half a frame: {wire:?}");
        };
        frames.push(frame.to_vec());
        wire = &wire[consumed..];
    }
    frames
}

/// A frame as it stands in a byte stream.
fn prefixed(stream: u32, frame: Frame<'_>) -> Vec<u8> {
    let len = frame.encoded_len() as u32;
    let mut bytes = len.to_be_bytes()[1..].to_vec();
    frame.encode(stream, &mut bytes);
    bytes
}

fn kinds(seen: &[Seen]) -> Vec<u16> {
    seen.iter().map(|event| event.kind).collect()
}

fn request_frame(data: &[u8]) -> Frame<'_> {
    Frame::RequestResponse(RequestResponse {
        follows: false,
        payload: PayloadRef::from_data(data),
    })
}

fn answer_frame(data: &[u8]) -> Frame<'_> {
    Frame::Payload(PayloadFrame {
        follows: false,
        complete: true,
        next: true,
        payload: PayloadRef::from_data(data),
    })
}

/// A client and a server that have agreed on a setup.
struct Pair {
    client: Side,
    server: Side,
}

/// What both sides of a [`Pair`] saw.
#[derive(Debug, Default, PartialEq, Eq)]
struct Both {
    client: Vec<Seen>,
    server: Vec<Seen>,
}

impl Pair {
    fn connected() -> Self {
        Self::with(&Settings::client(), &Settings::server())
    }

    fn with(client: &Settings, server: &Settings) -> Self {
        let mut pair = Self {
            client: Side::new(client),
            server: Side::new(server),
        };
        assert_eq!(kinds(&pair.carry().server), [RSOCKET_EVENT_SETUP]);
        assert_eq!(pair.server.run(&Batch::default().accept()), []);
        pair
    }

    /// Carries bytes back and forth until there are none.
    fn carry(&mut self) -> Both {
        let mut seen = Both::default();
        loop {
            seen.client.extend(self.client.run(&Batch::default()));
            seen.server.extend(self.server.run(&Batch::default()));
            if self.client.wire.is_empty() && self.server.wire.is_empty() {
                return seen;
            }
            self.server.unread.append(&mut self.client.wire);
            self.client.unread.append(&mut self.server.wire);
        }
    }

    /// Lets one side do something; what both saw of it.
    fn client_does(&mut self, batch: &Batch) -> Both {
        let own = self.client.run(batch);
        let mut seen = self.carry();
        seen.client.splice(..0, own);
        seen
    }

    fn server_does(&mut self, batch: &Batch) -> Both {
        let own = self.server.run(batch);
        let mut seen = self.carry();
        seen.server.splice(..0, own);
        seen
    }
}
