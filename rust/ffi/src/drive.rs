//! One turn of a connection: received bytes to events, commands to output.

use std::mem::MaybeUninit;
use std::time::Duration;

use rsocket_protocol::frame::{ErrorCode, PayloadRef};
use rsocket_protocol::{
    Body, Connection, Event, ExternalBody, InboundPayload, Origin, OwnedPayload, Part, RequestKind,
    SendError, StreamName, Time,
};
use rsocket_transport::length_prefix::{self, ExternalRoom, Segment, Split, Writer};

use crate::connection::Engine;
use crate::record::*;
use crate::result::rsocket_result;
use crate::resume::OwnedResumeRequest;
use crate::setup::OwnedSetup;

/// What the caller hands in.
pub(crate) struct Inputs<'a> {
    pub(crate) now: Time,
    pub(crate) received: &'a [u8],
    pub(crate) commands: &'a [rsocket_command],
    pub(crate) command_bytes: &'a [u8],
}

/// Where the caller wants the outcome.
pub(crate) struct Outputs<'a> {
    pub(crate) events: &'a mut [MaybeUninit<rsocket_event>],
    pub(crate) output: &'a mut [MaybeUninit<u8>],
    pub(crate) segments: &'a mut [MaybeUninit<rsocket_segment>],
}

/// Once a turn's events hold so many bytes in the arena, no more input is taken: its offsets have 32 bits.
const ARENA_PER_TURN: usize = 64 << 20;

/// An arena larger than this is given back after the call that needed it.
const ARENA_KEPT: usize = 64 << 10;

/// Bytes of the caller's memory that commands and that fragments can each put into one turn's output, at least one
/// frame: the caller can send something more urgent after them.
const EXTERNAL_PER_TURN: usize = 128 << 10;

type Sink<'s, 'o> = Writer<'s, &'o mut [MaybeUninit<u8>]>;

pub(crate) fn drive(
    engine: &mut Engine,
    inputs: &Inputs<'_>,
    outputs: Outputs<'_>,
) -> Result<rsocket_progress, rsocket_result> {
    engine.arena.clear();
    if engine.arena.capacity() > ARENA_KEPT {
        engine.arena = Vec::new();
    }
    let mut events = EventWriter {
        room: outputs.events,
        len: 0,
        received: inputs.received,
        arena: &mut engine.arena,
    };

    let taken = receive(
        &mut engine.core,
        engine.max_frame_len,
        FirstFrame {
            setup: &mut engine.setup,
            resume: &mut engine.resume_request,
        },
        inputs,
        &mut events,
    );
    if events.has_room()
        && let Some(event) = engine.core.handle_timeout(inputs.now)
    {
        events.push(event);
    }

    let output_cap = outputs.output.len();
    let mut unwritten = outputs.output;
    let mut segments = std::mem::take(&mut engine.segments);
    let mut sink = Writer::new(
        &mut unwritten,
        output_cap,
        &mut segments,
        outputs.segments.len(),
    );
    let mut requests = Requests {
        streams: &mut engine.requests,
        max: engine.max_requests,
    };
    // Commands go ahead of fragments, and each has room of its own. Fragments for which they leave no output at all are
    // first in the next turn.
    let mut commands_room = ExternalRoom::of(EXTERNAL_PER_TURN);
    sink.swap_external_room(&mut ExternalRoom::of(EXTERNAL_PER_TURN));
    if engine.fragments_first {
        engine.core.transmit_one(&mut sink);
    }
    sink.swap_external_room(&mut commands_room);
    let commands_used = carry_out(
        &mut engine.core,
        &mut requests,
        inputs,
        &mut events,
        &mut sink,
    )?;
    sink.swap_external_room(&mut commands_room);
    engine.fragments_first = output_cap > 0 && !engine.core.transmit_one(&mut sink);
    if !engine.fragments_first {
        engine.core.transmit(&mut sink);
    }
    while events.has_room()
        && let Some(token) = engine.core.poll_released()
    {
        events.push_released(token);
    }

    let (events_len, output_len) = (events.len, output_cap - unwritten.len());
    let segments_len = copy_segments(&segments, outputs.segments);
    engine.segments = segments;
    let nothing_done = taken.used == 0 && commands_used == 0 && events_len == 0 && output_len == 0;
    let wanted_room =
        !inputs.commands.is_empty() || (output_cap > 0 && engine.core.wants_transmit());
    // Without a transport, what does not fit the store waits for one.
    let waits = engine.core.is_suspended();
    if nothing_done && wanted_room && !waits && !outputs.events.is_empty() {
        return Err(rsocket_result::OutputTooSmall);
    }
    Ok(rsocket_progress {
        received_used: taken.used,
        received_needed: taken.needed,
        commands_used,
        events_len,
        output_len,
        segments_len,
        deadline_ns: engine.core.poll_timeout().map_or(u64::MAX, Time::as_nanos),
        arena_len: engine.arena.len(),
        flags: flags(&engine.core),
    })
}

