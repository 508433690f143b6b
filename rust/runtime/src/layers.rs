//! What is between the frames of a connection and its socket.

use std::io;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

#[cfg(any(feature = "tls", feature = "websocket"))]
use crate::Layered;
use crate::shared::Agreement;
#[cfg(feature = "tls")]
use crate::tls::Tls;
#[cfg(feature = "websocket")]
use crate::websocket::WebSocket;

/// The layers of one connection, each over the one before.
#[derive(Debug, Default)]
pub(crate) struct Layers {
    #[cfg(feature = "tls")]
    pub(crate) tls: Option<Tls>,
    #[cfg(feature = "websocket")]
    pub(crate) web_socket: Option<WebSocket>,
}

/// A transport of any kind.
pub(crate) trait Transport: AsyncRead + AsyncWrite + Unpin + Send {}

impl<IO: AsyncRead + AsyncWrite + Unpin + Send> Transport for IO {}

impl Layers {
    /// Where to look up what TLS agrees upon.
    pub(crate) fn agreement(&self) -> Option<Agreement> {
        #[cfg(feature = "tls")]
        if let Some(tls) = &self.tls {
            return Some(tls.agreement());
        }
        None
    }

    /// Puts the layers over a socket; they shake hands with the first reads and writes.
    #[cfg_attr(
        not(any(feature = "tls", feature = "websocket")),
        expect(unused_mut, reason = "there are no layers")
    )]
    pub(crate) fn over(self, socket: TcpStream) -> Box<dyn Transport> {
        let mut transport: Box<dyn Transport> = Box::new(socket);
        #[cfg(feature = "tls")]
        if let Some(tls) = self.tls {
            transport = Box::new(Layered::new(transport, tls));
        }
        #[cfg(feature = "websocket")]
        if let Some(web_socket) = self.web_socket {
            transport = Box::new(Layered::new(transport, web_socket));
        }
        transport
    }

    /// Puts the layers over a socket, and waits until each has shaken hands.
    #[cfg_attr(
        not(any(feature = "tls", feature = "websocket")),
        expect(unused_mut, reason = "there are no layers")
    )]
    pub(crate) async fn open_over(self, socket: TcpStream) -> io::Result<Box<dyn Transport>> {
        let mut transport: Box<dyn Transport> = Box::new(socket);
        #[cfg(feature = "tls")]
        if let Some(tls) = self.tls {
            let mut layered = Layered::new(transport, tls);
            layered.open().await?;
            transport = Box::new(layered);
        }
        #[cfg(feature = "websocket")]
        if let Some(web_socket) = self.web_socket {
            let mut layered = Layered::new(transport, web_socket);
            layered.open().await?;
            transport = Box::new(layered);
        }
        Ok(transport)
    }
}
