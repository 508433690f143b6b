//! `rsocket_config`: what a connection is told when it starts.

use std::time::Duration;

use rsocket_protocol::frame::Resume;
use rsocket_protocol::{Config, ResumeConfig, Role};

use crate::guard::guard;
use crate::memory;
use crate::result::rsocket_result;

/// Settings of connections. Starts with the defaults; can make any number of connections.
pub struct rsocket_config {
    pub(crate) config: Config,
}

/// Limits that [`rsocket_config_set_limit`] sets.
///
/// Requests that the peer may have open at once. Default 4096.
pub const RSOCKET_LIMIT_INBOUND_STREAMS: u32 = 1;
/// Requests that this side may have open at once. Default 1048576.
pub const RSOCKET_LIMIT_OUTBOUND_STREAMS: u32 = 2;
/// Longest frame that is accepted, in bytes. Default and maximum 16777215.
pub const RSOCKET_LIMIT_FRAME_LEN: u32 = 3;
/// Longest payload that is put together from fragments, in bytes. Default 64 MiB.
pub const RSOCKET_LIMIT_PAYLOAD_LEN: u32 = 4;
/// Bytes that a connection's unfinished fragmented payloads may hold together. Default 128 MiB.
pub const RSOCKET_LIMIT_REASSEMBLY_BYTES: u32 = 5;
/// Bytes of answers that may wait for a peer that does not read. Default 1 MiB.
pub const RSOCKET_LIMIT_CONTROL_BYTES: u32 = 6;
/// Milliseconds that a server waits for SETUP. Default 10000.
pub const RSOCKET_LIMIT_SETUP_TIMEOUT_MS: u32 = 7;

/// Items that a peer may send on a stream beyond what was asked for. Default 1024.
pub const RSOCKET_LIMIT_UNREQUESTED_ITEMS: u32 = 8;
/// Bytes of payloads that may wait to be sent in fragments, beyond the first. Default 64 MiB.
pub const RSOCKET_LIMIT_QUEUED_BYTES: u32 = 9;
/// Longest frame that this side sends, in bytes, from 64 to 16777215: longer payloads go out in fragments. Default
/// 128 KiB.
pub const RSOCKET_LIMIT_FRAGMENT_LEN: u32 = 10;

/// Makes the settings of a client, to be freed with `rsocket_config_free`.
#[unsafe(no_mangle)]
pub extern "C" fn rsocket_config_new_client() -> *mut rsocket_config {
    Box::into_raw(Box::new(rsocket_config {
        config: Config::client(),
    }))
}

/// Makes the settings of a server, to be freed with `rsocket_config_free`.
#[unsafe(no_mangle)]
pub extern "C" fn rsocket_config_new_server() -> *mut rsocket_config {
    Box::into_raw(Box::new(rsocket_config {
        config: Config::server(),
    }))
}

/// Frees settings. Connections made from them go on. NULL does nothing.
///
/// # Safety
/// `config` came from a `rsocket_config_new_` function and has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rsocket_config_free(config: *mut rsocket_config) {
    // SAFETY: by this function's own contract.
    unsafe { memory::free(config) };
}

/// Sets a limit, one of `RSOCKET_LIMIT_`. Values above what a limit can be are cut to it.
///
/// # Safety
/// `config` is a live handle that no other thread uses.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rsocket_config_set_limit(
    config: *mut rsocket_config,
    limit: u32,
    value: u64,
) -> rsocket_result {
    // SAFETY: by this function's own contract.
    unsafe { with_config(config, |config| set_limit(config, limit, value)) }
}

