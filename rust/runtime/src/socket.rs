//! What a TCP socket is told before it is used.

use std::io;

use tokio::net::TcpStream;

/// What the system may hold of a connection's output beyond what the peer and the network take, in bytes. By itself it
/// holds up to megabytes, which nothing more urgent can overtake. What is on its way does not count.
#[cfg(target_os = "linux")]
const MAX_UNSENT: u32 = 128 << 10;

pub(crate) fn prepare(stream: &TcpStream) -> io::Result<()> {
    // Batches are made here; the system waiting for more would only add its delay.
    stream.set_nodelay(true)?;
    #[cfg(target_os = "linux")]
    if let Err(error) = socket2::SockRef::from(stream).set_tcp_notsent_lowat(MAX_UNSENT) {
        tracing::debug!(%error, "what the system holds of the output is not bounded");
    }
    Ok(())
}