fn flags(core: &Connection) -> u32 {
    let closed = if core.is_closed() {
        RSOCKET_PROGRESS_CLOSED
    } else {
        0
    };
    let more = if core.wants_transmit() {
        RSOCKET_PROGRESS_MORE_OUTPUT
    } else {
        0
    };
    let suspended = if core.is_suspended() {
        RSOCKET_PROGRESS_SUSPENDED
    } else {
        0
    };
    let no_transport = if core.awaits_transport() {
        RSOCKET_PROGRESS_NO_TRANSPORT
    } else {
        0
    };
    closed | more | suspended | no_transport
}

/// Where what a client begins with is kept for the server's decision.
struct FirstFrame<'a> {
    setup: &'a mut Option<Box<OwnedSetup>>,
    resume: &'a mut Option<Box<OwnedResumeRequest>>,
}

/// How far the received bytes were taken.
struct Taken {
    used: usize,
    needed: usize,
}

/// Hands frames to the core until the bytes, the room for events, or the core's readiness ends.
fn receive(
    core: &mut Connection,
    max_frame_len: usize,
    first: FirstFrame<'_>,
    inputs: &Inputs<'_>,
    events: &mut EventWriter<'_>,
) -> Taken {
    let mut used = 0;
    if !inputs.received.is_empty() {
        core.heard(inputs.now);
    }
    loop {
        let rest = inputs.received.get(used..).unwrap_or_default();
        if core.is_closed() {
            // What follows the end of a connection means nothing.
            used = inputs.received.len();
            return Taken { used, needed: 0 };
        }
        // A SETUP or RESUME that waits for its decision holds up what follows it.
        if core.awaits_decision() || !events.has_room() || events.arena.len() > ARENA_PER_TURN {
            return Taken { used, needed: 0 };
        }
        let event = match length_prefix::split(rest, max_frame_len) {
            Ok(Split::Incomplete { needed }) => return Taken { used, needed },
            Ok(Split::Frame { frame, consumed }) => {
                used += consumed;
                core.receive(inputs.now, frame)
            }
            Err(too_long) => Some(core.fail(&too_long.to_string())),
        };
        match &event {
            Some(Event::Setup(request)) => *first.setup = Some(Box::new(OwnedSetup::copy(request))),
            Some(Event::Resume(request)) => {
                *first.resume = Some(Box::new(OwnedResumeRequest::copy(request)));
            }
            _ => {}
        }
        if let Some(event) = event {
            events.push(event);
        }
    }
}

/// The stream of each open request, by the index in its token.
struct Requests<'a> {
    streams: &'a mut Vec<u32>,
    max: usize,
}

impl Requests<'_> {
    /// The stream that a command names, itself or by the token of its request. `None` when the request has ended, which
    /// the caller may not have heard of.
    fn stream_of(&self, core: &Connection, command: &rsocket_command) -> Option<u32> {
        if command.stream != 0 {
            return Some(command.stream);
        }
        let index = (command.token & 0xFFFF_FFFF) as usize;
        let stream = *self.streams.get(index)?;
        core.is_open(stream, command.token).then_some(stream)
    }

    /// The place for a token's stream, unless its index is out of bounds.
    #[inline]
    fn place(&mut self, token: u64) -> Option<&mut u32> {
        let index = (token & 0xFFFF_FFFF) as usize;
        if index >= self.max {
            return None;
        }
        if index >= self.streams.len() {
            self.streams.resize(index + 1, 0);
        }
        self.streams.get_mut(index)
    }
}

