//! Configs for clients.

use std::sync::Arc;

use rustls::{ALL_VERSIONS, ClientConfig, SupportedProtocolVersion};

use super::{Certificates, ConfigError, Roots, provider};

/// Makes a config for clients. Sessions are resumed.
#[derive(Debug)]
pub struct ClientBuilder {
    roots: Roots,
    certificates: Option<Arc<Certificates>>,
    alpn: Vec<Vec<u8>>,
    versions: &'static [&'static SupportedProtocolVersion],
}

impl ClientBuilder {
    /// A client that trusts servers with a certificate of these authorities.
    #[must_use]
    pub fn new(roots: Roots) -> Self {
        Self {
            roots,
            certificates: None,
            alpn: Vec::new(),
            versions: ALL_VERSIONS,
        }
    }

    /// What to show to servers that want a certificate. Default nothing.
    #[must_use]
    pub fn certificates(mut self, certificates: Arc<Certificates>) -> Self {
        self.certificates = Some(certificates);
        self
    }

    /// The protocols to offer (ALPN). Default none: no server of other implementations negotiates one for RSocket, and
    /// one that knows others but not ours would end the handshake. With a server behind a proxy that chooses by ALPN, a
    /// program says what the proxy wants.
    #[must_use]
    pub fn alpn(mut self, protocols: impl IntoIterator<Item = impl Into<Vec<u8>>>) -> Self {
        self.alpn = protocols.into_iter().map(Into::into).collect();
        self
    }

    /// The versions of TLS to speak. Default 1.2 and 1.3.
    #[must_use]
    pub fn versions(mut self, versions: &'static [&'static SupportedProtocolVersion]) -> Self {
        self.versions = versions;
        self
    }

    /// Makes the config, for any number of connections; they share the sessions that can be resumed.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn build(self) -> Result<Arc<ClientConfig>, ConfigError> {
        let builder = ClientConfig::builder_with_provider(provider())
            .with_protocol_versions(self.versions)?
            .with_root_certificates(self.roots.into_store());
        let mut config = match self.certificates {
            Some(certificates) => builder.with_client_cert_resolver(certificates),
            None => builder.with_no_client_auth(),
        };
        config.alpn_protocols = self.alpn;
        Ok(Arc::new(config))
    }
}
