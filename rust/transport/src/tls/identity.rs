//! A certificate with its key.

use std::sync::Arc;

use rustls::client::verify_server_name;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::ParsedCertificate;
use rustls::sign::CertifiedKey;

use super::{ConfigError, provider};

/// A certificate, those that lead from it to an authority, and its key.
#[derive(Clone, Debug)]
pub struct Identity {
    key: Arc<CertifiedKey>,
}

impl Identity {
    /// Reads the certificates, with the own one first, and the key (PKCS #8, PKCS #1 or SEC 1), both as PEM.
    ///
    /// # Errors
    /// [`ConfigError`] where one cannot be read, or they do not belong together.
    pub fn from_pem(certificates: &[u8], key: &[u8]) -> Result<Self, ConfigError> {
        let chain = read_certificates("the certificates", certificates)?;
        let key = PrivateKeyDer::from_pem_slice(key)
            .map_err(|error| ConfigError::pem("the private key", &error))?;
        Self::from_der(chain, key)
    }

    /// The same in DER.
    ///
    /// # Errors
    /// As for [`from_pem`](Self::from_pem).
    pub fn from_der(
        certificates: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
    ) -> Result<Self, ConfigError> {
        let key = CertifiedKey::from_der(certificates, key, &provider())?;
        Ok(Self { key: Arc::new(key) })
    }

    pub(super) fn certified_key(&self) -> Arc<CertifiedKey> {
        Arc::clone(&self.key)
    }

    /// Whether the certificate is for this name.
    pub(super) fn is_for(&self, name: &ServerName<'_>) -> bool {
        self.key
            .end_entity_cert()
            .and_then(ParsedCertificate::try_from)
            .and_then(|certificate| verify_server_name(&certificate, name))
            .is_ok()
    }
}

/// All certificates of a PEM text, of which there has to be one.
pub(super) fn read_certificates(
    what: &'static str,
    pem: &[u8],
) -> Result<Vec<CertificateDer<'static>>, ConfigError> {
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let certificates = certificates.map_err(|error| ConfigError::pem(what, &error))?;
    if certificates.is_empty() {
        return Err(ConfigError::Empty { what });
    }
    Ok(certificates)
}
