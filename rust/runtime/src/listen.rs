//! Listening for clients.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;

use crate::acceptor::Decide;
use crate::address::{AddressError, TCP, host_port};
use crate::serving::Serving;
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

/// A server that has its address and does not serve yet; clients wait in the system's queue.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    local_addr: SocketAddr,
    options: ServerOptions,
}

impl Server {
    /// Listens on `tcp://host:port`; port 0 lets the system choose one.
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
        let listener = TcpListener::bind(host_port(address)?)
            .await
            .map_err(failed)?;
        let local_addr = listener.local_addr().map_err(failed)?;
        Ok(Self {
            listener,
            local_addr,
            options,
        })
    }

    /// Where the server listens.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// The same for clients: `tcp://address:port`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("{TCP}{}", self.local_addr)
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
        Serving::start(self.listener, self.local_addr, self.options, acceptor)
    }
}