/// Carries out commands until they, the output or the room for events ends. Returns how many are done with.
fn carry_out(
    core: &mut Connection,
    requests: &mut Requests<'_>,
    inputs: &Inputs<'_>,
    events: &mut EventWriter<'_>,
    sink: &mut Sink<'_, '_>,
) -> Result<usize, rsocket_result> {
    for (done, command) in inputs.commands.iter().enumerate() {
        if !events.has_room() {
            return Ok(done);
        }
        let was_closed = core.is_closed();
        match carry_out_one(core, requests, command, inputs, sink) {
            Ok(None) => {}
            Ok(Some(stream)) => events.push_opened(command.token, stream),
            Err(Refusal::Send(SendError::Full)) => return Ok(done),
            Err(Refusal::Send(error)) => events.push_refused(command, error.into()),
            Err(Refusal::Malformed) => {
                events.push_refused(command, rsocket_result::InvalidArgument);
            }
        }
        if core.is_closed() && !was_closed {
            events.push(Event::Closed);
        }
    }
    Ok(inputs.commands.len())
}

/// Why a command was not carried out.
enum Refusal {
    Send(SendError),
    /// The record makes no sense.
    Malformed,
}

impl From<SendError> for Refusal {
    fn from(error: SendError) -> Self {
        Self::Send(error)
    }
}

fn carry_out_one(
    core: &mut Connection,
    requests: &mut Requests<'_>,
    command: &rsocket_command,
    inputs: &Inputs<'_>,
    sink: &mut Sink<'_, '_>,
) -> Result<Option<u32>, Refusal> {
    let (bytes, now) = (inputs.command_bytes, inputs.now);
    let completes = command.flags & RSOCKET_FLAG_COMPLETE != 0;
    match command.kind {
        RSOCKET_COMMAND_REQUEST_RESPONSE => {
            let place = requests.place(command.token).ok_or(Refusal::Malformed)?;
            *place = core.request_response(command.token, &body(command, bytes)?, sink)?;
        }
        RSOCKET_COMMAND_REQUEST_STREAM => {
            let place = requests.place(command.token).ok_or(Refusal::Malformed)?;
            let body = body(command, bytes)?;
            *place = core.request_stream(command.token, command.code, &body, sink)?;
            return Ok(Some(*place));
        }
        RSOCKET_COMMAND_REQUEST_CHANNEL => {
            let place = requests.place(command.token).ok_or(Refusal::Malformed)?;
            let body = body(command, bytes)?;
            *place = core.request_channel(command.token, command.code, &body, completes, sink)?;
            return Ok(Some(*place));
        }
        RSOCKET_COMMAND_REQUEST_N => {
            if let Some(stream) = requests.stream_of(core, command) {
                core.request_n(stream, command.code);
            }
        }
        RSOCKET_COMMAND_ITEM => {
            core.send_item(command.stream, &body(command, bytes)?, completes, sink)?;
        }
        RSOCKET_COMMAND_COMPLETE => {
            if let Some(stream) = requests.stream_of(core, command) {
                core.complete(stream, sink)?;
            }
        }
        RSOCKET_COMMAND_CANCEL_RECEIVING => {
            core.cancel_receiving(command.stream);
        }
        RSOCKET_COMMAND_GRANT_LEASE => {
            let ttl = Duration::from_millis(command.stream.into());
            let has_metadata = command.flags & RSOCKET_FLAG_NO_PAYLOAD == 0;
            let metadata = message(command, bytes)?;
            core.grant_lease(ttl, command.code, has_metadata.then_some(metadata), now)?;
        }
        RSOCKET_COMMAND_METADATA_PUSH => core.metadata_push(message(command, bytes)?, sink)?,
        RSOCKET_COMMAND_FIRE_AND_FORGET => core.fire_and_forget(&body(command, bytes)?, sink)?,
        RSOCKET_COMMAND_CANCEL => {
            let stream = *requests.place(command.token).ok_or(Refusal::Malformed)?;
            core.cancel(stream, command.token);
        }
        RSOCKET_COMMAND_RESPOND if command.flags & RSOCKET_FLAG_NO_PAYLOAD != 0 => {
            core.respond(command.stream, None, sink)?;
        }
        RSOCKET_COMMAND_RESPOND => {
            core.respond(command.stream, Some(&body(command, bytes)?), sink)?;
        }
        RSOCKET_COMMAND_RESPOND_ERROR => {
            let message = message(command, bytes)?;
            core.send_error(command.stream, ErrorCode(command.code), message, sink)?;
        }
        RSOCKET_COMMAND_ERROR => {
            let message = message(command, bytes)?;
            if let Some(stream) = requests.stream_of(core, command) {
                core.send_error(stream, ErrorCode(command.code), message, sink)?;
            }
        }
        RSOCKET_COMMAND_ACCEPT_SETUP => core.accept_setup()?,
        RSOCKET_COMMAND_REJECT_SETUP => {
            let message = String::from_utf8_lossy(message(command, bytes)?);
            core.reject_setup(ErrorCode(command.code), &message)?;
        }
        RSOCKET_COMMAND_REJECT_RESUME => {
            let message = String::from_utf8_lossy(message(command, bytes)?);
            core.reject_resume(&message)?;
        }
        RSOCKET_COMMAND_CLOSE => {
            let message = String::from_utf8_lossy(message(command, bytes)?);
            core.close(ErrorCode(command.code), &message);
        }
        _ => return Err(Refusal::Malformed),
    }
    Ok(None)
}

