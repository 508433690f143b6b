//! Where clients come in.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::time::sleep;

use crate::socket;
use crate::transport::Transport;
#[cfg(unix)]
use crate::unix_socket::UnixSocket;

/// How long accepting pauses when the system has no more sockets to give.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Where clients come in, by the way that they come.
#[derive(Debug)]
pub(crate) enum Listener {
    Tcp(TcpListener),
    #[cfg(unix)]
    Unix(UnixSocket),
    #[cfg(feature = "quic")]
    Quic(Box<rsocket_quic::Listener>),
}

impl Listener {
    /// The next connection, ready to be used, and where it comes from, if that has a name. After an error nothing is
    /// accepted for a while, since most that can happen here, such as too many open files, would happen again at once.
    pub(crate) async fn accept(&mut self) -> io::Result<(Transport, Option<SocketAddr>)> {
        let accepted = match self {
            Self::Tcp(listener) => match listener.accept().await {
                Ok((stream, peer)) => {
                    socket::prepare(&stream)?;
                    Ok((Transport::new(stream), Some(peer)))
                }
                Err(error) => Err(error),
            },
            #[cfg(unix)]
            Self::Unix(socket) => match socket.accept().await {
                Ok(stream) => Ok((Transport::new(stream), None)),
                Err(error) => Err(error),
            },
            #[cfg(feature = "quic")]
            Self::Quic(listener) => match listener.accept().await {
                Ok(stream) => {
                    let peer = stream.peer_addr();
                    Ok((Transport::quic(stream), Some(peer)))
                }
                // One client's failure is no reason to wait.
                Err(error) => return Err(error),
            },
        };
        if accepted.is_err() {
            sleep(ACCEPT_PAUSE).await;
        }
        accepted
    }
}
