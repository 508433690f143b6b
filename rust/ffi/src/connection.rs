//! `rsocket_connection`: one connection over a byte stream, without the stream.

use rsocket_protocol::{CloseReason, Connection, Origin, Time};
use rsocket_transport::length_prefix::Segment;

use crate::config::rsocket_config;
use crate::drive::{self, Inputs, Outputs};
use crate::gate::Gate;
use crate::guard::guard;
use crate::memory;
use crate::record::{rsocket_command, rsocket_event, rsocket_progress, rsocket_segment};
use crate::result::rsocket_result;
use crate::resume::OwnedResumeRequest;
use crate::setup::{OwnedSetup, rsocket_setup};

/// One RSocket connection over a byte stream such as TCP.
pub struct rsocket_connection {
    gate: Gate,
    pub(crate) engine: Engine,
}

/// What a connection consists of.
pub(crate) struct Engine {
    pub(crate) core: Connection,
    pub(crate) max_frame_len: usize,
    /// The stream of each open request, by the index in its token.
    pub(crate) requests: Vec<u32>,
    /// Indices of tokens are below this.
    pub(crate) max_requests: usize,
    /// What the last call's events refer to.
    pub(crate) arena: Vec<u8>,
    /// Scratch of the output layer, kept for its capacity.
    pub(crate) segments: Vec<Segment>,
    /// Fragments found no room in the last output.
    pub(crate) fragments_first: bool,
    /// What the client proposed; servers only.
    pub(crate) setup: Option<Box<OwnedSetup>>,
    /// What the client wants to go on with; servers only.
    pub(crate) resume_request: Option<Box<OwnedResumeRequest>>,
}

/// Makes a connection whose transport has just been opened at `now_ns` on the caller's monotonic clock. A client's
/// SETUP is the first output. To be freed with `rsocket_connection_free`; NULL when `config` is NULL.
///
/// # Safety
/// `config` is a live handle that no other thread changes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rsocket_connection_new(
    config: *const rsocket_config,
    now_ns: u64,
) -> *mut rsocket_connection {
    let mut made = std::ptr::null_mut();
    guard(|| {
        // SAFETY: by this function's own contract.
        let Some(config) = (unsafe { config.as_ref() }) else {
            return rsocket_result::NullArgument;
        };
        let config = &config.config;
        made = Box::into_raw(Box::new(rsocket_connection {
            gate: Gate::new(),
            engine: Engine {
                core: Connection::new(config, Time::from_nanos(now_ns)),
                max_frame_len: config.limits.max_frame_len,
                requests: Vec::new(),
                max_requests: config.limits.max_outbound_streams,
                arena: Vec::new(),
                segments: Vec::new(),
                fragments_first: false,
                setup: None,
                resume_request: None,
            },
        }));
        rsocket_result::Ok
    });
    made
}

/// Frees a connection. NULL does nothing.
///
/// # Safety
/// `connection` came from `rsocket_connection_new`, has not been freed, and no thread is inside it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rsocket_connection_free(connection: *mut rsocket_connection) {
    // SAFETY: by this function's own contract.
    unsafe { memory::free(connection) };
}

/// Takes what there is in both directions and gives back what follows from it.
///
/// Received bytes become events, commands become output, and what is due at `now_ns` is done. Everything that is not
/// used (see `progress`) is handed in again with the next call. Events refer to `received` by offset. The output is to
/// be written in order, each segment's bytes after the `buffered` bytes before it.
///
/// The output should hold at least 64 KiB; payloads that it cannot hold are sent as `RSOCKET_FLAG_EXTERNAL`, which
/// needs room for 2 segments. Input and commands are taken while 2 more events fit. The clock must not go backwards.
///
/// Returns `RSOCKET_RESULT_OUTPUT_TOO_SMALL` when nothing at all could be done for lack of output,
/// `RSOCKET_RESULT_BUSY` when another thread is inside, and `RSOCKET_RESULT_PANIC` when the handle is unusable.
///
/// # Safety
/// `connection` is a live handle; every array is valid for its length; the outputs overlap nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rsocket_connection_drive(
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
) -> rsocket_result {
    let body = |engine: &mut Engine| {
        // SAFETY: by this function's own contract.
        let (inputs, outputs) = unsafe {
            (
                Inputs {
                    now: Time::from_nanos(now_ns),
                    received: memory::input(received, received_len)?,
                    commands: memory::input(commands, commands_len)?,
                    command_bytes: memory::input(command_bytes, command_bytes_len)?,
                },
                Outputs {
                    events: memory::output(events, events_cap)?,
                    output: memory::output(output, output_cap)?,
                    segments: memory::output(segments, segments_cap)?,
                },
            )
        };
        if progress.is_null() {
            return Err(rsocket_result::NullArgument);
        }
        let done = drive::drive(engine, &inputs, outputs)?;
        // SAFETY: by this function's own contract.
        unsafe { memory::write(progress, done) }
    };
    // SAFETY: by this function's own contract.
    unsafe { enter(connection, body) }
}