/// The payload of a command, in the command bytes or in the caller's memory.
#[inline]
fn body<'a>(command: &rsocket_command, bytes: &'a [u8]) -> Result<Body<'a>, Refusal> {
    let has_metadata = command.flags & RSOCKET_FLAG_METADATA != 0;
    if !has_metadata && command.metadata_len != 0 {
        return Err(Refusal::Malformed);
    }
    let (metadata_len, data_len) = (command.metadata_len as usize, command.data_len as usize);
    if command.flags & RSOCKET_FLAG_EXTERNAL != 0 {
        return Ok(Body::External(ExternalBody {
            token: command.token,
            metadata_len: has_metadata.then_some(metadata_len),
            data_len,
        }));
    }
    let rest = bytes.get(command.offset as usize..);
    let split = rest.and_then(|rest| rest.split_at_checked(metadata_len));
    let (metadata, rest) = split.ok_or(Refusal::Malformed)?;
    let data = rest.get(..data_len).ok_or(Refusal::Malformed)?;
    Ok(Body::Inline(PayloadRef::new(
        has_metadata.then_some(metadata),
        data,
    )))
}

/// The message of a command: its data.
fn message<'a>(command: &rsocket_command, bytes: &'a [u8]) -> Result<&'a [u8], Refusal> {
    match body(command, bytes)? {
        Body::Inline(payload) => Ok(payload.data),
        Body::External(_) => Err(Refusal::Malformed),
    }
}

fn copy_segments(from: &[Segment], to: &mut [MaybeUninit<rsocket_segment>]) -> usize {
    for (segment, place) in from.iter().zip(to.iter_mut()) {
        place.write(rsocket_segment {
            token: segment.span.token,
            buffered: segment.buffered as u32,
            offset: segment.span.offset as u32,
            len: segment.span.len as u32,
            part: match segment.span.part {
                Part::Data => RSOCKET_PART_DATA,
                Part::Metadata => RSOCKET_PART_METADATA,
            },
            last: segment.span.last.into(),
        });
    }
    from.len()
}

/// Turns events into records.
struct EventWriter<'a> {
    room: &'a mut [MaybeUninit<rsocket_event>],
    len: usize,
    received: &'a [u8],
    arena: &'a mut Vec<u8>,
}

