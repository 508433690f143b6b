//! Clients.

use std::io;
use std::net::SocketAddr;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use super::carry::{carry, local_pair};
use super::{Code, Failure, Pem, record, runtime};
use crate::Stream;
use crate::error::timed_out;

/// Connects as [`connect`](crate::connect) does, within a time, and returns at once. The first record tells what came of it.
///
/// # Errors
/// There are no sockets or no threads to be had.
pub fn connect(
    addresses: Vec<SocketAddr>,
    server_name: String,
    tls: Pem,
    handshake_timeout: Duration,
    code: Code,
) -> io::Result<UnixStream> {
    let runtime = runtime()?;
    let (far, near) = {
        let _inside = runtime.enter();
        local_pair()?
    };
    runtime.spawn(async move {
        let mut near = near;
        let opening = timeout(handshake_timeout, open(addresses, server_name, tls));
        let opened = tokio::select! {
            opened = opening => opened.unwrap_or_else(|_| Err(too_long().into())),
            // The program has closed its end, or does not keep to what was said.
            _ = near.read_u8() => return,
        };
        match opened {
            Ok(stream) => carry(near, stream).await,
            Err(failure) => {
                let said = near.write_all(&record::failed(&failure, code)).await;
                tracing::debug!(%failure, ?said, "not connected");
            }
        }
    });
    Ok(far)
}

async fn open(
    addresses: Vec<SocketAddr>,
    server_name: String,
    tls: Pem,
) -> Result<Stream, Failure> {
    let config = tls.client_config().await?;
    Ok(crate::connect(addresses, &server_name, &config).await?)
}

fn too_long() -> io::Error {
    timed_out("the handshake took too long")
}
