//! TLS: configs from PEM, and whom the system trusts.
//!
//! ```no_run
//! use rsocket_runtime::tls::{Certificates, ClientBuilder, Identity, Roots, ServerBuilder};
//! use rsocket_runtime::{ConnectOptions, Server, ServerOptions, connect};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let identity = || -> Result<_, Box<dyn std::error::Error>> {
//!     let (certificate, key) = (std::fs::read("cert.pem")?, std::fs::read("key.pem")?);
//!     Ok(Identity::from_pem(&certificate, &key)?)
//! };
//! let certificates = Certificates::new(identity()?);
//! let config = ServerBuilder::new(certificates.clone()).build()?;
//! let server = Server::bind("tls://0.0.0.0:7878", ServerOptions::default().tls(config)).await?;
//! # let serving = server.serve(rsocket_runtime::NotSupported);
//! // Later: the certificate has been renewed.
//! certificates.replace(identity()?, Vec::new());
//!
//! let roots = Roots::from_pem(&std::fs::read("ca.pem")?)?;
//! let config = ClientBuilder::new(roots).build()?;
//! let connection = connect("tls://localhost:7878", ConnectOptions::default().tls(config)).await?;
//! # Ok(())
//! # }
//! ```

use std::sync::Arc;

use rustls_native_certs::load_native_certs;
use tokio::sync::OnceCell;
use tokio::task::spawn_blocking;

pub use rsocket_transport::tls::*;

/// The authorities that the system trusts, read from where it keeps them.
///
/// # Errors
/// [`ConfigError::Empty`] where none are found.
pub async fn system_roots() -> Result<Roots, ConfigError> {
    let found = match spawn_blocking(load_native_certs).await {
        Ok(found) => found,
        Err(failed) => std::panic::resume_unwind(failed.into_panic()),
    };
    for error in &found.errors {
        tracing::warn!(%error, "some of the system's authorities cannot be read");
    }
    Roots::from_system(found.certs)
}

/// A client's config that trusts the system's authorities. The first call makes it, so that sessions are resumed among all
/// connections that have no config of their own.
pub(crate) async fn system_config() -> Result<Arc<rustls::ClientConfig>, ConfigError> {
    static CONFIG: OnceCell<Arc<rustls::ClientConfig>> = OnceCell::const_new();
    let config =
        CONFIG.get_or_try_init(|| async { ClientBuilder::new(system_roots().await?).build() });
    config.await.cloned()
}
