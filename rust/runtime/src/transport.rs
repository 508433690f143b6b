//! Transports of any type, and how a client gets another one.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};

/// What carries a connection: bytes in order, in both directions.
pub(crate) trait Transport: AsyncRead + AsyncWrite + Unpin + Send {}

impl<IO: AsyncRead + AsyncWrite + Unpin + Send> Transport for IO {}

/// A transport that is being opened.
pub(crate) type Dialling = Pin<Box<dyn Future<Output = io::Result<Box<dyn Transport>>> + Send>>;

/// Opens transports to the same server.
#[derive(Clone)]
pub(crate) struct Dial(Arc<dyn Fn() -> Dialling + Send + Sync>);

impl Dial {
    pub(crate) fn new<D, F, IO>(dial: D) -> Self
    where
        D: Fn() -> F + Send + Sync + 'static,
        F: Future<Output = io::Result<IO>> + Send + 'static,
        IO: Transport + 'static,
    {
        Self(Arc::new(move || {
            let opening = dial();
            Box::pin(async move { Ok(Box::new(opening.await?) as Box<dyn Transport>) })
        }))
    }

    pub(crate) fn begin(&self) -> Dialling {
        (self.0)()
    }
}

impl fmt::Debug for Dial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dial").finish_non_exhaustive()
    }
}
