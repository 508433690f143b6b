//! How a connection outlives its transport.

use std::fmt;
use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use rsocket_protocol::{FrameStore, ResumeConfig};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::transport::Dial;
use crate::{Backoff, ConnectError};

/// Least that a store holds, in bytes: some frames of full length.
const MIN_STORE: usize = 128 << 10;

/// Longest frame that is sent on connections that can be resumed, in bytes: what was kept goes out frame by frame, with
/// others' in between.
const MAX_FRAGMENT_LEN: usize = 64 << 10;

/// Bytes of a token, unless one is given.
const TOKEN_LEN: usize = 32;

/// Longest token that SETUP and RESUME can carry, in bytes.
const MAX_TOKEN_LEN: usize = u16::MAX as usize;

/// How connections outlive their transport (specification, "Resuming Operation"): a client proposes it, a
/// [`Server`](crate::Server) agrees to it, for clients of its that propose it. The default is useful as it is.
///
/// When the transport is lost, requests stay open on both sides; the client dials again, both sides send again what
/// the other has not received, and nothing is lost or doubled but metadata-pushes, which RSocket does not send
/// again. Leases begin anew: the last one of each side is granted again. Meanwhile
/// [`Connection::is_suspended`](crate::Connection::is_suspended) is true, and requests can be made; what does not fit the
/// store waits, and can be dropped.
///
/// Where that does not come about in time, or the server does not know the connection any more, it ends with
/// [`Error::ConnectionLost`](crate::Error::ConnectionLost). Without these options a server turns away clients that propose
/// them.
///
/// Frames of such connections have at most 64 KiB, whatever
/// [`fragment_len`](crate::ConnectOptions::fragment_len) says, and payloads are copied once more than otherwise.
#[derive(Clone)]
pub struct ResumeOptions {
    token: Option<Bytes>,
    store_limit: usize,
    store: Option<Arc<NewStore>>,
    session_timeout: Duration,
    pub(crate) backoff: Backoff,
    pub(crate) dial_timeout: Duration,
    pub(crate) dial: Option<Dial>,
}

type NewStore = dyn Fn() -> Box<dyn FrameStore> + Send + Sync;

impl Default for ResumeOptions {
    fn default() -> Self {
        let ResumeConfig {
            store_limit,
            session_timeout,
            ..
        } = ResumeConfig::default();
        Self {
            token: None,
            store_limit,
            store: None,
            session_timeout,
            backoff: Backoff::default(),
            dial_timeout: Duration::from_secs(10),
            dial: None,
        }
    }
}

impl ResumeOptions {
    /// What a client's connection is known by at the server: 1 to 65 535 bytes that are not in use and that nobody can
    /// guess. Default 32 random bytes. Servers ignore it.
    #[must_use]
    pub fn token(mut self, token: impl Into<Bytes>) -> Self {
        self.token = Some(token.into());
        self
    }

    /// Bytes of sent frames that are kept in memory until the peer says that it has them, at least 128 KiB. While there is
    /// a transport the oldest give way, and a connection whose peer turns out to need them cannot be resumed; while there
    /// is none, requests wait. Default 8 MiB.
    #[must_use]
    pub fn store_limit(mut self, bytes: usize) -> Self {
        self.store_limit = bytes.max(MIN_STORE);
        self
    }

    /// Keeps each connection's frames in a store of its own making, which is empty. It is used with the connection locked,
    /// so it should be quick. [`store_limit`](Self::store_limit) then only says how often the peer is asked what it has.
    #[must_use]
    pub fn store<S>(mut self, new: impl Fn() -> S + Send + Sync + 'static) -> Self
    where
        S: FrameStore + 'static,
    {
        self.store = Some(Arc::new(move || Box::new(new())));
        self
    }

    /// How long a connection without a transport is kept. Default 1 minute.
    #[must_use]
    pub fn session_timeout(mut self, timeout: Duration) -> Self {
        self.session_timeout = timeout;
        self
    }

    /// How long a client waits before it dials again.
    #[must_use]
    pub fn backoff(mut self, backoff: Backoff) -> Self {
        self.backoff = backoff;
        self
    }

    /// Bounds each further attempt of a client to dial. Default 10 s.
    #[must_use]
    pub fn dial_timeout(mut self, timeout: Duration) -> Self {
        self.dial_timeout = timeout;
        self
    }

    /// Gives a client a transport to the same server, the first one too when it is [`connect`](crate::connect) that opens
    /// the connection. Default what `connect` does by itself;
    /// [`Connection::over`](crate::Connection::over) needs one. Servers ignore it.
    #[must_use]
    pub fn dial<D, F, IO>(mut self, dial: D) -> Self
    where
        D: Fn() -> F + Send + Sync + 'static,
        F: Future<Output = io::Result<IO>> + Send + 'static,
        IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        self.dial = Some(Dial::new(dial));
        self
    }

    /// What the core of a client is told.
    pub(crate) fn client_config(&self) -> Result<ResumeConfig, ConnectError> {
        let token = match &self.token {
            Some(token) if token.is_empty() || token.len() > MAX_TOKEN_LEN => {
                return Err(ConnectError::ResumeToken { len: token.len() });
            }
            Some(token) => token.to_vec(),
            None => random_token()?,
        };
        Ok(ResumeConfig {
            token,
            ..self.server_config()
        })
    }

    /// What the core of a server is told; the token is the client's.
    pub(crate) fn server_config(&self) -> ResumeConfig {
        ResumeConfig {
            token: Vec::new(),
            store_limit: self.store_limit,
            session_timeout: self.session_timeout,
        }
    }

    /// A store for one connection, unless its core has one of its own.
    pub(crate) fn new_store(&self) -> Option<Box<dyn FrameStore>> {
        self.store.as_ref().map(|new| new())
    }
}

/// The longest frame that is sent on a connection with these options.
pub(crate) fn fragment_len(resume: Option<&ResumeOptions>, wanted: usize) -> usize {
    match resume {
        Some(_) => wanted.min(MAX_FRAGMENT_LEN),
        None => wanted,
    }
}

fn random_token() -> Result<Vec<u8>, ConnectError> {
    let mut token = vec![0; TOKEN_LEN];
    getrandom::fill(&mut token).map_err(|error| ConnectError::Random(error.into()))?;
    Ok(token)
}

impl fmt::Debug for ResumeOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Whoever knows the token can take the connection over.
        f.debug_struct("ResumeOptions")
            .field("store_limit", &self.store_limit)
            .field("session_timeout", &self.session_timeout)
            .field("backoff", &self.backoff)
            .field("dial_timeout", &self.dial_timeout)
            .finish_non_exhaustive()
    }
}
