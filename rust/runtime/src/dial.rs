//! Opening connections.

use std::future::Future;
use std::io;
use std::time::Duration;

use rsocket_protocol::SetupConfig;
use rsocket_protocol::frame::MAX_FRAME_LEN;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::address::{Address, AddressError};
use crate::layers::Layers;
#[cfg(feature = "tls")]
use crate::tls;
#[cfg(feature = "websocket")]
use crate::websocket;
use crate::{ConnectOptions, Connection, LayerError};

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
    /// The system's authorities cannot be used.
    #[cfg(feature = "tls")]
    #[error(transparent)]
    Tls(#[from] tls::ConfigError),
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

/// Connects to a server at `tcp://host:port`, `tls://host:port`, `ws://host:port/path` or `wss://host:port/path`.
///
/// Ready when the transport is open, the handshakes of TLS and of a WebSocket included. The protocol does not confirm a
/// SETUP: a server that rejects it closes the connection, and requests then fail with
/// [`Error::RejectedSetup`](crate::Error::RejectedSetup). Nor does TLS 1.3 tell a client that the server wants a
/// certificate before the handshake is over: then [`Connection::layer_error`] tells.
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
    let to = Address::parse(address)?;
    let limit = options.connect_timeout;
    if !to.scheme.is_secure() && !to.scheme.is_web_socket() {
        refuse_tls(address, &options)?;
        let stream = within(limit, address, open(&to.at)).await?;
        return Connection::over(stream, options);
    }
    let layers = layers(address, &to, &options).await?;
    let agreement = layers.agreement();
    let opening = async { layers.open_over(open(&to.at).await?).await };
    let transport = within(limit, address, opening).await?;
    Connection::over_layers(transport, options, agreement)
}

/// What an address asks to be put over the socket.
async fn layers(
    address: &str,
    to: &Address,
    options: &ConnectOptions,
) -> Result<Layers, ConnectError> {
    #[cfg_attr(
        not(any(feature = "tls", feature = "websocket")),
        expect(unused_mut, reason = "there are no layers")
    )]
    let mut layers = Layers::default();
    #[cfg(feature = "tls")]
    if to.scheme.is_secure() {
        layers.tls = Some(tls_client(address, to, options).await?);
    }
    if !to.scheme.is_secure() {
        refuse_tls(address, options)?;
    }
    #[cfg(feature = "websocket")]
    if to.scheme.is_web_socket() {
        let options = websocket::ClientOptions {
            path: to.path.as_str().to_owned(),
            headers: options.headers.clone(),
            subprotocols: options.subprotocols.clone(),
            max_message_len: options.limits.max_frame_len,
            ..websocket::ClientOptions::new(to.authority.as_str())
        };
        layers.web_socket = Some(websocket::WebSocket::client(&options)?);
    }
    Ok(layers)
}

#[cfg(feature = "tls")]
async fn tls_client(
    address: &str,
    to: &Address,
    options: &ConnectOptions,
) -> Result<tls::Tls, ConnectError> {
    let config = match &options.tls {
        Some(config) => config.clone(),
        None => tls::system_config().await?,
    };
    let address = || address.to_owned();
    let Ok(name) = tls::rustls::pki_types::ServerName::try_from(to.host().to_owned()) else {
        return Err(AddressError::Host { address: address() }.into());
    };
    tls::Tls::client(config, name).map_err(|source| ConnectError::Layer {
        address: address(),
        source,
    })
}

/// Nothing goes out in the clear that was meant to be secure.
#[cfg_attr(not(feature = "tls"), expect(unused_variables))]
fn refuse_tls(address: &str, options: &ConnectOptions) -> Result<(), AddressError> {
    #[cfg(feature = "tls")]
    if options.tls.is_some() {
        let address = address.to_owned();
        return Err(AddressError::NotSecure { address });
    }
    Ok(())
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
