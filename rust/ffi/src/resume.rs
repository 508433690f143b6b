//! A connection goes on over another transport (specification, "Resuming Operation").

use rsocket_protocol::{ResumeRequest, Time};

use crate::connection::{Engine, enter, rsocket_connection};
use crate::memory;
use crate::result::rsocket_result;

/// What a client wants to go on with.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct rsocket_resume_request {
    /// The token of the SETUP that the connection began with. Lives as long as the connection that received it.
    pub token: *const u8,
    /// Length of it in bytes.
    pub token_len: usize,
    /// Up to where the client has received.
    pub last_received_server_position: u64,
    /// From where on the client can send again.
    pub first_available_client_position: u64,
}

/// A copy that outlives the frame.
pub(crate) struct OwnedResumeRequest {
    token: Vec<u8>,
    last_received_server_position: u64,
    first_available_client_position: u64,
}

impl OwnedResumeRequest {
    pub(crate) fn copy(request: &ResumeRequest<'_>) -> Self {
        Self {
            token: request.token.to_vec(),
            last_received_server_position: request.last_received_server_position,
            first_available_client_position: request.first_available_client_position,
        }
    }

    fn view(&self) -> rsocket_resume_request {
        rsocket_resume_request {
            token: memory::lend(&self.token),
            token_len: self.token.len(),
            last_received_server_position: self.last_received_server_position,
            first_available_client_position: self.first_available_client_position,
        }
    }
}

/// Tells what the client of `RSOCKET_EVENT_RESUME` wants to go on with. `RSOCKET_RESULT_NOT_READY` when there was none.
///
/// # Safety
/// `connection` is a live handle and `request` is valid for writing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rsocket_connection_resume_request(
    connection: *mut rsocket_connection,
    request: *mut rsocket_resume_request,
) -> rsocket_result {
    let body = |engine: &mut Engine| {
        let known = engine.resume_request.as_ref();
        let known = known.ok_or(rsocket_result::NotReady)?;
        // SAFETY: by this function's own contract.
        unsafe { memory::write(request, known.view()) }
    };
    // SAFETY: by this function's own contract.
    unsafe { enter(connection, body) }
}

/// Notes that the transport is gone. `RSOCKET_RESULT_OK` when the connection waits for another one: received bytes that
/// were not used and output that was not sent are to be dropped; a client calls `rsocket_connection_begin_resume` once
/// it has one, a server waits for `RSOCKET_EVENT_RESUME` on one. `RSOCKET_RESULT_CLOSED` when the connection is over.
///
/// # Safety
/// `connection` is a live handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rsocket_connection_transport_lost(
    connection: *mut rsocket_connection,
    now_ns: u64,
) -> rsocket_result {
    let body = |engine: &mut Engine| {
        let now = Time::from_nanos(now_ns);
        if engine.core.transport_lost(now, "the transport was lost") {
            return Ok(());
        }
        Err(rsocket_result::Closed)
    };
    // SAFETY: by this function's own contract.
    unsafe { enter(connection, body) }
}

/// Goes on with a client's connection over a transport that has just been opened. The next output belongs to it, and so
/// does what is received from now on; `RSOCKET_EVENT_RESUMED` follows, or `RSOCKET_EVENT_CLOSED` when the server
/// refuses.
///
/// Returns `RSOCKET_RESULT_NOT_READY` when the connection has not lost its transport, or is a server's.
///
/// # Safety
/// `connection` is a live handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rsocket_connection_begin_resume(
    connection: *mut rsocket_connection,
    now_ns: u64,
) -> rsocket_result {
    let body = |engine: &mut Engine| Ok(engine.core.begin_resume(Time::from_nanos(now_ns))?);
    // SAFETY: by this function's own contract.
    unsafe { enter(connection, body) }
}

/// Goes on with a server's connection over the transport on which its client sent RESUME, with the positions of
/// `rsocket_connection_resume_request`. The next output belongs to that transport, and so does what follows the RESUME
/// on it. A transport that the connection still has is given up with this.
///
/// Returns `RSOCKET_RESULT_CANNOT_RESUME` when the connection cannot go on exactly where it was, or is not resumable.
/// The client is then to be told with `RSOCKET_COMMAND_REJECT_RESUME`. The connection stays as it was, as the RESUME may
/// be of an attempt that the client has given up.
///
/// # Safety
/// `connection` is a live handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rsocket_connection_resume(
    connection: *mut rsocket_connection,
    now_ns: u64,
    last_received_server_position: u64,
    first_available_client_position: u64,
) -> rsocket_result {
    let body = |engine: &mut Engine| {
        engine
            .core
            .resume(
                Time::from_nanos(now_ns),
                last_received_server_position,
                first_available_client_position,
            )
            .map_err(|_| rsocket_result::CannotResume)
    };
    // SAFETY: by this function's own contract.
    unsafe { enter(connection, body) }
}
