//! Listening for clients.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;

use crate::acceptor::Decide;
#[cfg(feature = "websocket")]
use crate::address::WS;
use crate::address::{Address, AddressError, TCP};
use crate::serving::Serving;
#[cfg(feature = "websocket")]
use crate::websocket;
use crate::{AcceptAll, Acceptor, Handler, ServerOptions};

/// Why a server cannot listen.
#[derive(thiserror::Error, Debug)]
#[non_exhaustive]
pub enum BindError {
    /// The address cannot be used.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// The name was not found, or the address cannot be listened on.
    #[error("listening on {address} failed")]
    Io {
        /// Where.
        address: String,
        /// What the system said.
        source: io::Error,
    },
}

/// What is between the frames of a server's connections and their sockets.
#[derive(Clone, Debug)]
pub(crate) enum Over {
    Nothing,
    #[cfg(feature = "websocket")]
    WebSocket(Arc<websocket::ServerOptions>),
}

impl Over {
    #[cfg_attr(
        not(feature = "websocket"),
        expect(unused_variables, reason = "TCP has no options")
    )]
    fn new(address: &Address, options: &ServerOptions) -> Option<Self> {
        match address {
            Address::Tcp(_) => Some(Self::Nothing),
            #[cfg(feature = "websocket")]
            Address::WebSocket { path, .. } => {
                // A query is the client's.
                let path = path.query().is_none().then(|| path.path().to_owned())?;
                Some(Self::WebSocket(Arc::new(websocket::ServerOptions {
                    paths: vec![path],
                    max_message_len: options.limits.max_frame_len,
                    ..options.websocket.clone()
                })))
            }
        }
    }
}

/// Where a server listens.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) local_addr: SocketAddr,
    pub(crate) url: String,
}

impl Place {
    fn new(local_addr: SocketAddr, over: &Over) -> Self {
        let url = match over {
            Over::Nothing => format!("{TCP}{local_addr}"),
            #[cfg(feature = "websocket")]
            Over::WebSocket(options) => format!("{WS}{local_addr}{}", options.paths.concat()),
        };
        Self { local_addr, url }
    }
}

/// A server that has its address and does not serve yet; clients wait in the system's queue.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    place: Place,
    over: Over,
    options: ServerOptions,
}

impl Server {
    /// Listens on `tcp://host:port` or `ws://host:port/path`; port 0 lets the system choose one. The path is `/` unless it
    /// is given, and no other is served.
    ///
    /// # Errors
    /// See [`BindError`].
    ///
    /// # Panics
    /// Outside a tokio runtime, and in one without its I/O driver.
    pub async fn bind(address: &str, options: ServerOptions) -> Result<Self, BindError> {
        let parsed = Address::parse(address)?;
        let Some(over) = Over::new(&parsed, &options) else {
            let address = address.to_owned();
            return Err(AddressError::WebSocket { address }.into());
        };
        let failed = |source| BindError::Io {
            address: address.to_owned(),
            source,
        };
        let listener = TcpListener::bind(parsed.host_port())
            .await
            .map_err(failed)?;
        let local_addr = listener.local_addr().map_err(failed)?;
        Ok(Self {
            listener,
            place: Place::new(local_addr, &over),
            over,
            options,
        })
    }

    /// Where the server listens.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.place.local_addr
    }

    /// The same for clients: `tcp://address:port` or `ws://address:port/path`.
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
