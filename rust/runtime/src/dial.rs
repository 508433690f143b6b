//! Opening connections.

use std::future::Future;
use std::io;
use std::time::Duration;

use rsocket_protocol::SetupConfig;
use rsocket_protocol::frame::MAX_FRAME_LEN;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::address::{Address, AddressError};
use crate::{ConnectOptions, Connection, LayerError};
#[cfg(feature = "websocket")]
use crate::{Layered, websocket};

/// Bytes of a SETUP frame beside its payload, MIME types of full length included.
const SETUP_OVERHEAD: usize = 600;

/// Why there is no connection.
#[derive(thiserror::Error, Debug)]
#[non_exhaustive]
pub enum ConnectError {
    /// The address cannot be used.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// The name was not found, or the host did not take the connection.
    #[error("connecting to {address} failed")]
    Io {
        /// Where to.
        address: String,
        /// What the system said.
        source: io::Error,
    },
    /// The host took the connection, but did not open what is over it.
    #[error("opening {address} failed")]
    Layer {
        /// Where to.
        address: String,
        /// What went wrong, such as a refusal by the host.
        source: LayerError,
    },
    /// A header, a subprotocol or the host cannot be sent.
    #[cfg(feature = "websocket")]
    #[error(transparent)]
    WebSocket(#[from] websocket::InvalidOption),
    /// It took longer than [`ConnectOptions::connect_timeout`].
    #[error("connecting to {address} took longer than {timeout:?}")]
    Timeout {
        /// Where to.
        address: String,
        /// How long was waited.
        timeout: Duration,
    },
    /// The setup payload does not fit a frame.
    #[error("the setup payload does not fit a frame")]
    SetupTooLarge,
}

/// Connects to a server at `tcp://host:port` or `ws://host:port/path`.
///
/// Ready when the transport is open, a WebSocket's handshake included. The protocol does not confirm a SETUP: a server
/// that rejects it closes the connection, and requests then fail with
/// [`Error::RejectedSetup`](crate::Error::RejectedSetup).
///
/// # Errors
/// See [`ConnectError`].
///
/// # Cancellation
/// Dropping the future gives the attempt up.
///
/// # Panics
/// Outside a tokio runtime, and in one without its I/O and time drivers.
pub async fn connect(address: &str, options: ConnectOptions) -> Result<Connection, ConnectError> {
    let limit = options.connect_timeout;
    match Address::parse(address)? {
        Address::Tcp(at) => {
            let stream = within(limit, address, open(&at)).await?;
            Connection::over(stream, options)
        }
        #[cfg(feature = "websocket")]
        Address::WebSocket { at, host, path } => {
            let layer = websocket::WebSocket::client(&websocket::ClientOptions {
                path: path.as_str().to_owned(),
                headers: options.headers.clone(),
                subprotocols: options.subprotocols.clone(),
                max_message_len: options.limits.max_frame_len,
                ..websocket::ClientOptions::new(host)
            })?;
            let opening = async {
                let mut transport = Layered::new(open(&at).await?, layer);
                transport.open().await?;
                Ok(transport)
            };
            let transport = within(limit, address, opening).await?;
            Connection::over(transport, options)
        }
    }
}

/// Bounds the time that opening a transport takes, and says what came of it.
async fn within<T>(
    limit: Duration,
    address: &str,
    opening: impl Future<Output = io::Result<T>>,
) -> Result<T, ConnectError> {
    let address = || address.to_owned();
    let Ok(opened) = timeout(limit, opening).await else {
        return Err(ConnectError::Timeout {
            address: address(),
            timeout: limit,
        });
    };
    opened.map_err(|error| match error.downcast::<LayerError>() {
        Ok(source) => ConnectError::Layer {
            address: address(),
            source,
        },
        Err(source) => ConnectError::Io {
            address: address(),
            source,
        },
    })
}

async fn open(host_port: &str) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(host_port).await?;
    // Batches are made here; the system waiting for more would only add its delay.
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Whether the SETUP fits a frame.
pub(crate) fn check_setup(setup: &SetupConfig) -> Result<(), ConnectError> {
    let metadata = setup.metadata.as_ref().map_or(0, Vec::len);
    if metadata + setup.data.len() > MAX_FRAME_LEN - SETUP_OVERHEAD {
        return Err(ConnectError::SetupTooLarge);
    }
    Ok(())
}
