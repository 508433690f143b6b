//! Listening for clients.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;
#[cfg(feature = "quic")]
use tokio::net::UdpSocket;

#[cfg(feature = "quic")]
use crate::LayerErrorKind;
use crate::acceptor::Decide;
#[cfg(feature = "websocket")]
use crate::address::AddressProblem;
#[cfg(feature = "quic")]
use crate::address::Scheme;
use crate::address::{Address, AddressError, Target};
use crate::layers::Layers;
use crate::listener::Listener;
use crate::serving::Serving;
#[cfg(feature = "tls")]
use crate::tls::{self, rustls};
#[cfg(unix)]
use crate::unix_socket::UnixSocket;
#[cfg(feature = "websocket")]
use crate::websocket;
use crate::{AcceptAll, Acceptor, Handler, LayerError, ServerOptions};

/// Why a server cannot listen.
#[derive(thiserror::Error, Debug)]
#[non_exhaustive]
pub enum BindError {
    /// The address cannot be used.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// The name was not found, or the address cannot be listened on. Where another server listens, or something that is no
    /// socket is at a Unix socket's path, the source is one of [`AddrInUse`](io::ErrorKind::AddrInUse).
    #[error("listening on {address} failed")]
    Io {
        /// Where.
        address: String,
        /// What the system said.
        source: io::Error,
    },
    /// QUIC cannot be spoken with the options of TLS.
    #[cfg(feature = "quic")]
    #[error("listening on {address} failed")]
    Quic {
        /// Where.
        address: String,
        /// What is wrong with them.
        source: LayerError,
    },
    /// The address is a secure one, and there are no options of TLS.
    #[cfg(feature = "tls")]
    #[error("listening on {address} needs a certificate")]
    NoCertificate {
        /// Where.
        address: String,
    },
}

/// What is between the frames of a server's connections and their sockets.
#[derive(Clone, Debug, Default)]
pub(crate) struct Over {
    #[cfg(feature = "tls")]
    tls: Option<Arc<rustls::ServerConfig>>,
    #[cfg(feature = "websocket")]
    web_socket: Option<Arc<websocket::ServerOptions>>,
}

impl Over {
    #[cfg_attr(
        not(any(feature = "tls", feature = "websocket")),
        expect(unused_variables, unused_mut, reason = "TCP has no options")
    )]
    fn new(text: &str, address: &Address, options: &ServerOptions) -> Result<Self, BindError> {
        #[cfg(unix)]
        if options.unix_permissions.is_some() {
            let address = text.to_owned();
            return Err(AddressError::NotUnix { address }.into());
        }
        let mut over = Self::default();
        #[cfg(feature = "tls")]
        match (&options.tls, address.scheme.is_secure()) {
            (None, true) => {
                let address = text.to_owned();
                return Err(BindError::NoCertificate { address });
            }
            (Some(_), false) => {
                let address = text.to_owned();
                return Err(AddressError::NotSecure { address }.into());
            }
            (config, _) => over.tls.clone_from(config),
        }
        #[cfg(feature = "websocket")]
        if address.scheme.is_web_socket() {
            // A query is the client's.
            if address.path.query().is_some() {
                return Err(AddressError::malformed(text, AddressProblem::Query).into());
            }
            over.web_socket = Some(Arc::new(websocket::ServerOptions {
                paths: vec![address.path.path().to_owned()],
                max_message_len: options.limits.max_frame_len,
                ..options.websocket.clone()
            }));
        }
        Ok(over)
    }

    /// What QUIC is told, for a secure address.
    #[cfg(feature = "quic")]
    fn quic_config(
        &mut self,
        options: &ServerOptions,
    ) -> Result<rsocket_quic::ServerConfig, LayerError> {
        let limits = rsocket_quic::Limits {
            handshake_timeout: options.limits.setup_timeout,
            ..rsocket_quic::Limits::default()
        };
        let tls = self.tls.take().ok_or_else(|| LayerError {
            kind: LayerErrorKind::Refused,
            message: "there are no options of TLS".to_owned(),
        })?;
        rsocket_quic::ServerConfig::new(&tls, limits)
    }

    /// The layers of one connection.
    #[cfg_attr(not(feature = "tls"), expect(clippy::unnecessary_wraps))]
    pub(crate) fn layers(&self) -> Result<Layers, LayerError> {
        #[cfg_attr(
            not(any(feature = "tls", feature = "websocket")),
            expect(unused_mut, reason = "there are no layers")
        )]
        let mut layers = Layers::default();
        #[cfg(feature = "tls")]
        if let Some(config) = &self.tls {
            let tls = tls::Tls::server(Arc::clone(config))?;
            layers.tls = Some(tls);
        }
        #[cfg(feature = "websocket")]
        if let Some(options) = &self.web_socket {
            let web_socket = websocket::WebSocket::server(Arc::clone(options));
            layers.web_socket = Some(web_socket);
        }
        Ok(layers)
    }
}

