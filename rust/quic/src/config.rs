//! What quinn is told.

use std::error::Error;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use quinn::crypto::rustls::{QuicClientConfig, QuicServerConfig};
use quinn::{IdleTimeout, TransportConfig, VarInt};
use rsocket_transport::layer::{LayerError, LayerErrorKind};
use rustls::client::Resumption;
use rustls::pki_types::ServerName;
use rustls::quic::{ClientConnection, ServerConnection, Version};

use crate::{ALPN, Limits};

/// Bytes that a client may send before it is let in, for each and for all together.
const INCOMING_BYTES: u64 = 16 << 10;
const ALL_INCOMING_BYTES: u64 = 1 << 20;

/// What clients are told, for any number of connections.
#[derive(Clone, Debug)]
pub struct ClientConfig {
    pub(crate) quinn: quinn::ClientConfig,
    pub(crate) limits: Limits,
}

impl ClientConfig {
    /// Trusts and shows what the rustls config says.
    ///
    /// # Errors
    /// [`LayerErrorKind::Refused`] when it rules out TLS 1.3 or what QUIC needs of it.
    pub fn new(tls: &rustls::ClientConfig, limits: Limits) -> Result<Self, LayerError> {
        let mut tls = tls.clone();
        name_protocol(&mut tls.alpn_protocols);
        tls.enable_early_data = false;
        tls.resumption = Resumption::disabled();
        let tls = Arc::new(tls);
        // quinn takes it for granted that this goes well.
        let name = ServerName::IpAddress(Ipv4Addr::LOCALHOST.into());
        ClientConnection::new(Arc::clone(&tls), Version::V1, name, Vec::new()).map_err(refused)?;
        let crypto = QuicClientConfig::try_from(tls).map_err(refused)?;
        let mut quinn = quinn::ClientConfig::new(Arc::new(crypto));
        quinn.transport_config(Arc::new(transport(&limits)));
        Ok(Self { quinn, limits })
    }
}

/// What servers are told.
#[derive(Clone, Debug)]
pub struct ServerConfig {
    pub(crate) quinn: quinn::ServerConfig,
    pub(crate) limits: Limits,
}

impl ServerConfig {
    /// Trusts and shows what the rustls config says.
    ///
    /// # Errors
    /// [`LayerErrorKind::Refused`] when it lacks what QUIC needs of TLS 1.3.
    pub fn new(tls: &rustls::ServerConfig, limits: Limits) -> Result<Self, LayerError> {
        let mut tls = tls.clone();
        name_protocol(&mut tls.alpn_protocols);
        tls.max_early_data_size = 0;
        tls.send_tls13_tickets = 0;
        let tls = Arc::new(tls);
        // quinn takes it for granted that this goes well.
        ServerConnection::new(Arc::clone(&tls), Version::V1, Vec::new()).map_err(refused)?;
        let crypto = QuicServerConfig::try_from(tls).map_err(refused)?;
        let mut quinn = quinn::ServerConfig::with_crypto(Arc::new(crypto));
        quinn
            .transport_config(Arc::new(transport(&limits)))
            .max_incoming(limits.max_opening)
            .incoming_buffer_size(INCOMING_BYTES)
            .incoming_buffer_size_total(ALL_INCOMING_BYTES);
        Ok(Self { quinn, limits })
    }
}

fn name_protocol(protocols: &mut Vec<Vec<u8>>) {
    if protocols.is_empty() {
        protocols.push(ALPN.to_vec());
    }
}

/// The peer may open nothing at first: a client's one stream is granted later.
fn transport(limits: &Limits) -> TransportConfig {
    let mut transport = TransportConfig::default();
    transport
        .max_concurrent_bidi_streams(VarInt::from_u32(0))
        .max_concurrent_uni_streams(VarInt::from_u32(0))
        .datagram_receive_buffer_size(None)
        .stream_receive_window(VarInt::from_u32(limits.receive_window))
        .receive_window(VarInt::from_u32(limits.receive_window))
        .send_window(limits.send_window.into())
        .keep_alive_interval(Some(limits.keep_alive))
        .max_idle_timeout(Some(idle_timeout(limits.idle_timeout)));
    transport
}

fn idle_timeout(timeout: Duration) -> IdleTimeout {
    let ms = u32::try_from(timeout.as_millis()).unwrap_or(u32::MAX);
    IdleTimeout::from(VarInt::from_u32(ms.min(1 << 30)))
}

fn refused(error: impl Error) -> LayerError {
    LayerError {
        kind: LayerErrorKind::Refused,
        message: error.to_string(),
    }
}
