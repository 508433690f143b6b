//! Leases: the scenarios that make requests under them, and both sides' part in granting.

use std::future::Future;
use std::time::Duration;

use rsocket_runtime::{Connection, Error, FixedLease, Lease, LeaseStrategy, LeaseWatch, Payload};
use tokio::time::timeout;

use crate::bytes::metadata_hex;
use crate::client::{BOUND, Failure};
use crate::options;
use crate::report::{Report, print_line};
use crate::scenarios::echo_once;

/// How long what a client grants is good.
const GRANT_TTL: Duration = Duration::from_secs(60);

/// Waits for a lease, then makes requests one after the other, whatever comes of them.
pub(crate) async fn limited(
    connection: &Connection,
    options: &options::Client,
    report: &Report,
) -> anyhow::Result<()> {
    // Without one the requests fail, as is to be seen.
    let _ = timeout(BOUND, connection.watch_lease().next()).await;
    for index in 0..options.count {
        echo_once(connection, options.numbered_request(index), index, report).await?;
    }
    Ok(())
}

/// Makes requests one after the other, each when a lease allows it.
pub(crate) async fn renewed(
    connection: &Connection,
    options: &options::Client,
    report: &Report,
) -> anyhow::Result<()> {
    let mut leases = connection.watch_lease();
    for index in 0..options.count {
        let payload = options.numbered_request(index);
        let outcome = timeout(BOUND, patiently(connection, payload, &mut leases)).await;
        let outcome = outcome.unwrap_or_else(|_elapsed| Err(Failure::local("hung")));
        report.result(index, &outcome)?;
    }
    Ok(())
}

async fn patiently(
    connection: &Connection,
    payload: Payload,
    leases: &mut LeaseWatch,
) -> Result<Payload, Failure> {
    loop {
        match connection.request_response(payload.clone()).await {
            Err(Error::NoLease) => {
                if leases.next().await.is_none() {
                    return Err(Failure::local("the connection ended before a lease came"));
                }
            }
            // It crossed the end of its lease.
            Err(Error::Rejected { .. }) => {}
            Err(error) => return Err(error.into()),
            Ok(answer) => {
                return answer.ok_or_else(|| Failure::local("completed without a payload"));
            }
        }
    }
}

/// A client's strategy: grants so many requests once, or nothing.
pub(crate) fn grant_once(requests: u32) -> impl LeaseStrategy {
    move |connection: Connection| async move {
        if requests > 0 {
            // An error says that the connection is over.
            let _ = connection.grant_lease(&Lease::new(GRANT_TTL, requests));
        }
    }
}

/// A server's strategy.
pub(crate) fn fixed(options: &options::Server) -> Option<FixedLease> {
    let grants = options.lease > 0;
    grants.then(|| FixedLease::new(options.lease, options.lease_ttl))
}

/// Prints what a client grants, until its connection is over.
pub(crate) fn print_leases(connection: &Connection) -> impl Future<Output = ()> + Send + 'static {
    let mut leases = connection.watch_lease();
    async move {
        while let Some(lease) = leases.next().await {
            let metadata = metadata_hex(lease.metadata.as_deref());
            let (requests, ttl) = (lease.requests, lease.ttl.as_millis());
            print_line(&format!(
                "lease requests={requests} ttl={ttl}ms metadata={metadata}"
            ));
        }
    }
}