/// Lends the memory that events with `RSOCKET_FLAG_ARENA` refer to, `rsocket_progress.arena_len` bytes. Valid until the
/// next `rsocket_connection_drive` for the connection. NULL when there is none, and where a call would fail.
///
/// # Safety
/// `connection` is a live handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rsocket_connection_arena(
    connection: *mut rsocket_connection,
) -> *const u8 {
    let mut arena = std::ptr::null();
    let body = |engine: &mut Engine| {
        arena = memory::lend(&engine.arena);
        Ok(())
    };
    // SAFETY: by this function's own contract.
    unsafe { enter(connection, body) };
    arena
}

/// Why a connection is over.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct rsocket_close_reason {
    /// Who ended it: one of `RSOCKET_ORIGIN_`.
    pub origin: u32,
    /// The code of the ERROR frame on stream 0.
    pub code: u32,
    /// The message, UTF-8 without a NUL at the end. Lives until the next call for the connection; NULL when empty.
    pub message: *const u8,
    /// Length of the message in bytes.
    pub message_len: usize,
}

/// The user of this side ended the connection.
pub const RSOCKET_ORIGIN_USER: u32 = 1;
/// The library did, because the peer broke a rule, passed a limit or fell silent.
pub const RSOCKET_ORIGIN_LIBRARY: u32 = 2;
/// The peer did, with an ERROR frame.
pub const RSOCKET_ORIGIN_REMOTE: u32 = 3;
/// The transport went away.
pub const RSOCKET_ORIGIN_TRANSPORT: u32 = 4;

/// Tells why a connection is over. `RSOCKET_RESULT_NOT_READY` while it is not.
///
/// # Safety
/// `connection` is a live handle and `reason` is valid for writing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rsocket_connection_close_reason(
    connection: *mut rsocket_connection,
    reason: *mut rsocket_close_reason,
) -> rsocket_result {
    let body = |engine: &mut Engine| {
        let known = engine.core.close_reason();
        let known = known.ok_or(rsocket_result::NotReady)?;
        // SAFETY: by this function's own contract.
        unsafe { memory::write(reason, close_reason(known)) }
    };
    // SAFETY: by this function's own contract.
    unsafe { enter(connection, body) }
}

fn close_reason(reason: &CloseReason) -> rsocket_close_reason {
    rsocket_close_reason {
        origin: match reason.origin {
            Origin::User => RSOCKET_ORIGIN_USER,
            Origin::Library => RSOCKET_ORIGIN_LIBRARY,
            Origin::Remote => RSOCKET_ORIGIN_REMOTE,
            Origin::Transport => RSOCKET_ORIGIN_TRANSPORT,
        },
        code: reason.code.0,
        message: memory::lend(reason.message.as_bytes()),
        message_len: reason.message.len(),
    }
}

/// Tells what the client of the last `RSOCKET_EVENT_SETUP` proposes. `RSOCKET_RESULT_NOT_READY` when there was none.
///
/// # Safety
/// `connection` is a live handle and `setup` is valid for writing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rsocket_connection_setup(
    connection: *mut rsocket_connection,
    setup: *mut rsocket_setup,
) -> rsocket_result {
    let body = |engine: &mut Engine| {
        let known = engine.setup.as_ref().ok_or(rsocket_result::NotReady)?;
        // SAFETY: by this function's own contract.
        unsafe { memory::write(setup, known.view()) }
    };
    // SAFETY: by this function's own contract.
    unsafe { enter(connection, body) }
}

/// Lets one thread in at a time, and nobody after a panic.
///
/// # Safety
/// `connection` is a live handle, or NULL.
pub(crate) unsafe fn enter(
    connection: *mut rsocket_connection,
    body: impl FnOnce(&mut Engine) -> Result<(), rsocket_result>,
) -> rsocket_result {
    if connection.is_null() {
        return rsocket_result::NullArgument;
    }
    // SAFETY: live by the caller's promise; the gate may be shared between threads.
    let gate = unsafe { &(*connection).gate };
    gate.enter(|| {
        // SAFETY: the gate lets only this thread come here.
        body(unsafe { &mut (*connection).engine })
    })
}
