//! Opening connections.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use rsocket_protocol::SetupConfig;
use rsocket_protocol::frame::MAX_FRAME_LEN;
use tokio::net::TcpStream;
use tokio::time::timeout;

#[cfg(feature = "quic")]
use crate::address::Scheme;
use crate::address::{Address, AddressError, Target};
use crate::layers::Layers;
#[cfg(feature = "tls")]
use crate::tls::{self, rustls, rustls::pki_types::ServerName};
use crate::transport::Dial;
#[cfg(feature = "quic")]
use crate::transport::Transport;
#[cfg(feature = "websocket")]
use crate::websocket;
use crate::{ConnectOptions, Connection, LayerError, happy_eyeballs, socket};

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
    /// The resume token has no bytes, or more than 65 535.
    #[error("a resume token of {len} bytes")]
    ResumeToken {
        /// Its length in bytes.
        len: usize,
    },
    /// The system has no random bytes for a resume token.
    #[error("no random bytes for a resume token")]
    Random(#[source] io::Error),
    /// A [`dial`](crate::ResumeOptions::dial) of the program's own gives sockets, which `quic://` does not go over.
    #[cfg(feature = "quic")]
    #[error("quic:// does not go over what is dialled otherwise")]
    DialOverQuic,
    /// A connection over a given transport cannot be resumed without a [`dial`](crate::ResumeOptions::dial).
    #[error("nothing to dial again with")]
    NoDial,
}

/// Connects to a server at `tcp://host:port`, `tls://host:port`, `ws://host:port/path` or `wss://host:port/path`, on Unix at
/// `unix:///path`, or with the feature `quic` at `quic://host:port`.
///
/// The addresses of a name are tried as RFC 8305 says: the families take turns, an attempt that takes long has the next
/// beside it, and the first to succeed is the one. The source of [`ConnectError::Io`] tells how each has failed.
///
/// Ready when the transport is open, the handshakes of TLS and of a WebSocket included. The protocol does not confirm a
/// SETUP: a server that rejects it closes the connection, and requests then fail with
/// [`Error::RejectedSetup`](crate::Error::RejectedSetup). Nor does TLS 1.3 tell a client that the server wants a
/// certificate before the handshake is over: then [`Connection::layer_error`] tells. (Over QUIC it does tell.)
///
/// # Errors
/// See [`ConnectError`].
///
/// # Cancellation
/// Dropping the future gives the attempt up.
///
/// # Panics
/// Outside a tokio runtime, and in one without its I/O and time drivers.
pub async fn connect(
    address: &str,
    mut options: ConnectOptions,
) -> Result<Connection, ConnectError> {
    let (over, sockets) = match Target::parse(address)? {
        Target::Host(to) => {
            let over = Over::new(address, &to, &options).await?;
            let sockets = over.sockets(to);
            (over, sockets)
        }
        #[cfg(unix)]
        Target::Unix(path) => {
            refuse_tls(address, &options)?;
            let open = move || tokio::net::UnixStream::connect(path.clone());
            (Over::default(), Dial::new(open))
        }
    };
    let given = options
        .resume
        .as_ref()
        .and_then(|resume| resume.dial.clone());
    let dial = over.dial(sockets, given)?;
    let transport = within(options.connect_timeout, address, dial.begin()).await?;
    if let Some(resume) = &mut options.resume {
        resume.dial = Some(dial);
    }
    Connection::start(transport, options)
}

