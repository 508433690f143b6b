//! Bounds on what connections hold, and on how long they wait.

use std::time::Duration;

/// Bounds on what connections hold, and on how long they wait. The default is useful as it is.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How long a server gives a client from its first datagram to the first byte of its stream. Default 10 s.
    pub handshake_timeout: Duration,
    /// How long [`shutdown`](tokio::io::AsyncWriteExt::shutdown) waits until the peer has everything. Default 5 s.
    pub shutdown_timeout: Duration,
    /// How long the network may be silent before a connection is given up. The smaller one of the two sides' counts. It is
    /// there for peers that vanish while RSocket does not watch; it should be longer than the lifetime of RSocket's
    /// keepalive, which is 90 s by default and tells sooner. Default 3 min.
    pub idle_timeout: Duration,
    /// How long nothing may be sent before something is, so that an idle connection is not taken for a lost one and
    /// routers remember it. Default 15 s.
    pub keep_alive: Duration,
    /// Bytes that the peer may send beyond those that were read. Default 1 MiB.
    pub receive_window: u32,
    /// Bytes that may wait to be sent, or for the peer to say that it has them. Default 1 MiB.
    pub send_window: u32,
    /// Clients whose streams are not open yet, or have not been accepted by the program, for each listener; as many again
    /// may wait for their turn, and others are not answered, so that they ask again. Default 256.
    pub max_opening: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            handshake_timeout: Duration::from_secs(10),
            shutdown_timeout: Duration::from_secs(5),
            idle_timeout: Duration::from_secs(180),
            keep_alive: Duration::from_secs(15),
            receive_window: 1 << 20,
            send_window: 1 << 20,
            max_opening: 256,
        }
    }
}
