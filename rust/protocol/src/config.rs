//! What a connection is told when it starts.

use std::time::Duration;

use crate::frame::MAX_FRAME_LEN;

/// Which side of the connection this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The side that opened the transport and sends SETUP; its streams have odd ids.
    Client,
    /// The side that accepted the transport and receives SETUP; its streams have even ids.
    Server,
}

/// What the client proposes in its SETUP frame (specification, "SETUP Frame").
#[derive(Clone, Debug)]
pub struct SetupConfig {
    /// Time between the KEEPALIVE frames that this client sends. 1 ms to about 24 days; out of range is clamped.
    pub keepalive_interval: Duration,
    /// How long the peer may be silent before the connection counts as dead. Same range.
    pub max_lifetime: Duration,
    /// MIME type of every payload's metadata. At most 255 bytes; longer ones are cut.
    pub metadata_mime: String,
    /// MIME type of every payload's data. At most 255 bytes; longer ones are cut.
    pub data_mime: String,
    /// The setup payload's metadata.
    pub metadata: Option<Vec<u8>>,
    /// The setup payload's data.
    pub data: Vec<u8>,
}

impl Default for SetupConfig {
    fn default() -> Self {
        Self {
            keepalive_interval: Duration::from_secs(20),
            max_lifetime: Duration::from_secs(90),
            metadata_mime: "application/octet-stream".to_owned(),
            data_mime: "application/octet-stream".to_owned(),
            metadata: None,
            data: Vec::new(),
        }
    }
}

/// Bounds on what a connection holds and accepts, whatever its peer does.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Requests that the peer may have open at once; one more is answered with ERROR\[REJECTED\]. Default 4096.
    pub max_inbound_streams: usize,
    /// Requests that this side may have open at once; one more fails with
    /// [`SendError::TooManyStreams`](crate::SendError::TooManyStreams). Default 1 048 576.
    pub max_outbound_streams: usize,
    /// Longest frame that is accepted, in bytes. Default and maximum 16 777 215.
    pub max_frame_len: usize,
    /// Longest payload (metadata and data) that is put together from fragments, or sent in fragments, in bytes.
    /// Default 64 MiB.
    pub max_payload_len: usize,
    /// Items that a peer may send on a stream beyond what was asked for; one more fails the stream. Some
    /// implementations ignore REQUEST_N. Default 1024.
    pub max_unrequested_items: usize,
    /// Bytes that all the unfinished fragmented payloads of a connection may hold together. Default 128 MiB.
    pub max_reassembly_bytes: usize,
    /// Bytes of payloads that may wait to be sent in fragments, beyond the first payload; the next one waits with the
    /// driver. Default 64 MiB.
    pub max_queued_bytes: usize,
    /// Bytes of answers (KEEPALIVE echoes, ERROR frames) that may wait for a peer that does not read. Default 1 MiB.
    pub max_control_bytes: usize,
    /// How long a server waits for the client's SETUP. Default 10 s.
    pub setup_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_inbound_streams: 4096,
            max_outbound_streams: 1 << 20,
            max_frame_len: MAX_FRAME_LEN,
            max_payload_len: 64 << 20,
            max_unrequested_items: 1024,
            max_reassembly_bytes: 128 << 20,
            max_queued_bytes: 64 << 20,
            max_control_bytes: 1 << 20,
            setup_timeout: Duration::from_secs(10),
        }
    }
}

/// How a connection outlives its transport (specification, "Resuming Operation").
#[derive(Clone, Debug)]
pub struct ResumeConfig {
    /// What a client's session is known by: 1 to 65 535 bytes that nobody can guess; longer ones are cut. A server
    /// takes it from the client's SETUP and ignores this.
    pub token: Vec<u8>,
    /// Bytes of sent frames that are kept for the peer, in memory. While there is a transport, the oldest give way,
    /// and a session whose peer needs them cannot be resumed; while there is none, sending waits. Default 8 MiB.
    pub store_limit: usize,
    /// How long a session without a transport is kept. Default 60 s.
    pub session_timeout: Duration,
}

impl Default for ResumeConfig {
    fn default() -> Self {
        Self {
            token: Vec::new(),
            store_limit: 8 << 20,
            session_timeout: Duration::from_secs(60),
        }
    }
}

/// Everything a [`Connection`](crate::Connection) is told when it starts.
#[derive(Clone, Debug)]
pub struct Config {
    /// Which side this is.
    pub role: Role,
    /// What a client proposes; a server takes it from the client's frame and ignores this.
    pub setup: SetupConfig,
    /// Bounds on what the connection holds.
    pub limits: Limits,
    /// Take part in leases (specification, "Lease Semantics"): a client proposes them, a server agrees to them. Without
    /// it a server turns away a client that proposes them. Default false.
    pub lease: bool,
    /// Go on with the connection when its transport is lost: a client proposes it, a server agrees to it. Without it a
    /// server turns away a client that proposes it. Payloads are copied on such a connection, see
    /// [`SendError::NotCopied`](crate::SendError::NotCopied). Default none.
    pub resume: Option<ResumeConfig>,
    /// Longest frame that this side sends, in bytes: longer payloads go out in fragments, which take turns with those
    /// of other streams. 64 to 16 777 215; out of range is clamped. Default 128 KiB.
    pub fragment_len: usize,
}

/// Shortest fragment that can be asked for, in bytes.
pub(crate) const MIN_FRAGMENT_LEN: usize = 64;

impl Config {
    /// A client with default setup and limits.
    #[must_use]
    pub fn client() -> Self {
        Self::new(Role::Client)
    }

    /// A server with default limits.
    #[must_use]
    pub fn server() -> Self {
        Self::new(Role::Server)
    }

    fn new(role: Role) -> Self {
        Self {
            role,
            setup: SetupConfig::default(),
            limits: Limits::default(),
            lease: false,
            resume: None,
            fragment_len: 128 << 10,
        }
    }
}
