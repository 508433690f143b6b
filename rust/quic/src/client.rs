//! Clients.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::time::Duration;

use quinn::Endpoint;
use tokio::task::{JoinError, JoinSet};
use tokio::time::sleep;

use crate::error::lost;
use crate::{ClientConfig, Stream};

/// How long the next address waits for those before it (RFC 8305, section 5).
const NEXT_ADDRESS: Duration = Duration::from_millis(250);

/// Connects to the first of the addresses that answers; further ones are tried while the former have not. The server's
/// certificate has to be for `server_name`, a name or an address.
///
/// Ready when the server has let this side in. There is no bound on the time that takes other than
/// [`Limits::idle_timeout`](crate::Limits::idle_timeout): nothing tells that nobody listens at an address.
///
/// # Errors
/// A [`LayerError`](rsocket_transport::layer::LayerError) inside an [`io::Error`], or what the system says. With several
/// addresses it is what the first failed for.
///
/// # Cancellation
/// Dropping the future gives the attempt up.
///
/// # Panics
/// Outside a tokio runtime, and in one without its I/O and time drivers.
pub async fn connect(
    addresses: impl IntoIterator<Item = SocketAddr>,
    server_name: &str,
    config: &ClientConfig,
) -> io::Result<Stream> {
    let mut addresses = addresses.into_iter();
    let mut attempts = JoinSet::new();
    let mut failure = None;
    loop {
        let next = addresses.next();
        let more = next.is_some();
        if let Some(address) = next {
            attempts.spawn(attempt(address, server_name.to_owned(), config.clone()));
        }
        tokio::select! {
            attempted = attempts.join_next() => match attempted.map(unless_panicked) {
                Some(Ok(stream)) => return Ok(stream),
                Some(Err(error)) => {
                    failure.get_or_insert(error);
                }
                None => return Err(failure.unwrap_or_else(no_address)),
            },
            () = sleep(NEXT_ADDRESS), if more => {}
        }
    }
}

async fn attempt(
    address: SocketAddr,
    server_name: String,
    config: ClientConfig,
) -> io::Result<Stream> {
    let any: SocketAddr = match address {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    // A socket of its own, which is closed when the connection is over.
    let endpoint = Endpoint::client(any)?;
    let mut local = endpoint.local_addr()?;
    if let Ok(ip) = ip_towards(address, any) {
        local.set_ip(ip);
    }
    let connecting = endpoint
        .connect_with(config.quinn, address, &server_name)
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
    let connection = connecting.await.map_err(|error| lost(&error))?;
    let opened = connection.open_bi().await.map_err(|error| lost(&error))?;
    Ok(Stream::new(connection, opened, local, &config.limits))
}

/// Which of the system's addresses is used to reach another one. quinn does not tell a client. Nothing is sent.
fn ip_towards(address: SocketAddr, any: SocketAddr) -> io::Result<IpAddr> {
    let socket = UdpSocket::bind(any)?;
    socket.connect(address)?;
    Ok(socket.local_addr()?.ip())
}

fn no_address() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "no address to connect to")
}

fn unless_panicked<T>(joined: Result<T, JoinError>) -> T {
    match joined {
        Ok(value) => value,
        Err(failed) => std::panic::resume_unwind(failed.into_panic()),
    }
}
