//! The client's scenarios.

use rsocket_rust::Client;
use rsocket_rust::prelude::RSocket;
use tokio::task::JoinSet;

use crate::bytes::Message;
use crate::cancel;
use crate::client::{Failure, request};
use crate::options::{self, Scenario};
use crate::report::Report;
use crate::responder::{ERROR_PREFIX, HANG_REQUEST};
use crate::streams;

type Outcome = (u32, Result<Message, Failure>);

pub async fn run(client: Client, options: options::Client) -> anyhow::Result<()> {
    let report = Report::new(options.scenario.name());
    match options.scenario {
        // A rejected setup shows in what a request gets.
        Scenario::Echo | Scenario::Rejected => {
            echo_once(&client, options.echo_request(), 0, &report).await?
        }
        Scenario::Error => application_error(&client, &options, &report).await?,
        Scenario::Cancel => return cancel::run(&client, &options, &report).await,
        Scenario::Concurrent => concurrent(&client, &options, &report).await?,
        Scenario::Loss => loss(&client, &options, &report).await?,
        Scenario::Fnf => fire_and_forget(&client, &options, &report).await?,
        Scenario::Idle => idle(&client, &options, &report).await?,
        Scenario::Stream => streams::stream(&client, &options, &report).await?,
        Scenario::StreamCancel => streams::stream_cancel(&client, &options, &report).await?,
        Scenario::StreamError => streams::stream_error(&client, &options, &report).await?,
        Scenario::StreamBig => streams::stream_big(&client, &options, &report).await?,
        Scenario::Channel => streams::channel(&client, &options, &report).await?,
        Scenario::Push => streams::push(&client, &options, &report).await?,
    }
    report.done()
}

pub async fn echo_once(
    client: &Client,
    message: Message,
    index: u32,
    report: &Report,
) -> anyhow::Result<()> {
    report.result(index, &request(client, message).await)
}

pub fn hang_request() -> Message {
    Message {
        data: HANG_REQUEST.as_bytes().to_vec(),
        metadata: None,
    }
}

async fn application_error(
    client: &Client,
    options: &options::Client,
    report: &Report,
) -> anyhow::Result<()> {
    let mut message = options.echo_request();
    message.data.splice(0..0, ERROR_PREFIX.bytes());
    echo_once(client, message, 0, report).await
}

async fn fire_and_forget(
    client: &Client,
    options: &options::Client,
    report: &Report,
) -> anyhow::Result<()> {
    for index in 0..options.count {
        let message = options.numbered_request(index);
        let sent = client.fire_and_forget(message.clone().into()).await;
        report.result(index, &sent.map(|()| message).map_err(Failure::from))?;
    }
    // The answer to a later request says that everything before it was written.
    echo_once(
        client,
        options.numbered_request(options.count),
        options.count,
        report,
    )
    .await
}

async fn idle(client: &Client, options: &options::Client, report: &Report) -> anyhow::Result<()> {
    tokio::time::sleep(options.idle).await;
    echo_once(client, options.echo_request(), 0, report).await
}

async fn concurrent(
    client: &Client,
    options: &options::Client,
    report: &Report,
) -> anyhow::Result<()> {
    let mut requests = JoinSet::new();
    for index in 0..options.count {
        requests.spawn(checked_echo(
            client.clone(),
            index,
            options.numbered_request(index),
        ));
    }
    report_each(requests, report).await
}

async fn checked_echo(client: Client, index: u32, message: Message) -> Outcome {
    let outcome = request(&client, message.clone()).await;
    let same = outcome
        .as_ref()
        .map_or(true, |response| response.data == message.data);
    let outcome = if same {
        outcome
    } else {
        Err(Failure::local("the echo differs from the request"))
    };
    (index, outcome)
}

/// Requests that the server never answers: the connection's end has to end them.
async fn loss(client: &Client, options: &options::Client, report: &Report) -> anyhow::Result<()> {
    let mut requests = JoinSet::new();
    for index in 0..options.count {
        let client = client.clone();
        requests.spawn(async move { (index, request(&client, hang_request()).await) });
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