fn set_limit(config: &mut Config, limit: u32, value: u64) -> rsocket_result {
    let limits = &mut config.limits;
    let len = usize::try_from(value).unwrap_or(usize::MAX);
    match limit {
        RSOCKET_LIMIT_INBOUND_STREAMS => limits.max_inbound_streams = len.min(1 << 30),
        RSOCKET_LIMIT_OUTBOUND_STREAMS => limits.max_outbound_streams = len.min(1 << 28),
        RSOCKET_LIMIT_FRAME_LEN => {
            limits.max_frame_len = len.min(rsocket_protocol::frame::MAX_FRAME_LEN);
        }
        RSOCKET_LIMIT_PAYLOAD_LEN => limits.max_payload_len = len.min(1 << 31),
        RSOCKET_LIMIT_REASSEMBLY_BYTES => limits.max_reassembly_bytes = len,
        RSOCKET_LIMIT_CONTROL_BYTES => limits.max_control_bytes = len,
        RSOCKET_LIMIT_UNREQUESTED_ITEMS => limits.max_unrequested_items = len,
        RSOCKET_LIMIT_QUEUED_BYTES => limits.max_queued_bytes = len,
        RSOCKET_LIMIT_FRAGMENT_LEN => config.fragment_len = len,
        RSOCKET_LIMIT_SETUP_TIMEOUT_MS => limits.setup_timeout = Duration::from_millis(value),
        _ => return rsocket_result::InvalidArgument,
    }
    rsocket_result::Ok
}

/// Sets a client's keepalive: the time between its KEEPALIVE frames, and how long the peer may be silent. Both in
/// milliseconds, from 1 to 2^31 - 1. Defaults 20000 and 90000.
///
/// # Safety
/// `config` is a live handle that no other thread uses.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rsocket_config_set_keepalive(
    config: *mut rsocket_config,
    interval_ms: u32,
    max_lifetime_ms: u32,
) -> rsocket_result {
    let in_range = |ms: u32| (1..=0x7FFF_FFFF).contains(&ms);
    if !in_range(interval_ms) || !in_range(max_lifetime_ms) {
        return rsocket_result::InvalidArgument;
    }
    let set = |config: &mut Config| {
        config.setup.keepalive_interval = Duration::from_millis(interval_ms.into());
        config.setup.max_lifetime = Duration::from_millis(max_lifetime_ms.into());
        rsocket_result::Ok
    };
    // SAFETY: by this function's own contract.
    unsafe { with_config(config, set) }
}

/// Takes part in leases, or not: a client proposes them, a server agrees to them. Default not, and then a server turns
/// away clients that propose them.
///
/// # Safety
/// `config` is a live handle that no other thread uses.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rsocket_config_set_lease(
    config: *mut rsocket_config,
    lease: bool,
) -> rsocket_result {
    let set = |config: &mut Config| {
        config.lease = lease;
        rsocket_result::Ok
    };
    // SAFETY: by this function's own contract.
    unsafe { with_config(config, set) }
}

/// Lets connections outlive their transport: a client proposes it with `token`, 1 to 65535 bytes that nobody can guess,
/// a server agrees to it and needs none. `store_limit` bounds the bytes of sent frames that are kept for the peer, and
/// `session_timeout_ms` says how long a connection waits for another transport. 0 of either means its default, 8 MiB
/// and 60000. By default a connection ends with its transport, and a server turns away a client that proposes this.
///
/// On such a connection `RSOCKET_FLAG_EXTERNAL` is refused, and the output has to hold a frame of
/// `RSOCKET_LIMIT_FRAGMENT_LEN`. See `rsocket_connection_transport_lost`.
///
/// # Safety
/// `config` is a live handle that no other thread uses; `token` is valid for its length.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rsocket_config_set_resume(
    config: *mut rsocket_config,
    token: *const u8,
    token_len: usize,
    store_limit: u64,
    session_timeout_ms: u64,
) -> rsocket_result {
    let set = |config: &mut Config| {
        // SAFETY: by this function's own contract.
        let token = match unsafe { memory::input(token, token_len) } {
            Ok(token) => token,
            Err(error) => return error,
        };
        let needed = usize::from(config.role == Role::Client);
        if !(needed..=Resume::MAX_TOKEN_LEN).contains(&token.len()) {
            return rsocket_result::InvalidArgument;
        }
        let mut resume = ResumeConfig {
            token: token.to_vec(),
            ..ResumeConfig::default()
        };
        if store_limit > 0 {
            resume.store_limit = usize::try_from(store_limit).unwrap_or(usize::MAX);
        }
        if session_timeout_ms > 0 {
            resume.session_timeout = Duration::from_millis(session_timeout_ms);
        }
        config.resume = Some(resume);
        rsocket_result::Ok
    };
    // SAFETY: by this function's own contract.
    unsafe { with_config(config, set) }
}

