//! Servers.

use std::fmt;
use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;

use quinn::{Endpoint, EndpointConfig, TokioRuntime, VarInt};
use tokio::task::{JoinError, JoinSet};
use tokio::time::timeout;

use crate::error::{lost, timed_out};
use crate::{ServerConfig, Stream};

/// Where clients connect. Dropping it leaves the connections that it has given as they are, and answers no other clients;
/// the socket is closed with the last connection.
#[derive(Debug)]
pub struct Listener {
    endpoint: Endpoint,
    local: SocketAddr,
    config: ServerConfig,
    /// Clients whose streams are being opened, or have not been asked for.
    opening: JoinSet<Opened>,
}

type Opened = (SocketAddr, io::Result<Stream>);

/// A client that has sent its first datagram. Dropping it refuses it.
pub struct Incoming(quinn::Incoming);

impl fmt::Debug for Incoming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Incoming")
            .field(&self.0.remote_address())
            .finish()
    }
}

/// What happens at a listener.
#[derive(Debug)]
pub enum Next {
    /// A client wants to connect, for [`Listener::open`].
    Incoming(Incoming),
    /// A client has connected.
    Opened(Stream),
    /// A client with this address has not.
    Failed(SocketAddr, io::Error),
}

impl Listener {
    /// Listens on an address; port 0 lets the system choose one.
    ///
    /// # Errors
    /// What the system says.
    ///
    /// # Panics
    /// Outside a tokio runtime, and in one without its I/O and time drivers.
    pub fn bind(address: SocketAddr, config: ServerConfig) -> io::Result<Self> {
        Self::over(UdpSocket::bind(address)?, config)
    }

    /// Listens on a socket that is bound.
    ///
    /// # Errors
    /// What the system says.
    ///
    /// # Panics
    /// Outside a tokio runtime, and in one without its I/O and time drivers.
    pub fn over(socket: UdpSocket, config: ServerConfig) -> io::Result<Self> {
        let endpoint = Endpoint::new(
            EndpointConfig::default(),
            Some(config.quinn.clone()),
            socket,
            Arc::new(TokioRuntime),
        )?;
        Ok(Self {
            local: endpoint.local_addr()?,
            endpoint,
            config,
            opening: JoinSet::new(),
        })
    }

    /// Where the listener is.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.local
    }

    /// From now on clients are told this. Those that are connected, or being connected, are not affected.
    pub fn reconfigure(&mut self, config: ServerConfig) {
        self.endpoint.set_server_config(Some(config.quinn.clone()));
        self.config = config;
    }

    /// The next client that has opened its stream. Those that do not get there in time are dropped, and hold up nobody; only
    /// this call lets further ones begin.
    ///
    /// # Errors
    /// The socket is of no use any more.
    ///
    /// # Cancellation
    /// Dropping the future loses nobody.
    pub async fn accept(&mut self) -> io::Result<Stream> {
        loop {
            match self.next().await? {
                Next::Incoming(incoming) => self.open(incoming),
                Next::Opened(stream) => return Ok(stream),
                Next::Failed(peer, error) => {
                    tracing::debug!(%peer, %error, "a client did not connect")
                }
            }
        }
    }

    /// The steps of [`accept`](Self::accept), for those who have something to do before a client is let in.
    ///
    /// # Errors
    /// The socket is of no use any more.
    ///
    /// # Cancellation
    /// Dropping the future loses nobody.
    pub async fn next(&mut self) -> io::Result<Next> {
        let full = self.opening.len() >= self.config.limits.max_opening;
        tokio::select! {
            Some(opened) = self.opening.join_next() => Ok(match unless_panicked(opened) {
                (_, Ok(stream)) => Next::Opened(stream),
                (peer, Err(error)) => Next::Failed(peer, error),
            }),
            incoming = self.endpoint.accept(), if !full => match incoming {
                Some(incoming) => Ok(Next::Incoming(Incoming(incoming))),
                None => Err(io::ErrorKind::NotConnected.into()),
            },
        }
    }

    /// Shakes hands with a client and waits for its stream, in a task of its own.
    pub fn open(&mut self, Incoming(incoming): Incoming) {
        // Many at once may come from addresses that are not theirs. Those that are can answer a question.
        let doubtful = self.opening.len() >= self.config.limits.max_opening / 4;
        if doubtful && incoming.may_retry() && !incoming.remote_address_validated() {
            let _ = incoming.retry(); // It may be asked, as was checked.
            return;
        }
        let peer = incoming.remote_address();
        let (config, local) = (self.config.clone(), self.local);
        self.opening.spawn(async move {
            let limit = config.limits.handshake_timeout;
            let opened = timeout(limit, open(incoming, config, local)).await;
            let late = |_| Err(timed_out("the client took too long to open its stream"));
            (peer, opened.unwrap_or_else(late))
        });
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        // While connections live, their socket does.
        self.endpoint.set_server_config(None);
    }
}

async fn open(
    incoming: quinn::Incoming,
    config: ServerConfig,
    local: SocketAddr,
) -> io::Result<Stream> {
    let connecting = incoming
        .accept_with(Arc::new(config.quinn))
        .map_err(|error| lost(&error))?;
    let connection = connecting.await.map_err(|error| lost(&error))?;
    // The client waits for this.
    connection.set_max_concurrent_bi_streams(VarInt::from_u32(1));
    let opened = connection.accept_bi().await.map_err(|error| lost(&error))?;
    Ok(Stream::new(connection, opened, local, &config.limits))
}

fn unless_panicked<T>(joined: Result<T, JoinError>) -> T {
    match joined {
        Ok(value) => value,
        Err(failed) => std::panic::resume_unwind(failed.into_panic()),
    }
}
