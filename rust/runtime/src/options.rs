//! What connections are told when they are opened.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use rsocket_protocol::{Config, Limits, SetupConfig};

use crate::handler::Serve;
use crate::lease::Strategy;
use crate::resume::fragment_len;
#[cfg(feature = "tls")]
use crate::tls::rustls;
#[cfg(feature = "websocket")]
use crate::websocket::{self, Origins};
use crate::{Handler, LeaseStrategy, Payload, ResumeOptions};

/// Default of the output's limit in bytes.
const MAX_OUTPUT_BYTES: usize = 1 << 20;

/// Default of the longest frame that is sent, in bytes.
const FRAGMENT_LEN: usize = 128 << 10;

/// How a client connects. The default is useful as it is.
#[derive(Clone)]
pub struct ConnectOptions {
    pub(crate) setup: SetupConfig,
    pub(crate) limits: Limits,
    pub(crate) max_output_bytes: usize,
    pub(crate) fragment_len: usize,
    pub(crate) connect_timeout: Duration,
    pub(crate) handler: Option<Arc<dyn Serve>>,
    pub(crate) lease: Option<Strategy>,
    pub(crate) resume: Option<ResumeOptions>,
    #[cfg(feature = "tls")]
    pub(crate) tls: Option<Arc<rustls::ClientConfig>>,
    #[cfg(feature = "websocket")]
    pub(crate) headers: Vec<(String, String)>,
    #[cfg(feature = "websocket")]
    pub(crate) subprotocols: Vec<String>,
}

impl Default for ConnectOptions {
    fn default() -> Self {
        Self {
            setup: SetupConfig::default(),
            limits: Limits::default(),
            max_output_bytes: MAX_OUTPUT_BYTES,
            fragment_len: FRAGMENT_LEN,
            connect_timeout: Duration::from_secs(10),
            handler: None,
            lease: None,
            resume: None,
            #[cfg(feature = "tls")]
            tls: None,
            #[cfg(feature = "websocket")]
            headers: Vec::new(),
            #[cfg(feature = "websocket")]
            subprotocols: vec![websocket::SUBPROTOCOL.to_owned()],
        }
    }
}

impl ConnectOptions {
    /// What the client proposes to the server, all at once.
    #[must_use]
    pub fn setup(mut self, setup: SetupConfig) -> Self {
        self.setup = setup;
        self
    }

    /// What the client's application has to say to the server's [`Acceptor`](crate::Acceptor).
    #[must_use]
    pub fn setup_payload(mut self, payload: &Payload) -> Self {
        self.setup.metadata = payload.metadata.as_deref().map(<[u8]>::to_vec);
        self.setup.data = payload.data.to_vec();
        self
    }

    /// The time between KEEPALIVE frames, and how long the peer may be silent before the connection is lost
    /// (specification, "KEEPALIVE Frame"). Both 1 ms to about 24 days. Default 20 s and 90 s.
    #[must_use]
    pub fn keepalive(mut self, interval: Duration, max_lifetime: Duration) -> Self {
        self.setup.keepalive_interval = interval;
        self.setup.max_lifetime = max_lifetime;
        self
    }

    /// The MIME types of all metadata and all data, at most 255 bytes each. Default `application/octet-stream`.
    #[must_use]
    pub fn mime_types(mut self, metadata: impl Into<String>, data: impl Into<String>) -> Self {
        self.setup.metadata_mime = metadata.into();
        self.setup.data_mime = data.into();
        self
    }

    /// What answers the server's requests. Default [`NotSupported`](crate::NotSupported).
    #[must_use]
    pub fn handler(mut self, handler: impl Handler) -> Self {
        self.handler = Some(Arc::new(handler));
        self
    }

    /// Proposes leases, and decides how many requests the server may make. Default none: neither side needs leases.
    #[must_use]
    pub fn lease(mut self, strategy: impl LeaseStrategy) -> Self {
        self.lease = Some(Strategy::new(strategy));
        self
    }

    /// Proposes that the connection outlive its transport, and dials again when that is lost. Default not.
    #[must_use]
    pub fn resume(mut self, options: ResumeOptions) -> Self {
        self.resume = Some(options);
        self
    }

    /// Bounds on what the connection holds and accepts.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Bytes of frames that may wait to be written, large payloads included. Further callers wait for room. Of it,
    /// items and fire-and-forgets share 128 KiB, other payloads over 2 KiB 256 KiB, and a quarter at most, so that small
    /// frames need not wait for them; a frame that is longer than its share waits alone. Payloads that leave in fragments
    /// do not count: they have room of their own, [`Limits::max_queued_bytes`]. Default 1 MiB.
    #[must_use]
    pub fn max_output_bytes(mut self, bytes: usize) -> Self {
        self.max_output_bytes = bytes;
        self
    }

    /// Longest frame that is sent, in bytes: longer payloads go out in fragments, which take turns with those of other
    /// streams (specification, "Fragmentation And Reassembly"). 64 to 16 777 215. Default 128 KiB.
    #[must_use]
    pub fn fragment_len(mut self, bytes: usize) -> Self {
        self.fragment_len = bytes;
        self
    }

    /// How long looking up the name, connecting and a handshake may take together. Default 10 s.
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }
}

#[cfg(feature = "tls")]
impl ConnectOptions {
    /// Whom to trust at `tls://`, `wss://` and `quic://`, and what to show: a config of the program's own, or of a
    /// [`ClientBuilder`](crate::tls::ClientBuilder). Default: the system's authorities, and nothing to show.
    #[must_use]
    pub fn tls(mut self, config: Arc<rustls::ClientConfig>) -> Self {
        self.tls = Some(config);
        self
    }
}

