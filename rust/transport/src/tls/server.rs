//! Configs for servers.

use std::sync::Arc;

use rustls::crypto::ring::Ticketer;
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::{ALL_VERSIONS, ServerConfig, SupportedProtocolVersion};

use super::{Certificates, ConfigError, Roots, provider};

/// Makes a config for servers. Sessions are resumed.
#[derive(Debug)]
pub struct ServerBuilder {
    certificates: Arc<Certificates>,
    clients: Clients,
    alpn: Vec<Vec<u8>>,
    versions: &'static [&'static SupportedProtocolVersion],
}

#[derive(Debug)]
enum Clients {
    Anyone,
    /// Clients with a certificate of these authorities, and those without any.
    Optional(Roots),
    Required(Roots),
}

impl ServerBuilder {
    /// A server that shows these certificates.
    #[must_use]
    pub fn new(certificates: Arc<Certificates>) -> Self {
        Self {
            certificates,
            clients: Clients::Anyone,
            alpn: Vec::new(),
            versions: ALL_VERSIONS,
        }
    }

    /// Lets in only clients that show a certificate of these authorities (mutual TLS).
    #[must_use]
    pub fn require_clients(mut self, of: Roots) -> Self {
        self.clients = Clients::Required(of);
        self
    }

    /// Asks clients for a certificate of these authorities, and lets in those without any too.
    #[must_use]
    pub fn ask_clients(mut self, of: Roots) -> Self {
        self.clients = Clients::Optional(of);
        self
    }

    /// The protocols to agree to (ALPN), the preferred one first. Default none: whatever a client offers is then ignored,
    /// while with some, a client that offers only others is turned away.
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

    /// Makes the config, for any number of connections.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn build(self) -> Result<Arc<ServerConfig>, ConfigError> {
        let builder = ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(self.versions)?;
        let builder = match self.clients.verifier()? {
            Some(verifier) => builder.with_client_cert_verifier(verifier),
            None => builder.with_no_client_auth(),
        };
        let mut config = builder.with_cert_resolver(self.certificates);
        config.alpn_protocols = self.alpn;
        // Sessions that their clients keep, encrypted: the server holds nothing, however many there are.
        config.ticketer = Ticketer::new()?;
        Ok(Arc::new(config))
    }
}

impl Clients {
    fn verifier(self) -> Result<Option<Arc<dyn ClientCertVerifier>>, ConfigError> {
        let (roots, required) = match self {
            Self::Anyone => return Ok(None),
            Self::Optional(roots) => (roots, false),
            Self::Required(roots) => (roots, true),
        };
        let roots = Arc::new(roots.into_store());
        let mut builder = WebPkiClientVerifier::builder_with_provider(roots, provider());
        if !required {
            builder = builder.allow_unauthenticated();
        }
        Ok(Some(builder.build()?))
    }
}
