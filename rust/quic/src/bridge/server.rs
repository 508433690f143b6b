//! Servers.

use std::io;
use std::net::UdpSocket;
use std::os::fd::{AsRawFd, IntoRawFd};
use std::os::unix::net::UnixStream as StdUnixStream;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

use super::carry::{carry, local_pair};
use super::{Code, Pem, record, runtime};
use crate::{Listener, Next, Stream};

/// How a listener treats its clients.
#[derive(Clone, Debug)]
pub struct Listen {
    /// What to show, and whom to let in.
    pub tls: Pem,
    /// Whether the program is asked for other certificates, with a [`HELLO`](record::HELLO), before each handshake.
    pub ask: bool,
    /// As [`Limits::handshake_timeout`](crate::Limits::handshake_timeout) has it.
    pub handshake_timeout: Duration,
}

/// Listens on a socket that is bound, and returns at once. The first record tells what came of it, and further ones of clients.
///
/// # Errors
/// There are no sockets or no threads to be had.
pub fn listen(socket: UdpSocket, options: Listen, code: Code) -> io::Result<StdUnixStream> {
    let runtime = runtime()?;
    let (far, mut near) = {
        let _inside = runtime.enter();
        local_pair()?
    };
    runtime.spawn(async move {
        let config = options.tls.server_config(options.handshake_timeout);
        let listener = config.and_then(|config| Ok(Listener::over(socket, config)?));
        let ended = match listener {
            Ok(listener) => {
                Server {
                    program: near,
                    listener,
                    options,
                    code,
                }
                .run()
                .await
            }
            Err(failure) => near.write_all(&record::failed(&failure, code)).await,
        };
        tracing::debug!(?ended, "not listening any more");
    });
    Ok(far)
}

struct Server {
    program: UnixStream,
    listener: Listener,
    options: Listen,
    code: Code,
}

impl Server {
    /// Serves until the program closes its end.
    async fn run(mut self) -> io::Result<()> {
        self.program.write_all(&record::listening()).await?;
        loop {
            let next = tokio::select! {
                next = self.listener.next() => next?,
                unasked = self.program.read_u8() => return unasked.map(drop),
            };
            match next {
                Next::Incoming(incoming) => {
                    if self.options.ask {
                        self.ask().await?;
                    }
                    self.listener.open(incoming);
                }
                Next::Opened(stream) => self.hand_over(stream).await?,
                Next::Failed(peer, error) => {
                    let failed = record::client_failed(peer, &error.into(), self.code);
                    self.program.write_all(&failed).await?;
                }
            }
        }
    }

    /// Asks the program for other certificates. Where they cannot be used, the former ones stay in use.
    async fn ask(&mut self) -> io::Result<()> {
        self.program.write_all(&record::hello()).await?;
        let Some(tls) = record::read_answer(&mut self.program).await? else {
            return Ok(());
        };
        match tls.server_config(self.options.handshake_timeout) {
            Ok(config) => self.listener.reconfigure(config),
            Err(error) => tracing::warn!(%error, "certificates that cannot be used"),
        }
        Ok(())
    }

    /// Gives a connection to the program. Until the program has answered, what it was told of is still to be closed here.
    async fn hand_over(&mut self, stream: Stream) -> io::Result<()> {
        let peer = stream.peer_addr();
        let (far, near) = match local_pair() {
            Ok(pair) => pair,
            Err(error) => {
                tracing::warn!(%peer, %error, "a client cannot be served");
                return Ok(());
            }
        };
        let told = record::accepted(far.as_raw_fd(), peer);
        self.program.write_all(&told).await?;
        if self.program.read_u8().await? != record::AS_BEFORE {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let _the_programs = far.into_raw_fd();
        tokio::spawn(carry(near, stream));
        Ok(())
    }
}