#[cfg(feature = "websocket")]
impl ConnectOptions {
    /// A further header of the request for a WebSocket, such as Authorization. May be called several times.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// What to ask for over a WebSocket, the best first. Default `rsocket`.
    #[must_use]
    pub fn subprotocols<T: Into<String>>(mut self, names: impl IntoIterator<Item = T>) -> Self {
        self.subprotocols = names.into_iter().map(Into::into).collect();
        self
    }
}

impl fmt::Debug for ConnectOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectOptions")
            .field("setup", &self.setup)
            .field("limits", &self.limits)
            .field("max_output_bytes", &self.max_output_bytes)
            .field("fragment_len", &self.fragment_len)
            .field("connect_timeout", &self.connect_timeout)
            .field("lease", &self.lease)
            .field("resume", &self.resume)
            .finish_non_exhaustive()
    }
}

/// How a server treats its clients. The default is useful as it is.
#[derive(Clone, Debug)]
pub struct ServerOptions {
    pub(crate) limits: Limits,
    pub(crate) max_output_bytes: usize,
    pub(crate) fragment_len: usize,
    pub(crate) max_connections: usize,
    pub(crate) lease: Option<Strategy>,
    pub(crate) resume: Option<ResumeOptions>,
    #[cfg(unix)]
    pub(crate) unix_permissions: Option<u32>,
    #[cfg(feature = "tls")]
    pub(crate) tls: Option<Arc<rustls::ServerConfig>>,
    #[cfg(feature = "websocket")]
    pub(crate) websocket: websocket::ServerOptions,
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            max_output_bytes: MAX_OUTPUT_BYTES,
            fragment_len: FRAGMENT_LEN,
            max_connections: usize::MAX,
            lease: None,
            resume: None,
            #[cfg(unix)]
            unix_permissions: None,
            #[cfg(feature = "tls")]
            tls: None,
            #[cfg(feature = "websocket")]
            websocket: websocket::ServerOptions::default(),
        }
    }
}

impl ServerOptions {
    /// Bounds on what each connection holds and accepts.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// As for [`ConnectOptions::max_output_bytes`], for each connection.
    #[must_use]
    pub fn max_output_bytes(mut self, bytes: usize) -> Self {
        self.max_output_bytes = bytes;
        self
    }

    /// As for [`ConnectOptions::fragment_len`].
    #[must_use]
    pub fn fragment_len(mut self, bytes: usize) -> Self {
        self.fragment_len = bytes;
        self
    }

    /// Connections that are served at once; further clients wait in the system's queue. Those that wait to be resumed do
    /// not count. Default unlimited.
    #[must_use]
    pub fn max_connections(mut self, connections: usize) -> Self {
        self.max_connections = connections;
        self
    }

    /// Agrees to leases, and decides how many requests each client that proposes them may make. Others need none.
    /// Default not: clients that propose leases are turned away.
    #[must_use]
    pub fn lease(mut self, strategy: impl LeaseStrategy) -> Self {
        self.lease = Some(Strategy::new(strategy));
        self
    }

    /// Agrees that connections outlive their transports, for clients that propose it. Default not: clients that propose it
    /// are turned away.
    #[must_use]
    pub fn resume(mut self, options: ResumeOptions) -> Self {
        self.resume = Some(options);
        self
    }

    pub(crate) fn config(&self) -> Config {
        Config {
            limits: self.limits,
            fragment_len: fragment_len(self.resume.as_ref(), self.fragment_len),
            lease: self.lease.is_some(),
            resume: self.resume.as_ref().map(ResumeOptions::server_config),
            ..Config::server()
        }
    }
}

#[cfg(unix)]
impl ServerOptions {
    /// Who may connect to a server at `unix:///path`: those who may write to the socket's file, which has these permissions,
    /// such as `0o660`, before anybody can connect. Refused for other addresses. Default what the umask leaves of 0777.
    #[must_use]
    pub fn unix_permissions(mut self, mode: u32) -> Self {
        self.unix_permissions = Some(mode);
        self
    }
}

#[cfg(feature = "tls")]
impl ServerOptions {
    /// The certificate to show at `tls://`, `wss://` and `quic://`, and whom to let in: a config of the program's own, or of a
    /// [`ServerBuilder`](crate::tls::ServerBuilder).
    #[must_use]
    pub fn tls(mut self, config: Arc<rustls::ServerConfig>) -> Self {
        self.tls = Some(config);
        self
    }
}

#[cfg(feature = "websocket")]
impl ServerOptions {
    /// The web pages that may connect over a WebSocket. Default those of the host that they connect to.
    #[must_use]
    pub fn origins(mut self, origins: Origins) -> Self {
        self.websocket.origins = origins;
        self
    }

    /// The hosts that a WebSocket may be asked for, with a port where only that will do. Default any.
    #[must_use]
    pub fn hosts<T: Into<String>>(mut self, hosts: impl IntoIterator<Item = T>) -> Self {
        self.websocket.hosts = hosts.into_iter().map(Into::into).collect();
        self
    }

    /// What may be asked for over a WebSocket, the best first; a client that asks for nothing of that is served all the
    /// same. Default `rsocket`.
    #[must_use]
    pub fn subprotocols<T: Into<String>>(mut self, names: impl IntoIterator<Item = T>) -> Self {
        self.websocket.subprotocols = names.into_iter().map(Into::into).collect();
        self
    }
}
