//! `rsocket_layer`: what is between a connection's bytes and a transport, such as WebSocket.

use bytes::BytesMut;
use rsocket_transport::layer::{Layer, LayerError};

use crate::gate::Gate;
use crate::memory;
use crate::result::rsocket_result;

/// A layer between length-prefixed frames, which `rsocket_connection_drive` takes and gives, and a transport.
///
/// A program has the layer start, hands it what the transport brings and what is to be sent, and writes what comes back
/// to the transport, in order. After a call has failed the layer is of no use any more, except that
/// `rsocket_layer_last_output` tells what is still to be written, and `rsocket_layer_last_error` what was wrong.
pub struct rsocket_layer {
    gate: Gate,
    pub(crate) state: State,
}

/// What a layer consists of.
pub(crate) struct State {
    layer: Box<dyn Layer>,
    /// What the last call brought.
    plain: BytesMut,
    wire: BytesMut,
    error: Option<LayerError>,
}

/// Buffers larger than this are given back with the next call: an idle connection holds little.
const KEPT: usize = 16 << 10;

/// Bytes that a layer adds to what it is given, as a rule.
const ADDED: usize = 64;

/// What a call for a layer brought. The pointers live until the next call for the layer, and are NULL where their length
/// is 0.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct rsocket_layer_output {
    /// Bytes for `rsocket_connection_drive`: length-prefixed frames, cut anywhere.
    pub plain: *const u8,
    /// How many.
    pub plain_len: usize,
    /// Bytes to be written to the transport.
    pub wire: *const u8,
    /// How many.
    pub wire_len: usize,
    /// The layer's state, of `RSOCKET_LAYER_`.
    pub flags: u32,
}

/// The handshake is over, and `rsocket_layer_send` takes bytes.
pub const RSOCKET_LAYER_OPEN: u32 = 1;
/// The peer has closed the layer in an orderly way: nothing more will be received.
pub const RSOCKET_LAYER_CLOSED_BY_PEER: u32 = 2;

/// Makes a handle for a layer.
#[cfg_attr(
    not(feature = "websocket"),
    expect(dead_code, reason = "there is no layer")
)]
pub(crate) fn handle(layer: Box<dyn Layer>) -> *mut rsocket_layer {
    Box::into_raw(Box::new(rsocket_layer {
        gate: Gate::new(),
        state: State {
            layer,
            plain: BytesMut::new(),
            wire: BytesMut::new(),
            error: None,
        },
    }))
}

impl State {
    /// Forgets what the last call brought.
    fn begin(&mut self) {
        for buffer in [&mut self.plain, &mut self.wire] {
            buffer.clear();
            if buffer.capacity() > KEPT {
                *buffer = BytesMut::new();
            }
        }
    }

    fn note(&mut self, outcome: Result<(), LayerError>) -> Result<(), rsocket_result> {
        outcome.map_err(|error| {
            let result = error.kind.into();
            self.error = Some(error);
            result
        })
    }

    fn output(&self) -> rsocket_layer_output {
        let open = if self.layer.is_open() {
            RSOCKET_LAYER_OPEN
        } else {
            0
        };
        let closed = if self.layer.is_closed_by_peer() {
            RSOCKET_LAYER_CLOSED_BY_PEER
        } else {
            0
        };
        rsocket_layer_output {
            plain: memory::lend(&self.plain),
            plain_len: self.plain.len(),
            wire: memory::lend(&self.wire),
            wire_len: self.wire.len(),
            flags: open | closed,
        }
    }
}

/// Frees a layer. NULL does nothing.
///
/// # Safety
/// `layer` came from a `rsocket_layer_new_` function, has not been freed, and no thread is inside it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rsocket_layer_free(layer: *mut rsocket_layer) {
    // SAFETY: by this function's own contract.
    unsafe { memory::free(layer) };
}

/// Says the layer's first word, if this side has it. To be called once, before the others.
///
/// # Safety
/// `layer` is a live handle and `output` is valid for writing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rsocket_layer_start(
    layer: *mut rsocket_layer,
    output: *mut rsocket_layer_output,
) -> rsocket_result {
    let body = |state: &mut State| {
        let started = state.layer.start(&mut state.wire);
        state.note(started)
    };
    // SAFETY: by this function's own contract.
    unsafe { call(layer, output, body) }
}

/// Takes bytes that the transport brought, all of them. What they were for the layer itself is answered in the output's
/// `wire`.
///
/// Fails with `RSOCKET_RESULT_LAYER_PROTOCOL`, `RSOCKET_RESULT_MESSAGE_TOO_LONG`, `RSOCKET_RESULT_HANDSHAKE_REFUSED` or
/// `RSOCKET_RESULT_CLOSED_WITH_ERROR`. See `rsocket_layer_last_output` for what was received before that, and for what the
/// peer is to be told.
///
/// # Safety
/// `layer` is a live handle, `bytes` is valid for its length, and `output` is valid for writing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rsocket_layer_receive(
    layer: *mut rsocket_layer,
    bytes: *const u8,
    bytes_len: usize,
    output: *mut rsocket_layer_output,
) -> rsocket_result {
    let body = |state: &mut State| {
        // SAFETY: by this function's own contract.
        let bytes = unsafe { memory::input(bytes, bytes_len) }?;
        state.plain.reserve(bytes_len + ADDED);
        let received = state
            .layer
            .receive(bytes, &mut state.plain, &mut state.wire);
        state.note(received)
    };
    // SAFETY: by this function's own contract.
    unsafe { call(layer, output, body) }
}