impl EventWriter<'_> {
    /// Whether one more event is sure to fit: each step makes at most two.
    #[inline]
    fn has_room(&self) -> bool {
        self.len + 2 <= self.room.len()
    }

    #[inline]
    fn write(&mut self, event: rsocket_event) {
        if let Some(place) = self.room.get_mut(self.len) {
            place.write(event);
            self.len += 1;
        }
    }

    fn push_released(&mut self, token: u64) {
        self.write(rsocket_event {
            token,
            ..kind(RSOCKET_EVENT_RELEASED)
        });
    }

    fn push_opened(&mut self, token: u64, stream: u32) {
        self.write(rsocket_event {
            token,
            stream,
            ..kind(RSOCKET_EVENT_OPENED)
        });
    }

    fn push_refused(&mut self, command: &rsocket_command, why: rsocket_result) {
        self.write(rsocket_event {
            token: command.token,
            stream: command.stream,
            code: why as u32,
            kind: RSOCKET_EVENT_REFUSED,
            flags: command.flags & RSOCKET_FLAG_EXTERNAL,
            ..rsocket_event::default()
        });
    }

    #[inline]
    fn push(&mut self, event: Event<'_>) {
        let record = match event {
            Event::Item {
                stream,
                name,
                payload,
                complete,
            } => {
                let placed = self.place_optional(payload);
                rsocket_event {
                    flags: placed.flags | flag(complete, RSOCKET_FLAG_COMPLETE),
                    ..named(name, RSOCKET_EVENT_RESPONSE, RSOCKET_EVENT_ITEM).on(stream, placed)
                }
            }
            Event::Request {
                stream,
                slot,
                kind,
                initial_n,
                complete,
                payload,
            } => {
                let placed = self.place(payload);
                rsocket_event {
                    token: slot,
                    stream,
                    code: initial_n,
                    kind: request_event(kind),
                    flags: placed.flags | flag(complete, RSOCKET_FLAG_COMPLETE),
                    ..placed
                }
            }
            Event::Failed {
                stream,
                name,
                origin,
                code,
                message,
            } => {
                let placed = self.place_bytes(PayloadRef::from_data(&message));
                rsocket_event {
                    code: code.0,
                    flags: placed.flags | flag(origin == Origin::Library, RSOCKET_FLAG_LIBRARY),
                    ..named(name, RSOCKET_EVENT_FAILED, RSOCKET_EVENT_REQUESTER_FAILED)
                        .on(stream, placed)
                }
            }
            Event::Granted { stream, name, n } => rsocket_event {
                code: n,
                flags: flag(matches!(name, StreamName::Slot(_)), RSOCKET_FLAG_RESPONDER),
                ..named(name, RSOCKET_EVENT_GRANTED, RSOCKET_EVENT_GRANTED)
                    .on(stream, rsocket_event::default())
            },
            Event::Cancelled { stream, name } => {
                named(name, RSOCKET_EVENT_NO_MORE_WANTED, RSOCKET_EVENT_CANCELLED)
                    .on(stream, rsocket_event::default())
            }
            Event::Lease {
                ttl,
                requests,
                metadata,
            } => rsocket_event {
                stream: u32::try_from(ttl.as_millis()).unwrap_or(u32::MAX),
                code: requests,
                kind: RSOCKET_EVENT_LEASE,
                ..self.place_bytes(PayloadRef::new(metadata, &[]))
            },
            Event::MetadataPush(metadata) => rsocket_event {
                kind: RSOCKET_EVENT_METADATA_PUSH,
                ..self.place_bytes(PayloadRef::new(Some(metadata), &[]))
            },
            Event::Setup(_) => kind(RSOCKET_EVENT_SETUP),
            Event::Resume(_) => kind(RSOCKET_EVENT_RESUME),
            Event::Resumed => kind(RSOCKET_EVENT_RESUMED),
            Event::Suspended => kind(RSOCKET_EVENT_SUSPENDED),
            Event::Draining => kind(RSOCKET_EVENT_DRAINING),
            Event::Closed => kind(RSOCKET_EVENT_CLOSED),
        };
        self.write(record);
    }

    fn place_optional(&mut self, payload: Option<InboundPayload<'_>>) -> rsocket_event {
        match payload {
            Some(payload) => self.place(payload),
            None => rsocket_event {
                flags: RSOCKET_FLAG_NO_PAYLOAD,
                ..rsocket_event::default()
            },
        }
    }

    #[inline]
    fn place(&mut self, payload: InboundPayload<'_>) -> rsocket_event {
        match payload {
            InboundPayload::Borrowed(payload) => self.place_bytes(payload),
            InboundPayload::Owned(owned) => self.place_owned(owned),
        }
    }

    /// A payload that was put together from fragments, and may be long, becomes the arena if it can.
    fn place_owned(&mut self, owned: OwnedPayload) -> rsocket_event {
        if owned.metadata.is_some() || !self.arena.is_empty() {
            return self.place_bytes(PayloadRef::new(owned.metadata.as_deref(), &owned.data));
        }
        *self.arena = owned.data;
        rsocket_event {
            data_len: self.arena.len() as u32,
            flags: RSOCKET_FLAG_ARENA,
            ..rsocket_event::default()
        }
    }

    /// Says where a payload is: in the received bytes if it is part of them, else in the arena.
    #[inline]
    fn place_bytes(&mut self, payload: PayloadRef<'_>) -> rsocket_event {
        let metadata = payload.metadata.unwrap_or_default();
        let first = if metadata.is_empty() {
            payload.data
        } else {
            metadata
        };
        let (offset, arena) = match offset_within(self.received, first) {
            Some(offset) => (offset, 0),
            None => (
                self.copy_to_arena(metadata, payload.data),
                RSOCKET_FLAG_ARENA,
            ),
        };
        let has_metadata = if payload.metadata.is_some() {
            RSOCKET_FLAG_METADATA
        } else {
            0
        };
        rsocket_event {
            offset: offset as u32,
            metadata_len: metadata.len() as u32,
            data_len: payload.data.len() as u32,
            flags: has_metadata | arena,
            ..rsocket_event::default()
        }
    }

    fn copy_to_arena(&mut self, metadata: &[u8], data: &[u8]) -> usize {
        let offset = self.arena.len();
        self.arena.extend_from_slice(metadata);
        self.arena.extend_from_slice(data);
        offset
    }
}

