//! QUIC, which the library drives itself: a descriptor stands for a connection or a listener.

use crate::guard::guard;
use crate::memory;
use crate::result::rsocket_result;

/// Whether the library has QUIC.
#[unsafe(no_mangle)]
pub extern "C" fn rsocket_quic_is_built() -> bool {
    cfg!(all(feature = "quic", unix))
}

/// Connects to a server over QUIC, and returns at once: `descriptor` is one end of a pair of stream sockets, which is the
/// program's to close. That frees everything behind it. The library does the rest on a thread of its own, the one that it
/// has for QUIC, which the first call starts.
///
/// `addresses` are lines like "192.0.2.1:7878" or "[2001:db8::1]:7878", ended or separated by "\n". They are tried in
/// order, the next one a quarter of a second after the one before, and the first that answers is taken. `server_name` is
/// what the server's certificate has to be for, a name or an address. `authorities` are the certificates in PEM of those
/// who may have signed it; without any they are the system's. `certificates` and `key` are the own certificate, followed
/// by those that lead to its authority, and its private key, both in PEM; they may be empty.
///
/// The first thing to be read is a record: its length after these four bytes, a result, and fields, each a length and so
/// many bytes. All numbers have four bytes, the first of which is the highest. Where the result is `RSOCKET_RESULT_OK`,
/// the fields are an empty one, the own address, the peer's, the protocol that was agreed upon (ALPN), an empty one, and
/// the server's certificates in DER. After the record the bytes are those of the connection, both ways: length-prefixed
/// frames. Otherwise the only field is a message, and nothing follows. Nothing is to be written before the record has been
/// read. It comes within `handshake_timeout_ms`.
///
/// When the descriptor ends, the peer has closed the connection, or it is lost. To say that nothing follows, a program
/// shuts its end down for writing; when it closes it, what was written is still sent, for as long as the peer takes it
/// within some seconds.
///
/// Returns `RSOCKET_RESULT_INVALID_ARGUMENT` for an address or name that is none, `RSOCKET_RESULT_IO` where the system has
/// no descriptors or threads, and `RSOCKET_RESULT_NOT_BUILT` where the library has no QUIC.
///
/// # Safety
/// Each pointer is valid for its length, and `descriptor` is valid for writing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rsocket_quic_connect(
    addresses: *const u8,
    addresses_len: usize,
    server_name: *const u8,
    server_name_len: usize,
    authorities: *const u8,
    authorities_len: usize,
    certificates: *const u8,
    certificates_len: usize,
    key: *const u8,
    key_len: usize,
    handshake_timeout_ms: u64,
    descriptor: *mut i32,
) -> rsocket_result {
    let make = || {
        // SAFETY: by this function's own contract.
        let client = unsafe {
            Client {
                addresses: memory::text(addresses, addresses_len)?,
                server_name: memory::text(server_name, server_name_len)?,
                tls: Pem {
                    authorities: memory::input(authorities, authorities_len)?,
                    certificates: memory::input(certificates, certificates_len)?,
                    key: memory::input(key, key_len)?,
                },
                handshake_timeout_ms,
            }
        };
        client.connect()
    };
    // SAFETY: by this function's own contract.
    unsafe { new(make, descriptor) }
}

/// Listens for clients over QUIC, and returns at once: `descriptor` is one end of a pair of stream sockets, which is the
/// program's to close. That ends the listening, and leaves connections as they are.
///
/// `socket` is a UDP socket that is bound. The program closes it when it likes; the library has its own descriptor, and the
/// port is free again when the listener and its connections are closed. `certificates` and `key` are needed; with
/// `authorities`, clients have to show a certificate that one of those has signed. All are in PEM.
///
/// What is read are records, as `rsocket_quic_connect` has them. The first has a result: where it is not
/// `RSOCKET_RESULT_OK`, the field is a message, and nothing follows. Others have these numbers:
///
/// - `RSOCKET_QUIC_ACCEPTED`: a client has connected. The fields are the number of its connection's descriptor, as four
///   bytes, and the client's address. The program answers with a byte of 0. Then the descriptor is the program's, and like
///   one of `rsocket_quic_connect`; in its first record the field before the certificates is the name that the client asked
///   for (SNI).
/// - `RSOCKET_QUIC_HELLO`, only with `ask`: a client has sent its first datagram. The program answers with a byte of 0, or
///   with a byte of 1 and other authorities, certificates and key, each a length and so many bytes, which are used from then
///   on; where they cannot be used, the former ones are.
///
/// - `RSOCKET_QUIC_FAILED`: a client has not connected. The fields are a result, as four bytes, the client's address and a
///   message. There is no answer.
///
/// While an answer is awaited no further client is let in. Clients that take longer than `handshake_timeout_ms` until they
/// send something over their connection are dropped. Of those that have not been accepted some hundreds are let in.
///
/// Returns `RSOCKET_RESULT_INVALID_ARGUMENT` where `socket` is not one, `RSOCKET_RESULT_IO` where the system has no
/// descriptors or threads, and `RSOCKET_RESULT_NOT_BUILT` where the library has no QUIC.
///
/// # Safety
/// Each pointer is valid for its length, and `descriptor` is valid for writing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rsocket_quic_listen(
    socket: i32,
    authorities: *const u8,
    authorities_len: usize,
    certificates: *const u8,
    certificates_len: usize,
    key: *const u8,
    key_len: usize,
    ask: bool,
    handshake_timeout_ms: u64,
    descriptor: *mut i32,
) -> rsocket_result {
    let make = || {
        // SAFETY: by this function's own contract.
        let server = unsafe {
            Server {
                socket,
                tls: Pem {
                    authorities: memory::input(authorities, authorities_len)?,
                    certificates: memory::input(certificates, certificates_len)?,
                    key: memory::input(key, key_len)?,
                },
                ask,
                handshake_timeout_ms,
            }
        };
        server.listen()
    };
    // SAFETY: by this function's own contract.
    unsafe { new(make, descriptor) }
}

