//! The `cancel` scenario.

use anyhow::{Context, bail};
use rsocket_runtime::Connection;
use tokio::io::{self, AsyncBufReadExt, BufReader};

use crate::client::Failure;
use crate::options;
use crate::report::Report;
use crate::scenarios::{echo_once, hang_request};

/// Cancels a request when standard input says that the server has it, shows with an echo that the connection lives on,
/// and holds the connection until standard input ends, so that the server can tell CANCEL from a close.
pub(crate) async fn run(
    connection: &Connection,
    options: &options::Client,
    report: &Report,
) -> anyhow::Result<()> {
    let mut input = BufReader::new(io::stdin());
    let mut line = String::new();
    tokio::select! {
        answer = connection.request_response(hang_request()) => {
            bail!("answered before it was cancelled: {answer:?}");
        }
        read = input.read_line(&mut line) => read.context("waiting for go")?,
    };
    // Leaving the select dropped the request's future, which cancels it.
    report.result(0, &Err(Failure::local("cancelled")))?;
    echo_once(connection, options.echo_request(), 1, report).await?;
    report.done()?;
    io::copy(&mut input, &mut io::sink())
        .await
        .context("waiting for the end of the input")?;
    Ok(())
}
