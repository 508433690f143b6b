//! The `cancel` scenario.

use anyhow::{Context, bail};
use rsocket_rust::Client;
use rsocket_rust::prelude::RSocket;
use tokio::io::{self, AsyncBufReadExt, BufReader};

use crate::client::Failure;
use crate::options;
use crate::report::Report;
use crate::scenarios::{echo_once, hang_request};

/// Cancels a request when standard input says that the server has it, shows with an echo that the connection lives on,
/// and holds the connection until standard input ends, so that the server can tell CANCEL from a close.
pub async fn run(
    client: &Client,
    options: &options::Client,
    report: &Report,
) -> anyhow::Result<()> {
    let mut input = BufReader::new(io::stdin());
    let mut line = String::new();
    tokio::select! {
        answer = client.request_response(hang_request().into()) => {
            bail!("answered before it was cancelled: {answer:?}");
        }
        read = input.read_line(&mut line) => read.context("waiting for go")?,
    };
    // Leaving the select dropped the request's future, which is rsocket_rust's only way to cancel.
    report.result(0, &Err(Failure::local("cancelled")))?;
    echo_once(client, options.echo_request(), 1, report).await?;
    report.done()?;
    io::copy(&mut input, &mut io::sink())
        .await
        .context("waiting for the end of the input")?;
    Ok(())
}