/// A record of a listener: a client has sent its first datagram.
pub const RSOCKET_QUIC_HELLO: u32 = 1;
/// A record of a listener: a client has connected.
pub const RSOCKET_QUIC_ACCEPTED: u32 = 2;
/// A record of a listener: a client has not connected.
pub const RSOCKET_QUIC_FAILED: u32 = 3;

#[cfg_attr(not(all(feature = "quic", unix)), expect(dead_code))]
struct Pem<'a> {
    authorities: &'a [u8],
    certificates: &'a [u8],
    key: &'a [u8],
}

#[cfg_attr(not(all(feature = "quic", unix)), expect(dead_code))]
struct Client<'a> {
    addresses: &'a str,
    server_name: &'a str,
    tls: Pem<'a>,
    handshake_timeout_ms: u64,
}

#[cfg_attr(not(all(feature = "quic", unix)), expect(dead_code))]
struct Server<'a> {
    socket: i32,
    tls: Pem<'a>,
    ask: bool,
    handshake_timeout_ms: u64,
}

#[cfg(all(feature = "quic", unix))]
mod built {
    use std::io;
    use std::net::{SocketAddr, UdpSocket};
    use std::os::fd::{BorrowedFd, IntoRawFd};
    use std::os::unix::net::UnixStream;
    use std::time::Duration;

    use rsocket_quic::bridge::{self, Failure, Listen, record};

    use super::{
        Client, Pem, RSOCKET_QUIC_ACCEPTED, RSOCKET_QUIC_FAILED, RSOCKET_QUIC_HELLO, Server,
    };
    use crate::result::rsocket_result;

    const _: () = assert!(record::HELLO == RSOCKET_QUIC_HELLO);
    const _: () = assert!(record::ACCEPTED == RSOCKET_QUIC_ACCEPTED);
    const _: () = assert!(record::FAILED == RSOCKET_QUIC_FAILED);

    impl Client<'_> {
        pub(super) fn connect(self) -> Result<i32, rsocket_result> {
            let invalid = |_| rsocket_result::InvalidArgument;
            let lines = self.addresses.lines().filter(|line| !line.is_empty());
            let addresses: Result<Vec<SocketAddr>, _> = lines.map(str::parse).collect();
            let addresses = addresses.map_err(invalid)?;
            if addresses.is_empty() || self.server_name.is_empty() {
                return Err(rsocket_result::InvalidArgument);
            }
            descriptor(bridge::connect(
                addresses,
                self.server_name.to_owned(),
                self.tls.owned(),
                Duration::from_millis(self.handshake_timeout_ms),
                code,
            ))
        }
    }

    impl Server<'_> {
        pub(super) fn listen(self) -> Result<i32, rsocket_result> {
            if self.socket < 0 {
                return Err(rsocket_result::InvalidArgument);
            }
            // SAFETY: not negative. Where it is not a descriptor, duplicating it says so.
            let socket = unsafe { BorrowedFd::borrow_raw(self.socket) };
            let socket = socket.try_clone_to_owned();
            let socket = UdpSocket::from(socket.map_err(|_| rsocket_result::InvalidArgument)?);
            let options = Listen {
                tls: self.tls.owned(),
                ask: self.ask,
                handshake_timeout: Duration::from_millis(self.handshake_timeout_ms),
            };
            descriptor(bridge::listen(socket, options, code))
        }
    }

    impl Pem<'_> {
        fn owned(&self) -> bridge::Pem {
            bridge::Pem {
                authorities: self.authorities.to_vec(),
                certificates: self.certificates.to_vec(),
                key: self.key.to_vec(),
            }
        }
    }

    fn descriptor(made: io::Result<UnixStream>) -> Result<i32, rsocket_result> {
        made.map(UnixStream::into_raw_fd)
            .map_err(|_| rsocket_result::Io)
    }

    fn code(failure: &Failure) -> u32 {
        let result = match failure {
            Failure::Config(_) => rsocket_result::InvalidArgument,
            Failure::Layer(error) => error.kind.into(),
            _ => rsocket_result::Io,
        };
        result as u32
    }
}

#[cfg(not(all(feature = "quic", unix)))]
impl Client<'_> {
    fn connect(self) -> Result<i32, rsocket_result> {
        Err(rsocket_result::NotBuilt)
    }
}

#[cfg(not(all(feature = "quic", unix)))]
impl Server<'_> {
    fn listen(self) -> Result<i32, rsocket_result> {
        Err(rsocket_result::NotBuilt)
    }
}

/// # Safety
/// `descriptor` is valid for writing, or NULL.
unsafe fn new(
    make: impl FnOnce() -> Result<i32, rsocket_result>,
    descriptor: *mut i32,
) -> rsocket_result {
    if descriptor.is_null() {
        return rsocket_result::NullArgument;
    }
    guard(|| {
        let made = match make() {
            Ok(made) => made,
            Err(error) => return error,
        };
        // SAFETY: not NULL; valid by the caller's promise.
        match unsafe { memory::write(descriptor, made) } {
            Ok(()) => rsocket_result::Ok,
            Err(error) => error,
        }
    })
}
