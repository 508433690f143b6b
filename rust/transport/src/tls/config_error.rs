//! What is wrong with certificates and keys.

use rustls::server::VerifierBuilderError;

/// Why there is no config, or no part of one.
#[derive(thiserror::Error, Clone, Debug)]
#[non_exhaustive]
pub enum ConfigError {
    /// The text is not PEM, or does not have what is wanted.
    #[error("{what} cannot be read: {message}")]
    Pem {
        /// What was to be read.
        what: &'static str,
        /// What is wrong with it.
        message: String,
    },
    /// There is no certificate where there has to be one.
    #[error("there is no certificate among {what}")]
    Empty {
        /// Where.
        what: &'static str,
    },
    /// A certificate or key that rustls cannot use, or that do not belong together.
    #[error(transparent)]
    Tls(#[from] rustls::Error),
    /// The authorities for clients' certificates cannot be used.
    #[error("the authorities for clients cannot be used: {0}")]
    ClientRoots(#[from] VerifierBuilderError),
}

impl ConfigError {
    pub(super) fn pem(what: &'static str, error: &rustls::pki_types::pem::Error) -> Self {
        let message = error.to_string();
        Self::Pem { what, message }
    }
}
