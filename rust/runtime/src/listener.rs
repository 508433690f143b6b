//! Where clients come in.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::time::sleep;

use crate::socket;
use crate::transport::Transport;

/// How long accepting pauses when the system has no more sockets to give.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Where clients come in, by the way that they come.
#[derive(Debug)]
pub(crate) enum Listener {
    Tcp(TcpListener),
    #[cfg(feature = "quic")]
    Quic(Box<rsocket_quic::Listener>),
}

impl Listener {
    pub(crate) fn local_addr(&self) -> io::Result<SocketAddr> {
        match self {
            Self::Tcp(listener) => listener.local_addr(),
            #[cfg(feature = "quic")]
            Self::Quic(listener) => Ok(listener.local_addr()),
        }
    }

    /// The next connection, ready to be used. After an error nothing is accepted for a while, since most that can happen
    /// here, such as too many open files, would happen again at once.
    pub(crate) async fn accept(&mut self) -> io::Result<(Transport, SocketAddr)> {
        let accepted = match self {
            Self::Tcp(listener) => listener.accept().await,
            #[cfg(feature = "quic")]
            Self::Quic(listener) => match listener.accept().await {
                Ok(stream) => {
                    let peer = stream.peer_addr();
                    return Ok((Transport::quic(stream), peer));
                }
                Err(error) => Err(error),
            },
        };
        match accepted {
            Ok((stream, peer)) => {
                socket::prepare(&stream)?;
                Ok((Transport::new(stream), peer))
            }
            Err(error) => {
                sleep(ACCEPT_PAUSE).await;
                Err(error)
            }
        }
    }
}