/// What an address asks to be put over each socket.
#[derive(Default)]
struct Over {
    #[cfg(feature = "tls")]
    tls: Option<(Arc<rustls::ClientConfig>, ServerName<'static>)>,
    #[cfg(feature = "websocket")]
    web_socket: Option<websocket::ClientOptions>,
    /// Instead of a socket.
    #[cfg(feature = "quic")]
    quic: Option<rsocket_quic::ClientConfig>,
}

impl Over {
    #[cfg_attr(
        not(any(feature = "tls", feature = "websocket")),
        expect(unused_mut, clippy::unused_async, reason = "there are no layers")
    )]
    async fn new(
        address: &str,
        to: &Address,
        options: &ConnectOptions,
    ) -> Result<Self, ConnectError> {
        let mut over = Self::default();
        if !to.scheme.is_secure() {
            refuse_tls(address, options)?;
        }
        #[cfg(feature = "tls")]
        if to.scheme.is_secure() {
            let config = match &options.tls {
                Some(config) => Arc::clone(config),
                None => tls::system_config().await?,
            };
            let Ok(name) = ServerName::try_from(to.host().to_owned()) else {
                let address = address.to_owned();
                return Err(AddressError::Host { address }.into());
            };
            #[cfg(feature = "quic")]
            if to.scheme == Scheme::Quic {
                let config =
                    rsocket_quic::ClientConfig::new(&config, rsocket_quic::Limits::default());
                over.quic = Some(config.map_err(|source| {
                    let address = address.to_owned();
                    ConnectError::Layer { address, source }
                })?);
            }
            over.tls = Some((config, name));
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
            websocket::WebSocket::client(&options)?; // What is wrong with them is said before anything is dialled.
            over.web_socket = Some(options);
        }
        Ok(over)
    }

    /// The layers of one transport.
    #[cfg_attr(
        not(any(feature = "tls", feature = "websocket")),
        expect(unused_mut, clippy::unnecessary_wraps, reason = "there are no layers")
    )]
    fn layers(&self) -> io::Result<Layers> {
        let mut layers = Layers::default();
        #[cfg(feature = "tls")]
        if let Some((config, name)) = &self.tls {
            let tls = tls::Tls::client(Arc::clone(config), name.clone());
            layers.tls = Some(tls.map_err(io::Error::other)?);
        }
        #[cfg(feature = "websocket")]
        if let Some(options) = &self.web_socket {
            let web_socket = websocket::WebSocket::client(options);
            layers.web_socket = Some(web_socket.map_err(io::Error::other)?);
        }
        Ok(layers)
    }

    /// Opens sockets, or what is there instead.
    #[cfg_attr(not(feature = "quic"), expect(clippy::unused_self))]
    fn sockets(&self, to: Address) -> Dial {
        #[cfg(feature = "quic")]
        if let Some(config) = &self.quic {
            return dial_quic(config.clone(), to);
        }
        Dial::new(move || open(to.at.clone()))
    }

    /// Opens transports by opening sockets: these, or those that the program gives.
    #[cfg_attr(not(feature = "quic"), expect(clippy::unnecessary_wraps))]
    fn dial(self, sockets: Dial, given: Option<Dial>) -> Result<Dial, ConnectError> {
        #[cfg(feature = "quic")]
        if self.quic.is_some() {
            return match given {
                Some(_) => Err(ConnectError::DialOverQuic),
                None => Ok(sockets),
            };
        }
        let sockets = given.unwrap_or(sockets);
        let over = Arc::new(self);
        Ok(Dial::of_transports(move || {
            let (over, socket) = (Arc::clone(&over), sockets.begin());
            async move { over.layers()?.open_over(socket.await?).await }
        }))
    }
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

#[cfg(feature = "quic")]
fn dial_quic(config: rsocket_quic::ClientConfig, to: Address) -> Dial {
    let to = Arc::new((config, to));
    Dial::of_transports(move || {
        let to = Arc::clone(&to);
        async move {
            let (config, to) = &*to;
            let addresses = tokio::net::lookup_host(&to.at).await?;
            let stream = rsocket_quic::connect(addresses, to.host(), config).await?;
            Ok(Transport::quic(stream))
        }
    })
}

async fn open(at: (String, u16)) -> io::Result<TcpStream> {
    let stream = happy_eyeballs::connect(at).await?;
    socket::prepare(&stream)?;
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
