//! The client's scenarios.

use rsocket_runtime::{Connection, Payload};
use tokio::task::JoinSet;

use crate::cancel;
use crate::client::{Failure, request};
use crate::lease;
use crate::options::{self, Scenario};
use crate::report::Report;
use crate::responder::{ERROR_PREFIX, HANG_REQUEST};
use crate::streams;

type Outcome = (u32, Result<Payload, Failure>);

pub(crate) async fn run(
    connection: &Connection,
    options: &options::Client,
    report: &Report,
) -> anyhow::Result<()> {
    match options.scenario {
        // A rejected setup shows in what a request gets.
        Scenario::Echo | Scenario::Rejected => {
            echo_once(connection, options.echo_request(), 0, report).await?;
        }
        Scenario::Error => application_error(connection, options, report).await?,
        Scenario::Cancel => return cancel::run(connection, options, report).await,
        Scenario::Concurrent => concurrent(connection, options, report).await?,
        Scenario::Loss => loss(connection, options, report).await?,
        Scenario::Fnf => fire_and_forget(connection, options, report).await?,
        Scenario::Idle => idle(connection, options, report).await?,
        Scenario::Stream => streams::stream(connection, options, report).await?,
        Scenario::StreamCancel => streams::stream_cancel(connection, options, report).await?,
        Scenario::StreamError => streams::stream_error(connection, options, report).await?,
        Scenario::StreamBig => streams::stream_big(connection, options, report).await?,
        Scenario::Channel => streams::channel(connection, options, report).await?,
        Scenario::Push => streams::push(connection, options, report).await?,
        Scenario::Lease => lease::limited(connection, options, report).await?,
        Scenario::LeaseRenewed => lease::renewed(connection, options, report).await?,
    }
    report.done()
}

pub(crate) async fn echo_once(
    connection: &Connection,
    payload: Payload,
    index: u32,
    report: &Report,
) -> anyhow::Result<()> {
    report.result(index, &request(connection, payload).await)
}

pub(crate) fn hang_request() -> Payload {
    Payload::new(HANG_REQUEST)
}

async fn application_error(
    connection: &Connection,
    options: &options::Client,
    report: &Report,
) -> anyhow::Result<()> {
    let mut payload = options.echo_request();
    payload.data = [ERROR_PREFIX.as_bytes(), &payload.data].concat().into();
    echo_once(connection, payload, 0, report).await
}

async fn fire_and_forget(
    connection: &Connection,
    options: &options::Client,
    report: &Report,
) -> anyhow::Result<()> {
    for index in 0..options.count {
        let payload = options.numbered_request(index);
        let sent = connection.fire_and_forget(payload.clone()).await;
        report.result(index, &sent.map(|()| payload).map_err(Failure::from))?;
    }
    // The answer to a later request says that everything before it was written.
    let last = options.numbered_request(options.count);
    echo_once(connection, last, options.count, report).await
}

async fn idle(
    connection: &Connection,
    options: &options::Client,
    report: &Report,
) -> anyhow::Result<()> {
    tokio::time::sleep(options.idle).await;
    echo_once(connection, options.echo_request(), 0, report).await
}

async fn concurrent(
    connection: &Connection,
    options: &options::Client,
    report: &Report,
) -> anyhow::Result<()> {
    let mut requests = JoinSet::new();
    for index in 0..options.count {
        let payload = options.numbered_request(index);
        requests.spawn(checked_echo(connection.clone(), index, payload));
    }
    report_each(requests, report).await
}

async fn checked_echo(connection: Connection, index: u32, payload: Payload) -> Outcome {
    let expected = payload.data.clone();
    let outcome = match request(&connection, payload).await {
        Ok(answer) if answer.data != expected => {
            Err(Failure::local("the echo differs from the request"))
        }
        outcome => outcome,
    };
    (index, outcome)
}

/// Requests that the server never answers: the connection's end has to end them.
async fn loss(
    connection: &Connection,
    options: &options::Client,
    report: &Report,
) -> anyhow::Result<()> {
    let mut requests = JoinSet::new();
    for index in 0..options.count {
        let connection = connection.clone();
        requests.spawn(async move { (index, request(&connection, hang_request()).await) });
    }
    report.inflight(options.count)?;
    report_each(requests, report).await
}

async fn report_each(mut requests: JoinSet<Outcome>, report: &Report) -> anyhow::Result<()> {
    while let Some(joined) = requests.join_next().await {
        let (index, outcome) = joined?;
        report.result(index, &outcome)?;
    }
    Ok(())
}