/// Sets a client's MIME types of metadata and data, each ASCII text of at most 255 bytes. Default
/// "application/octet-stream".
///
/// # Safety
/// `config` is a live handle that no other thread uses; each pointer is valid for its length.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rsocket_config_set_mime_types(
    config: *mut rsocket_config,
    metadata_mime: *const u8,
    metadata_mime_len: usize,
    data_mime: *const u8,
    data_mime_len: usize,
) -> rsocket_result {
    let set = |config: &mut Config| {
        // SAFETY: by this function's own contract.
        let (metadata, data) = unsafe {
            (
                memory::input(metadata_mime, metadata_mime_len),
                memory::input(data_mime, data_mime_len),
            )
        };
        match (metadata.and_then(mime), data.and_then(mime)) {
            (Ok(metadata), Ok(data)) => {
                config.setup.metadata_mime = metadata;
                config.setup.data_mime = data;
                rsocket_result::Ok
            }
            (Err(error), _) | (_, Err(error)) => error,
        }
    };
    // SAFETY: by this function's own contract.
    unsafe { with_config(config, set) }
}

fn mime(bytes: &[u8]) -> Result<String, rsocket_result> {
    if bytes.len() > 255 || !bytes.is_ascii() {
        return Err(rsocket_result::InvalidArgument);
    }
    String::from_utf8(bytes.to_vec()).map_err(|_| rsocket_result::InvalidArgument)
}

/// Sets a client's setup payload, at most `RSOCKET_SETUP_PAYLOAD_MAX` bytes. `has_metadata` tells absent metadata from empty metadata.
///
/// # Safety
/// `config` is a live handle that no other thread uses; each pointer is valid for its length.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rsocket_config_set_setup_payload(
    config: *mut rsocket_config,
    has_metadata: bool,
    metadata: *const u8,
    metadata_len: usize,
    data: *const u8,
    data_len: usize,
) -> rsocket_result {
    let set = |config: &mut Config| {
        // SAFETY: by this function's own contract.
        let inputs = unsafe {
            (
                memory::input(metadata, metadata_len),
                memory::input(data, data_len),
            )
        };
        match inputs {
            (Ok(metadata), Ok(data)) if fits_setup(metadata, data) => {
                config.setup.metadata = has_metadata.then(|| metadata.to_vec());
                config.setup.data = data.to_vec();
                rsocket_result::Ok
            }
            (Ok(_), Ok(_)) => rsocket_result::PayloadTooLarge,
            (Err(error), _) | (_, Err(error)) => error,
        }
    };
    // SAFETY: by this function's own contract.
    unsafe { with_config(config, set) }
}

/// Longest setup payload, metadata and data together, in bytes: SETUP has no fragments, and has to fit any output.
pub const RSOCKET_SETUP_PAYLOAD_MAX: usize = 32 << 10;

fn fits_setup(metadata: &[u8], data: &[u8]) -> bool {
    metadata.len() + data.len() <= RSOCKET_SETUP_PAYLOAD_MAX
}

/// # Safety
/// `config` is a live handle that no other thread uses, or NULL.
unsafe fn with_config(
    config: *mut rsocket_config,
    body: impl FnOnce(&mut Config) -> rsocket_result,
) -> rsocket_result {
    guard(|| {
        // SAFETY: live and exclusive by the caller's promise.
        match unsafe { config.as_mut() } {
            Some(handle) => body(&mut handle.config),
            None => rsocket_result::NullArgument,
        }
    })
}
