//! A client's way back to its server.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::{sleep, timeout};

use crate::backoff::Delays;
use crate::resume_events::Teller;
use crate::transport::{Dial, Transport};
use crate::{Backoff, ResumeEvent, ResumeOptions};

pub(crate) struct Returning {
    dial: Dial,
    dial_timeout: Duration,
    backoff: Backoff,
    /// From the loss of a transport until the connection goes on.
    attempts: Option<Attempts>,
}

struct Attempts {
    delays: Delays,
    /// How many have begun.
    count: u32,
    failed: Option<Arc<io::Error>>,
    under_way: Option<Attempt>,
}

/// Ends with a transport, or without.
type Attempt = Pin<Box<dyn Future<Output = io::Result<Transport>> + Send>>;

impl Returning {
    pub(crate) fn new(options: &ResumeOptions, dial: Dial) -> Self {
        Self {
            dial,
            dial_timeout: options.dial_timeout,
            backoff: options.backoff,
            attempts: None,
        }
    }

    /// A transport is lost. False where it is one of an attempt, which has failed with that.
    pub(super) fn begin(&mut self) -> bool {
        if let Some(attempts) = &mut self.attempts {
            let failed = "the transport was lost before the connection was resumed";
            attempts.failed = Some(Arc::new(io::Error::other(failed)));
            return false;
        }
        self.attempts = Some(Attempts {
            delays: Delays::new(self.backoff),
            count: 0,
            failed: None,
            under_way: None,
        });
        true
    }

    /// The connection goes on.
    pub(super) fn end(&mut self) {
        self.attempts = None;
    }

    /// Ready with another transport. Pending for ever where none has been lost.
    pub(super) fn poll_transport(
        &mut self,
        teller: &Teller,
        cx: &mut Context<'_>,
    ) -> Poll<Transport> {
        let Some(attempts) = &mut self.attempts else {
            return Poll::Pending;
        };
        loop {
            let attempt = match &mut attempts.under_way {
                Some(attempt) => attempt,
                None => {
                    let delay = attempts.delays.next();
                    attempts.count = attempts.count.saturating_add(1);
                    teller.tell(ResumeEvent::Retrying {
                        attempt: attempts.count,
                        delay,
                        error: attempts.failed.take(),
                    });
                    let attempt = dial_after(delay, self.dial.clone(), self.dial_timeout);
                    attempts.under_way.insert(Box::pin(attempt))
                }
            };
            let dialled = ready!(attempt.as_mut().poll(cx));
            attempts.under_way = None;
            match dialled {
                Ok(transport) => return Poll::Ready(transport),
                Err(error) => {
                    tracing::debug!(%error, attempt = attempts.count, "dialling to resume failed");
                    attempts.failed = Some(Arc::new(error));
                }
            }
        }
    }
}

async fn dial_after(delay: Duration, dial: Dial, limit: Duration) -> io::Result<Transport> {
    sleep(delay).await;
    let Ok(dialled) = timeout(limit, dial.begin()).await else {
        return Err(io::ErrorKind::TimedOut.into());
    };
    dialled
}
