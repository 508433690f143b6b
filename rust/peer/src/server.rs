//! The server.

use std::process;

use anyhow::Context;
use rsocket_runtime::{Connection, Rejection, ResumeOptions, Server, ServerOptions, Setup};
use tokio::signal::unix::{SignalKind, signal};

use crate::bytes::metadata_hex;
use crate::lease;
use crate::options;
use crate::report::print_line;
use crate::responder::Responder;

/// Begins the setup data of a connection that wants to be rejected.
const REJECT_PREFIX: &str = "reject:";

pub(crate) async fn run(options: options::Server) -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("listening for SIGTERM")?;
    let mut server_options = ServerOptions::default();
    if let Some(strategy) = lease::fixed(&options) {
        server_options = server_options.lease(strategy);
    }
    if options.resume {
        server_options = server_options.resume(ResumeOptions::default());
    }
    if let Some(config) = options.tls.server()? {
        server_options = server_options.tls(config);
    }
    let server = Server::bind(&options.listen, server_options).await?;
    print_line(&format!("ready {}", server.url()));
    let _serving = server.serve_with(accept);
    terminate.recv().await;
    // Not by returning: that drops the handlers' futures, and they would say that they were cancelled.
    process::exit(0)
}

async fn accept(setup: Setup, connection: Connection) -> Result<Responder, Rejection> {
    let Setup { payload, .. } = setup;
    let metadata = metadata_hex(payload.metadata.as_deref());
    print_line(&format!(
        "setup data={} metadata={metadata}",
        hex::encode(&payload.data)
    ));
    match payload.data.strip_prefix(REJECT_PREFIX.as_bytes()) {
        Some(reason) => Err(Rejection::rejected(
            String::from_utf8_lossy(reason).into_owned(),
        )),
        None => {
            tokio::spawn(lease::print_leases(&connection));
            Ok(Responder)
        }
    }
}