/// Takes bytes from a connection, cut anywhere. Fails with `RSOCKET_RESULT_NOT_OPEN` before the handshake is over and once
/// either side has closed; the layer still receives then.
///
/// # Safety
/// `layer` is a live handle, `plain` is valid for its length, and `output` is valid for writing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rsocket_layer_send(
    layer: *mut rsocket_layer,
    plain: *const u8,
    plain_len: usize,
    output: *mut rsocket_layer_output,
) -> rsocket_result {
    let body = |state: &mut State| {
        // SAFETY: by this function's own contract.
        let plain = unsafe { memory::input(plain, plain_len) }?;
        state.wire.reserve(plain_len + ADDED);
        let sent = state.layer.send(plain, &mut state.wire);
        state.note(sent)
    };
    // SAFETY: by this function's own contract.
    unsafe { call(layer, output, body) }
}

/// Notes that the transport has ended. Fails with `RSOCKET_RESULT_CUT_OFF` where the peer had not closed the layer before.
///
/// # Safety
/// `layer` is a live handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rsocket_layer_end(layer: *mut rsocket_layer) -> rsocket_result {
    let body = |state: &mut State| {
        state.begin();
        let ended = state.layer.end();
        state.note(ended)
    };
    // SAFETY: by this function's own contract.
    unsafe { enter(layer, body) }
}

/// Ends what this side sends, in an orderly way. Does nothing the second time.
///
/// # Safety
/// `layer` is a live handle and `output` is valid for writing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rsocket_layer_close(
    layer: *mut rsocket_layer,
    output: *mut rsocket_layer_output,
) -> rsocket_result {
    let body = |state: &mut State| {
        state.layer.close(&mut state.wire);
        Ok(())
    };
    // SAFETY: by this function's own contract.
    unsafe { call(layer, output, body) }
}

/// Tells again what the last call brought, also where it failed: what was received before, and what is still to be
/// written.
///
/// # Safety
/// `layer` is a live handle and `output` is valid for writing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rsocket_layer_last_output(
    layer: *mut rsocket_layer,
    output: *mut rsocket_layer_output,
) -> rsocket_result {
    // SAFETY: by this function's own contract.
    unsafe { enter(layer, |state| memory::write(output, state.output())) }
}

/// What was wrong.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct rsocket_layer_error {
    /// The result of the call that failed.
    pub result: rsocket_result,
    /// What was wrong, for people: UTF-8 without a NUL at the end. From a peer it can be anything. Lives until the next
    /// call for the layer; NULL when empty.
    pub message: *const u8,
    /// Length of the message in bytes.
    pub message_len: usize,
}

/// Tells why a call failed, the last that did. `RSOCKET_RESULT_NOT_READY` while none has.
///
/// # Safety
/// `layer` is a live handle and `error` is valid for writing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rsocket_layer_last_error(
    layer: *mut rsocket_layer,
    error: *mut rsocket_layer_error,
) -> rsocket_result {
    let body = |state: &mut State| {
        let known = state.error.as_ref().ok_or(rsocket_result::NotReady)?;
        let told = rsocket_layer_error {
            result: known.kind.into(),
            message: memory::lend(known.message.as_bytes()),
            message_len: known.message.len(),
        };
        // SAFETY: by this function's own contract.
        unsafe { memory::write(error, told) }
    };
    // SAFETY: by this function's own contract.
    unsafe { enter(layer, body) }
}

/// Enters a layer for something that brings an output.
///
/// # Safety
/// `layer` is a live handle and `output` is valid for writing; or one is NULL.
unsafe fn call(
    layer: *mut rsocket_layer,
    output: *mut rsocket_layer_output,
    body: impl FnOnce(&mut State) -> Result<(), rsocket_result>,
) -> rsocket_result {
    if output.is_null() {
        return rsocket_result::NullArgument;
    }
    let body = |state: &mut State| {
        state.begin();
        body(state)?;
        // SAFETY: valid for writing by the caller's promise.
        unsafe { memory::write(output, state.output()) }
    };
    // SAFETY: by the caller's promise.
    unsafe { enter(layer, body) }
}

/// Lets one thread in at a time, and nobody after a panic.
///
/// # Safety
/// `layer` is a live handle, or NULL.
pub(crate) unsafe fn enter(
    layer: *mut rsocket_layer,
    body: impl FnOnce(&mut State) -> Result<(), rsocket_result>,
) -> rsocket_result {
    if layer.is_null() {
        return rsocket_result::NullArgument;
    }
    // SAFETY: live by the caller's promise; the gate may be shared between threads.
    let gate = unsafe { &(*layer).gate };
    gate.enter(|| {
        // SAFETY: the gate lets only this thread come here.
        body(unsafe { &mut (*layer).state })
    })
}
