//! Whom to trust.

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;

use super::ConfigError;
use super::identity::read_certificates;

/// The authorities whose certificates are trusted.
#[derive(Clone, Debug)]
pub struct Roots {
    store: RootCertStore,
}

impl Roots {
    /// The certificates of authorities as PEM; all of them are trusted.
    ///
    /// # Errors
    /// [`ConfigError`] where one of them cannot be read, or there is none.
    pub fn from_pem(pem: &[u8]) -> Result<Self, ConfigError> {
        let mut store = RootCertStore::empty();
        for certificate in read_certificates("the authorities", pem)? {
            store.add(certificate)?;
        }
        Ok(Self { store })
    }

    /// Those of the certificates that can be used, as a system's store may have others too.
    ///
    /// # Errors
    /// [`ConfigError::Empty`] where none can.
    pub fn from_system(
        certificates: impl IntoIterator<Item = CertificateDer<'static>>,
    ) -> Result<Self, ConfigError> {
        let mut store = RootCertStore::empty();
        store.add_parsable_certificates(certificates);
        if store.is_empty() {
            let what = "the system's authorities";
            return Err(ConfigError::Empty { what });
        }
        Ok(Self { store })
    }

    pub(super) fn into_store(self) -> RootCertStore {
        self.store
    }
}
