//! WebSocket as a layer: what clients ask for, and whom servers let in.

use crate::guard::guard;
use crate::layer::rsocket_layer;
use crate::memory;
use crate::result::rsocket_result;

/// Makes a layer that asks a server for a WebSocket, to be freed with `rsocket_layer_free`.
///
/// `host` is what the URL has between the slashes, with the port if it is given there; `path` is the rest of it, with the
/// query, `/` where it is empty. `headers` are further lines of the request such as "Authorization: Bearer …", and
/// `subprotocols` what is asked for, the best first, "rsocket" as a rule; lines are ended or separated by "\n".
/// `max_message_len` bounds received messages, in bytes; 0 means the longest frame that there is, 16777215.
///
/// Returns `RSOCKET_RESULT_INVALID_ARGUMENT` when one of them fits no request, and `RSOCKET_RESULT_NOT_BUILT` where the
/// library has no WebSocket.
///
/// # Safety
/// Each pointer is valid for its length, and `layer` is valid for writing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rsocket_layer_new_websocket_client(
    host: *const u8,
    host_len: usize,
    path: *const u8,
    path_len: usize,
    headers: *const u8,
    headers_len: usize,
    subprotocols: *const u8,
    subprotocols_len: usize,
    max_message_len: u64,
    layer: *mut *mut rsocket_layer,
) -> rsocket_result {
    let make = || {
        // SAFETY: by this function's own contract.
        let asked = unsafe {
            Asked {
                host: memory::text(host, host_len)?,
                path: memory::text(path, path_len)?,
                headers: memory::text(headers, headers_len)?,
                subprotocols: memory::text(subprotocols, subprotocols_len)?,
                max_message_len,
            }
        };
        asked.layer()
    };
    // SAFETY: by this function's own contract.
    unsafe { new(make, layer) }
}

/// Makes a layer that lets a client in, for one connection, to be freed with `rsocket_layer_free`. It answers a client
/// that is not let in with an HTTP status.
///
/// `origins` are those of the web pages that may connect, such as "https://example.com", beside the pages of the host
/// itself; "*" is all of them. `hosts` are the names that the server goes by, and `paths` where it is found; without any
/// it is each. `subprotocols` are those that are agreed to, the best first, "rsocket" as a rule. All are lines, ended or
/// separated by "\n". `max_message_len` bounds received messages and `max_head_len` requests, in bytes; 0 means the
/// default, 16777215 and 16384.
///
/// Returns `RSOCKET_RESULT_INVALID_ARGUMENT` for what is not UTF-8, and `RSOCKET_RESULT_NOT_BUILT` where the library has
/// no WebSocket.
///
/// # Safety
/// Each pointer is valid for its length, and `layer` is valid for writing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rsocket_layer_new_websocket_server(
    origins: *const u8,
    origins_len: usize,
    hosts: *const u8,
    hosts_len: usize,
    paths: *const u8,
    paths_len: usize,
    subprotocols: *const u8,
    subprotocols_len: usize,
    max_message_len: u64,
    max_head_len: u64,
    layer: *mut *mut rsocket_layer,
) -> rsocket_result {
    let make = || {
        // SAFETY: by this function's own contract.
        let offered = unsafe {
            Offered {
                origins: memory::text(origins, origins_len)?,
                hosts: memory::text(hosts, hosts_len)?,
                paths: memory::text(paths, paths_len)?,
                subprotocols: memory::text(subprotocols, subprotocols_len)?,
                max_message_len,
                max_head_len,
            }
        };
        offered.layer()
    };
    // SAFETY: by this function's own contract.
    unsafe { new(make, layer) }
}

/// What a client asks for.
#[cfg_attr(not(feature = "websocket"), expect(dead_code))]
struct Asked<'a> {
    host: &'a str,
    path: &'a str,
    headers: &'a str,
    subprotocols: &'a str,
    max_message_len: u64,
}

/// Whom a server lets in.
#[cfg_attr(not(feature = "websocket"), expect(dead_code))]
struct Offered<'a> {
    origins: &'a str,
    hosts: &'a str,
    paths: &'a str,
    subprotocols: &'a str,
    max_message_len: u64,
    max_head_len: u64,
}

#[cfg(feature = "websocket")]
mod built {
    use std::sync::Arc;

    use rsocket_transport::websocket::{ClientOptions, Origins, ServerOptions, WebSocket};

    use super::{Asked, Offered};
    use crate::layer::{handle, rsocket_layer};
    use crate::result::rsocket_result;

    impl Asked<'_> {
        pub(super) fn layer(&self) -> Result<*mut rsocket_layer, rsocket_result> {
            let mut options = ClientOptions::new(self.host);
            if !self.path.is_empty() {
                self.path.clone_into(&mut options.path);
            }
            for line in lines(self.headers) {
                let (name, value) = line
                    .split_once(':')
                    .ok_or(rsocket_result::InvalidArgument)?;
                let value = value.trim_matches([' ', '\t']);
                options.headers.push((name.to_owned(), value.to_owned()));
            }
            options.subprotocols = owned(self.subprotocols);
            limit(&mut options.max_message_len, self.max_message_len);
            let layer = WebSocket::client(&options).map_err(|_| rsocket_result::InvalidArgument)?;
            Ok(handle(Box::new(layer)))
        }
    }

    impl Offered<'_> {
        pub(super) fn layer(&self) -> Result<*mut rsocket_layer, rsocket_result> {
            let origins = owned(self.origins);
            let mut options = ServerOptions {
                origins: if origins.iter().any(|origin| origin == "*") {
                    Origins::Any
                } else {
                    Origins::Listed(origins)
                },
                hosts: owned(self.hosts),
                paths: owned(self.paths),
                subprotocols: owned(self.subprotocols),
                ..ServerOptions::default()
            };
            limit(&mut options.max_message_len, self.max_message_len);
            limit(&mut options.max_head_len, self.max_head_len);
            Ok(handle(Box::new(WebSocket::server(Arc::new(options)))))
        }
    }

    fn lines(text: &str) -> impl Iterator<Item = &str> {
        text.lines().filter(|line| !line.is_empty())
    }

    fn owned(text: &str) -> Vec<String> {
        lines(text).map(str::to_owned).collect()
    }

    fn limit(limit: &mut usize, value: u64) {
        if value > 0 {
            *limit = usize::try_from(value).unwrap_or(usize::MAX);
        }
    }
}

#[cfg(not(feature = "websocket"))]
impl Asked<'_> {
    fn layer(&self) -> Result<*mut rsocket_layer, rsocket_result> {
        Err(rsocket_result::NotBuilt)
    }
}

#[cfg(not(feature = "websocket"))]
impl Offered<'_> {
    fn layer(&self) -> Result<*mut rsocket_layer, rsocket_result> {
        Err(rsocket_result::NotBuilt)
    }
}

/// # Safety
/// `layer` is valid for writing, or NULL.
unsafe fn new(
    make: impl FnOnce() -> Result<*mut rsocket_layer, rsocket_result>,
    layer: *mut *mut rsocket_layer,
) -> rsocket_result {
    if layer.is_null() {
        return rsocket_result::NullArgument;
    }
    guard(|| {
        let made = match make() {
            Ok(made) => made,
            Err(error) => return error,
        };
        // SAFETY: not NULL; valid by the caller's promise.
        match unsafe { memory::write(layer, made) } {
            Ok(()) => rsocket_result::Ok,
            Err(error) => error,
        }
    })
}