/// Nothing goes out in the clear that was meant to be secure.
#[cfg(unix)]
#[cfg_attr(not(feature = "tls"), expect(unused_variables))]
fn refuse_tls(address: &str, options: &ServerOptions) -> Result<(), AddressError> {
    #[cfg(feature = "tls")]
    if options.tls.is_some() {
        let address = address.to_owned();
        return Err(AddressError::NotSecure { address });
    }
    Ok(())
}

/// Where a server listens.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// `None` for a Unix socket.
    pub(crate) local_addr: Option<SocketAddr>,
    pub(crate) url: String,
}

impl Place {
    fn at_host(local_addr: SocketAddr, address: &Address) -> Self {
        let path = match address.scheme.is_web_socket() {
            true => address.path.path(),
            false => "",
        };
        Self {
            local_addr: Some(local_addr),
            url: format!("{}{local_addr}{path}", address.scheme.prefix()),
        }
    }
}

/// A server that has its address and does not serve yet; clients wait in the system's queue.
#[derive(Debug)]
pub struct Server {
    listener: Listener,
    place: Place,
    over: Over,
    options: ServerOptions,
}

impl Server {
    /// Listens on `tcp://host:port`, `tls://host:port`, `ws://host:port/path` or `wss://host:port/path`, or with the feature
    /// `quic` on `quic://host:port`; port 0 lets the system choose one. The path is `/` unless it is given, and no other is served. A handshake is part of what
    /// [`Limits::setup_timeout`](crate::Limits::setup_timeout) bounds; one that stalls holds up nobody else.
    ///
    /// On Unix also on `unix:///path`. The socket is removed when the server no longer listens, with the lock file beside it,
    /// whose name ends in `.rsocket-lock`. One that a server has left behind is replaced.
    ///
    /// # Errors
    /// See [`BindError`].
    ///
    /// # Panics
    /// Outside a tokio runtime, and in one without its I/O driver.
    pub async fn bind(address: &str, options: ServerOptions) -> Result<Self, BindError> {
        let failed = |source| BindError::Io {
            address: address.to_owned(),
            source,
        };
        let (listener, place, over) = match Target::parse(address)? {
            #[cfg(feature = "quic")]
            Target::Host(at) if at.scheme == Scheme::Quic => {
                let mut over = Over::new(address, &at, &options)?;
                let config = over.quic_config(&options).map_err(|source| {
                    let address = address.to_owned();
                    BindError::Quic { address, source }
                })?;
                let bound = UdpSocket::bind(&at.at).await;
                let socket = bound.and_then(UdpSocket::into_std).map_err(failed)?;
                let listener = rsocket_quic::Listener::over(socket, config).map_err(failed)?;
                let place = Place::at_host(listener.local_addr(), &at);
                (Listener::Quic(Box::new(listener)), place, over)
            }
            Target::Host(at) => {
                let over = Over::new(address, &at, &options)?;
                let listener = TcpListener::bind(&at.at).await.map_err(failed)?;
                let local_addr = listener.local_addr().map_err(failed)?;
                let place = Place::at_host(local_addr, &at);
                (Listener::Tcp(listener), place, over)
            }
            #[cfg(unix)]
            Target::Unix(path) => {
                refuse_tls(address, &options)?;
                let socket = UnixSocket::bind(&path, options.unix_permissions);
                let place = Place {
                    local_addr: None,
                    url: address.to_owned(),
                };
                (
                    Listener::Unix(socket.map_err(failed)?),
                    place,
                    Over::default(),
                )
            }
        };
        Ok(Self {
            listener,
            place,
            over,
            options,
        })
    }

    /// Where the server listens; `None` for a Unix socket, of which [`url`](Self::url) tells.
    #[must_use]
    pub fn local_addr(&self) -> Option<SocketAddr> {
        self.place.local_addr
    }

    /// The same for clients: `tcp://address:port`, `ws://address:port/path` and so on. The certificate of a secure server is
    /// hardly for its address; clients put in the name that it is for.
    #[must_use]
    pub fn url(&self) -> String {
        self.place.url.clone()
    }

    /// Serves every client with one handler, in a task of its own.
    #[must_use = "the server stops when the handle is dropped"]
    pub fn serve(self, handler: impl Handler) -> Serving {
        self.serve_with(AcceptAll::with(handler))
    }

    /// Serves the clients that the acceptor lets in, in a task of its own.
    #[must_use = "the server stops when the handle is dropped"]
    pub fn serve_with(self, acceptor: impl Acceptor) -> Serving {
        let acceptor: Arc<dyn Decide> = Arc::new(acceptor);
        let Self {
            listener,
            place,
            over,
            options,
        } = self;
        Serving::start(listener, place, over, options, acceptor)
    }
}
