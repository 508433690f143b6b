//! The client: a connection, and requests on it as the scenarios need them.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use rsocket_runtime::tls::rustls::ClientConfig;
use rsocket_runtime::{
    Backoff, ConnectError, ConnectOptions, Connection, Error, Origin, Payload, ResumeOptions,
};

use crate::lease;
use crate::options::{self, Scenario};
use crate::report::Report;
use crate::scenarios;

/// How long a request may take before it counts as hung.
pub(crate) const BOUND: Duration = Duration::from_secs(10);

/// How long a client waits before it dials again.
const MIN_DELAY: Duration = Duration::from_millis(1);
const MAX_DELAY: Duration = Duration::from_millis(50);

/// Why a request failed: the text, and the wire code where the other side sent one.
pub(crate) struct Failure {
    pub(crate) text: String,
    pub(crate) code: u32,
}

impl Failure {
    pub(crate) fn local(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            code: 0,
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error.code() {
            Some(code) if error.origin() == Origin::Remote => Self {
                text: error.message().to_owned(),
                code: code.0,
            },
            _ => Self::local(&error.to_string()),
        }
    }
}

pub(crate) async fn run(options: options::Client) -> anyhow::Result<()> {
    let report = Report::new(options.scenario.name());
    let tls = options.tls.client()?;
    let connection = match connect(&options, tls).await {
        Ok(connection) => connection,
        Err(error) if matches!(options.scenario, Scenario::Rejected) => {
            report.result(0, &Err(Failure::local(&error.to_string())))?;
            return report.done();
        }
        Err(error) => {
            return Err(error).with_context(|| format!("connecting to {}", options.connect));
        }
    };
    if options.resume {
        // When this is answered the server knows the session. What else comes of it shows in the scenario's requests.
        let _ = request(&connection, Payload::default()).await;
    }
    let scenario = scenarios::run(&connection, &options, &report).await;
    connection.close();
    // What was said last is on its way when the connection is closed.
    connection.closed().await;
    scenario.with_context(|| format!("scenario {}", options.scenario.name()))
}

async fn connect(
    options: &options::Client,
    tls: Option<Arc<ClientConfig>>,
) -> Result<Connection, ConnectError> {
    let mut connect_options = ConnectOptions::default()
        .keepalive(options.keepalive_interval, options.keepalive_lifetime)
        .setup_payload(&options.setup());
    if options.scenario.needs_leases() {
        connect_options = connect_options.lease(lease::grant_once(options.grant));
    }
    if options.resume {
        let backoff = Backoff::default().min(MIN_DELAY).max(MAX_DELAY);
        connect_options = connect_options.resume(ResumeOptions::default().backoff(backoff));
    }
    if let Some(config) = tls {
        connect_options = connect_options.tls(config);
    }
    rsocket_runtime::connect(&options.connect, connect_options).await
}

/// Sends a request-response and waits for its answer, at most [`BOUND`].
pub(crate) async fn request(connection: &Connection, payload: Payload) -> Result<Payload, Failure> {
    match tokio::time::timeout(BOUND, connection.request_response(payload)).await {
        Err(_elapsed) => Err(Failure::local("hung")),
        Ok(Err(error)) => Err(error.into()),
        Ok(Ok(None)) => Err(Failure::local("completed without a payload")),
        Ok(Ok(Some(payload))) => Ok(payload),
    }
}