/// What an event is called, and whom it names.
struct Named {
    token: u64,
    kind: u16,
}

/// One kind for streams of this side, another for those of the peer.
fn named(name: StreamName, user_kind: u16, slot_kind: u16) -> Named {
    match name {
        StreamName::User(token) => Named {
            token,
            kind: user_kind,
        },
        StreamName::Slot(token) => Named {
            token,
            kind: slot_kind,
        },
    }
}

impl Named {
    fn on(self, stream: u32, placed: rsocket_event) -> rsocket_event {
        rsocket_event {
            token: self.token,
            stream,
            kind: self.kind,
            ..placed
        }
    }
}

fn flag(condition: bool, flag: u16) -> u16 {
    if condition { flag } else { 0 }
}

fn request_event(kind: RequestKind) -> u16 {
    match kind {
        RequestKind::RequestResponse => RSOCKET_EVENT_REQUEST_RESPONSE,
        RequestKind::FireAndForget => RSOCKET_EVENT_FIRE_AND_FORGET,
        RequestKind::RequestStream => RSOCKET_EVENT_REQUEST_STREAM,
        RequestKind::RequestChannel => RSOCKET_EVENT_REQUEST_CHANNEL,
    }
}

fn kind(kind: u16) -> rsocket_event {
    rsocket_event {
        kind,
        ..rsocket_event::default()
    }
}

/// Where `part` begins in `whole`, if it is a part of it. Nothing begins at 0.
#[inline]
fn offset_within(whole: &[u8], part: &[u8]) -> Option<usize> {
    if part.is_empty() {
        return Some(0);
    }
    let offset = (part.as_ptr() as usize).checked_sub(whole.as_ptr() as usize)?;
    (offset + part.len() <= whole.len()).then_some(offset)
}
