//! The certificates that one side shows, which can change while it runs.

use std::sync::{Arc, PoisonError, RwLock};

use rustls::SignatureScheme;
use rustls::client::ResolvesClientCert;
use rustls::pki_types::ServerName;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use super::Identity;

/// What a server or client shows of itself: at least one certificate.
///
/// A server shows the first that is for the name that the client asks for (SNI), and the first of all where none is or
/// the client does not say. A client shows the first.
#[derive(Debug)]
pub struct Certificates {
    current: RwLock<Arc<Shown>>,
}

#[derive(Debug)]
struct Shown {
    first: Identity,
    others: Vec<Identity>,
}

impl Certificates {
    /// A single certificate.
    #[must_use]
    pub fn new(identity: Identity) -> Arc<Self> {
        Self::several(identity, Vec::new())
    }

    /// Certificates for several names.
    #[must_use]
    pub fn several(first: Identity, others: Vec<Identity>) -> Arc<Self> {
        let current = RwLock::new(Arc::new(Shown { first, others }));
        Arc::new(Self { current })
    }

    /// Shows these from now on, instead of all that there were. Handshakes that have begun and open connections are not
    /// affected, and neither are sessions that are resumed: those show no certificate.
    pub fn replace(&self, first: Identity, others: Vec<Identity>) {
        let next = Arc::new(Shown { first, others });
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = next;
    }

    fn shown(&self) -> Arc<Shown> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Shown {
    fn for_name(&self, name: Option<&str>) -> &Identity {
        let Some(name) = name.and_then(|name| ServerName::try_from(name).ok()) else {
            return &self.first;
        };
        std::iter::once(&self.first)
            .chain(&self.others)
            .find(|identity| identity.is_for(&name))
            .unwrap_or(&self.first)
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let shown = self.shown();
        Some(shown.for_name(hello.server_name()).certified_key())
    }
}

impl ResolvesClientCert for Certificates {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(self.shown().first.certified_key())
    }

    fn has_certs(&self) -> bool {
        true
    }
}
