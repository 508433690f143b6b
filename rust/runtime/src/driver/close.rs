//! The end of a connection.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use rsocket_protocol::Origin;
use tokio::io::{AsyncReadExt, AsyncWrite};
use tokio::time::timeout;

use super::inbound::Inbound;
use super::{Driver, Resuming};
use crate::shared::Shared;
use crate::transport::Transport;

/// How long a peer is given to take what is left to say, and again to close after it.
const GRACE: Duration = Duration::from_secs(1);

impl Driver {
    /// Says what is left to say and closes the transport. Returns what may still be at work.
    pub(super) async fn close(mut self) -> Inbound {
        self.leasing.end();
        self.inbound.abandon(&self.shared);
        self.decision = None;
        // The token is free again, and a client is not waited for or dialled any more.
        self.link.resuming = Resuming::Not;
        let reason = self.shared.lock().core.close_reason().cloned();
        if let Some(reason) = &reason {
            tracing::debug!(%reason, "connection over");
        }
        let heard = reason.is_some_and(|reason| reason.origin != Origin::Transport);
        let said = heard && matches!(timeout(GRACE, self.say_rest()).await, Ok(Ok(())));
        self.shared.end();
        if said && let Some(transport) = self.link.transport.take() {
            // Closing a socket with unread bytes would reset it, and the peer might lose what was said last.
            let _ = timeout(GRACE, read_to_end(transport)).await;
        }
        self.inbound
    }

    async fn say_rest(&mut self) -> io::Result<()> {
        poll_fn(|cx| self.poll_rest(cx)).await?;
        match &mut self.link.transport {
            Some(transport) => poll_fn(|cx| Pin::new(&mut *transport).poll_shutdown(cx)).await,
            None => Ok(()),
        }
    }

    fn poll_rest(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            ready!(self.poll_write_batch(cx))?;
            let mut guard = self.shared.lock();
            let state = &mut *guard;
            self.shared.transmit(state);
            if state.output.is_empty() {
                return Poll::Ready(Ok(()));
            }
            state.output.take(&mut self.writing);
        }
    }
}

async fn read_to_end(mut transport: Transport) {
    let mut ignored = vec![0; 4 << 10];
    while let Ok(1..) = transport.read(&mut ignored).await {}
}

/// Ends the connection for its callers, whatever becomes of its task: it may be dropped with its runtime.
pub(super) struct EndOnDrop(pub(super) Arc<Shared>);

impl Drop for EndOnDrop {
    fn drop(&mut self) {
        self.0.transport_closed("the connection's task was dropped");
        self.0.end();
    }
}
