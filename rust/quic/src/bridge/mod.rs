//! QUIC for programs that do not use tokio: one end of a pair of sockets stands for a connection or a listener.
//!
//! The other end is a task's, on a runtime with one thread that is started by the first call and never ends. Everything goes
//! over the pair, so that a program waits for it as for any other socket, and closing its end frees what is behind it. Where
//! the program does not read, nothing more is read from the network than fits the buffers in between, and the other way
//! round.
//!
//! A connection begins with a [record] that says whether there is one; after that its bytes are those of the stream. A
//! listener only has records. The program writes nothing before it has read one.
//!
//! - `record`: what records look like
//! - `client`, `server`: the tasks
//! - `carry`: bytes of a connection

mod carry;
mod client;
pub mod record;
mod server;

use std::io;
use std::sync::OnceLock;
use std::time::Duration;

use rsocket_transport::layer::LayerError;
use rsocket_transport::tls::{
    Certificates, ClientBuilder, ConfigError, Identity, Roots, ServerBuilder,
};
use rustls_native_certs::load_native_certs;
use tokio::runtime::{Builder, Runtime};
use tokio::task::spawn_blocking;

use crate::{ClientConfig, Limits, ServerConfig};

pub use client::connect;
pub use server::{Listen, listen};

/// Why there is no connection, or no listener.
#[derive(thiserror::Error, Debug)]
#[non_exhaustive]
pub enum Failure {
    /// The certificates or the key cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// QUIC failed, such as its handshake.
    #[error(transparent)]
    Layer(LayerError),
    /// The system failed.
    #[error(transparent)]
    Io(io::Error),
}

impl From<LayerError> for Failure {
    fn from(error: LayerError) -> Self {
        Self::Layer(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.downcast() {
            Ok(layer) => Self::Layer(layer),
            Err(error) => Self::Io(error),
        }
    }
}

/// The number that a record has for a failure; not 0.
pub type Code = fn(&Failure) -> u32;

/// Certificates and a key in PEM, each of which may be empty.
#[derive(Clone, Debug, Default)]
pub struct Pem {
    /// The authorities that are trusted. A client without trusts the system's; a server without wants no certificate of its
    /// clients, and with them each has to show one.
    pub authorities: Vec<u8>,
    /// The own certificate, and those that lead from it to its authority. A server needs one.
    pub certificates: Vec<u8>,
    /// Its private key.
    pub key: Vec<u8>,
}

impl Pem {
    async fn client_config(&self) -> Result<ClientConfig, Failure> {
        let roots = match &self.authorities[..] {
            [] => system_roots().await?,
            authorities => Roots::from_pem(authorities)?,
        };
        let mut builder = ClientBuilder::new(roots);
        if !self.certificates.is_empty() || !self.key.is_empty() {
            builder = builder.certificates(self.shown()?);
        }
        Ok(ClientConfig::new(&*builder.build()?, Limits::default())?)
    }

    fn server_config(&self, handshake_timeout: Duration) -> Result<ServerConfig, Failure> {
        let mut builder = ServerBuilder::new(self.shown()?);
        if !self.authorities.is_empty() {
            builder = builder.require_clients(Roots::from_pem(&self.authorities)?);
        }
        let limits = Limits {
            handshake_timeout,
            ..Limits::default()
        };
        Ok(ServerConfig::new(&*builder.build()?, limits)?)
    }

    fn shown(&self) -> Result<std::sync::Arc<Certificates>, ConfigError> {
        Identity::from_pem(&self.certificates, &self.key).map(Certificates::new)
    }
}

/// The authorities that the system trusts. They are read once.
async fn system_roots() -> Result<Roots, Failure> {
    static ROOTS: tokio::sync::OnceCell<Roots> = tokio::sync::OnceCell::const_new();
    let read = || async {
        let found = spawn_blocking(load_native_certs).await;
        let found = found.map_err(io::Error::other)?;
        Ok::<_, Failure>(Roots::from_system(found.certs)?)
    };
    ROOTS.get_or_try_init(read).await.cloned()
}

/// Where the tasks run.
fn runtime() -> io::Result<&'static Runtime> {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    if let Some(runtime) = RUNTIME.get() {
        return Ok(runtime);
    }
    let started = Builder::new_multi_thread()
        .worker_threads(1)
        .max_blocking_threads(1)
        .thread_name("rsocket-quic")
        .enable_all()
        .build()?;
    // Another thread may have been faster.
    Ok(RUNTIME.get_or_init(|| started))
}
