//! What the two ends of a connection have agreed upon.

use std::sync::{Arc, OnceLock};

use rustls::pki_types::CertificateDer;
use rustls::{CipherSuite, Connection, HandshakeKind, ProtocolVersion};

/// What the two ends of a connection have agreed upon.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Agreed {
    /// The version of TLS.
    pub version: ProtocolVersion,
    /// How bytes are encrypted. `None` over QUIC, where it is not known.
    pub cipher_suite: Option<CipherSuite>,
    /// Whether an earlier session goes on; then no certificates were shown, and the peer's are those of that session.
    pub resumed: bool,
    /// The protocol over TLS (ALPN), where one was agreed on.
    pub alpn: Option<Vec<u8>>,
    /// The name that the client asked a server for (SNI). A client does not note it.
    pub server_name: Option<String>,
    /// The peer's certificate, which has been found good, and those that lead to its authority. Empty where it showed
    /// none.
    pub peer_certificates: Vec<CertificateDer<'static>>,
}

impl Agreed {
    /// What a new session over QUIC has agreed upon.
    #[must_use]
    pub fn over_quic(
        alpn: Option<Vec<u8>>,
        server_name: Option<String>,
        peer_certificates: Vec<CertificateDer<'static>>,
    ) -> Self {
        Self {
            version: ProtocolVersion::TLSv1_3,
            cipher_suite: None,
            resumed: false,
            alpn,
            server_name,
            peer_certificates,
        }
    }
}

impl From<Agreed> for Agreement {
    fn from(agreed: Agreed) -> Self {
        Self(Arc::new(agreed.into()))
    }
}

/// Where to look up what was agreed upon, also when the [`Tls`](super::Tls) itself has been given away.
#[derive(Clone, Debug, Default)]
pub struct Agreement(Arc<OnceLock<Agreed>>);

impl Agreement {
    /// `None` until the handshake is over.
    #[must_use]
    pub fn get(&self) -> Option<&Agreed> {
        self.0.get()
    }

    /// Notes it, the first time that the handshake is seen to be over.
    pub(super) fn note(&self, connection: &Connection) {
        if self.get().is_some() || connection.is_handshaking() {
            return;
        }
        let (Some(version), Some(suite)) = (
            connection.protocol_version(),
            connection.negotiated_cipher_suite(),
        ) else {
            return;
        };
        let server_name = match connection {
            Connection::Client(_) => None,
            Connection::Server(connection) => connection.server_name(),
        };
        self.0.get_or_init(|| Agreed {
            version,
            cipher_suite: Some(suite.suite()),
            resumed: connection.handshake_kind() == Some(HandshakeKind::Resumed),
            alpn: connection.alpn_protocol().map(<[u8]>::to_vec),
            server_name: server_name.map(str::to_owned),
            peer_certificates: connection.peer_certificates().unwrap_or_default().to_vec(),
        });
    }
}
