//! What is between the frames of a connection and its socket.

use std::io;

#[cfg(feature = "tls")]
use crate::tls::Tls;
use crate::transport::Transport;
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

impl Layers {
    /// Puts the layers over a socket; they shake hands with the first reads and writes.
    #[cfg_attr(
        not(any(feature = "tls", feature = "websocket")),
        expect(unused_mut, reason = "there are no layers")
    )]
    pub(crate) fn over(self, mut transport: Transport) -> Transport {
        #[cfg(feature = "tls")]
        if let Some(tls) = self.tls {
            transport.agreement = Some(tls.agreement());
            transport = transport.layered(tls);
        }
        #[cfg(feature = "websocket")]
        if let Some(web_socket) = self.web_socket {
            transport = transport.layered(web_socket);
        }
        transport
    }

    /// Puts the layers over a socket, and waits until each has shaken hands.
    #[cfg_attr(
        not(any(feature = "tls", feature = "websocket")),
        expect(unused_mut, reason = "there are no layers")
    )]
    pub(crate) async fn open_over(self, mut transport: Transport) -> io::Result<Transport> {
        #[cfg(feature = "tls")]
        if let Some(tls) = self.tls {
            transport.agreement = Some(tls.agreement());
            transport = transport.open_layered(tls).await?;
        }
        #[cfg(feature = "websocket")]
        if let Some(web_socket) = self.web_socket {
            transport = transport.open_layered(web_socket).await?;
        }
        Ok(transport)
    }
}
