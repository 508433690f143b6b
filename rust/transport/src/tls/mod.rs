//! TLS 1.2 and 1.3 by rustls, as a layer: [`Tls`].
//!
//! What a connection trusts and shows is a rustls config, of the program's own or from a [`ClientBuilder`] or
//! [`ServerBuilder`], which take PEM. Sessions are resumed unless a config of the program's own says otherwise. A server
//! changes its certificates while it runs through [`Certificates::replace`].
//!
//! One thing is not an argument here as it is in the rest of the crate: whether a certificate is valid at this time, rustls
//! asks the config's [`TimeProvider`](rustls::time_provider::TimeProvider), which is the system's clock by default.
//!
//! - `layer`: the connection
//! - `agreement`: what the two ends have agreed upon
//! - `error`: what rustls's errors mean for a program
//! - `identity`: a certificate with its key
//! - `certificates`: those of a server, which can change
//! - `roots`: whom to trust
//! - `client`, `server`: configs

mod agreement;
mod certificates;
mod client;
mod config_error;
mod error;
mod identity;
mod layer;
mod roots;
mod server;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use rustls::crypto::{CryptoProvider, ring};

pub use agreement::{Agreed, Agreement};
pub use certificates::Certificates;
pub use client::ClientBuilder;
pub use config_error::ConfigError;
pub use error::{alert_kind, certificate_alert_kind};
pub use identity::Identity;
pub use layer::Tls;
pub use roots::Roots;
pub use server::ServerBuilder;

pub use rustls;

/// The cryptography. It is given to each config, so that it does not depend on which provider a program has installed.
fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}
