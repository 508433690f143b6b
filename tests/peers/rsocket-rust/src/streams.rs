//! The scenarios of streams, channels and metadata-push.

use rsocket_rust::prelude::{Flux, Payload, RSocket, StreamExt};
use rsocket_rust::{Client, Result};
use tokio::time::timeout;

use crate::bytes::{Message, pattern};
use crate::client::{BOUND, Failure};
use crate::items::numbers;
use crate::options;
use crate::report::{ItemsLine, Report};
use crate::scenarios::echo_once;

/// The message that `stream-error` asks for unless data is given.
const MESSAGE: &str = "boom";

pub async fn stream(
    client: &Client,
    options: &options::Client,
    report: &Report,
) -> anyhow::Result<()> {
    let stream = request(client, options, options.count.to_string());
    report.items(&count(stream, u32::MAX, number).await)
}

/// Takes some items of a stream that has more, drops it and shows with an echo that the connection lives on.
pub async fn stream_cancel(
    client: &Client,
    options: &options::Client,
    report: &Report,
) -> anyhow::Result<()> {
    let count_asked = options.count.max(options.after.saturating_add(1_000_000));
    let stream = request(client, options, count_asked.to_string());
    let mut line = count(stream, options.after, number).await;
    if line.error.is_empty() {
        line.error = "cancelled".to_owned();
    }
    report.items(&line)?;
    echo_once(client, options.echo_request(), 1, report).await
}

pub async fn stream_error(
    client: &Client,
    options: &options::Client,
    report: &Report,
) -> anyhow::Result<()> {
    let message = options.text().unwrap_or(MESSAGE);
    let stream = request(
        client,
        options,
        format!("{}:error:{message}", options.count),
    );
    report.items(&count(stream, u32::MAX, number).await)
}

pub async fn stream_big(
    client: &Client,
    options: &options::Client,
    report: &Report,
) -> anyhow::Result<()> {
    let size = options.size;
    let stream = request(client, options, format!("big:{size}:{}", options.count));
    let line = count(stream, u32::MAX, |index, item| item == pattern(index, size));
    report.items(&line.await)
}

pub async fn channel(
    client: &Client,
    options: &options::Client,
    report: &Report,
) -> anyhow::Result<()> {
    let first = options.text().map(str::to_owned);
    let items = numbers(options.count, first.clone(), None);
    let channel = client.request_channel(items);
    let expected = |index, item: &[u8]| match &first {
        Some(first) if index == 0 => item == first.as_bytes(),
        _ => number(index, item),
    };
    report.items(&count(channel, u32::MAX, expected).await)
}

/// Pushes metadata, and shows with an echo that it went out.
pub async fn push(
    client: &Client,
    options: &options::Client,
    report: &Report,
) -> anyhow::Result<()> {
    let pushed = Message {
        data: Vec::new(),
        metadata: Some(options.echo_request().data),
    };
    let mut line = ItemsLine::default();
    match client.metadata_push(pushed.into()).await {
        Ok(()) => line.items = 1,
        Err(error) => line.fail(error.into()),
    }
    line.ordered = line.error.is_empty();
    report.items(&line)?;
    echo_once(client, Message::default(), 1, report).await
}

fn request(client: &Client, options: &options::Client, data: String) -> Flux<Result<Payload>> {
    let mut message = options.echo_request();
    message.data = data.into_bytes();
    client.request_stream(message.into())
}

fn number(index: u32, item: &[u8]) -> bool {
    item == index.to_string().as_bytes()
}

/// Takes items until the end, or as many as are wanted, and looks whether each is the one that is expected.
async fn count(
    mut stream: Flux<Result<Payload>>,
    wanted: u32,
    expected: impl Fn(u32, &[u8]) -> bool,
) -> ItemsLine {
    let mut line = ItemsLine {
        ordered: true,
        ..ItemsLine::default()
    };
    while line.items < wanted {
        match timeout(BOUND, stream.next()).await {
            Err(_elapsed) => {
                line.fail(Failure::hung());
                break;
            }
            Ok(None) => break,
            Ok(Some(Err(error))) => {
                line.fail(error.into());
                break;
            }
            Ok(Some(Ok(item))) => {
                line.ordered &= expected(line.items, &Message::from(item).data);
                line.items += 1;
            }
        }
    }
    line
}
