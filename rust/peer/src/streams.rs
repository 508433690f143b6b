//! The scenarios of streams, channels and metadata-push.

use std::time::Duration;

use rsocket_runtime::{Connection, Payload, RequestStream};
use tokio::time::timeout;

use crate::bytes::pattern;
use crate::client::{BOUND, Failure};
use crate::numbers::Numbers;
use crate::options;
use crate::report::{ItemsLine, Report};
use crate::scenarios::echo_once;

/// The message that `stream-error` asks for unless data is given.
const MESSAGE: &str = "boom";

pub(crate) async fn stream(
    connection: &Connection,
    options: &options::Client,
    report: &Report,
) -> anyhow::Result<()> {
    let stream = request(connection, options, options.count.to_string());
    report.items(&count(stream, u32::MAX, number).await)
}

/// Takes some items of a stream that has more, drops it and shows with an echo that the connection lives on.
pub(crate) async fn stream_cancel(
    connection: &Connection,
    options: &options::Client,
    report: &Report,
) -> anyhow::Result<()> {
    let count_asked = options.count.max(options.after.saturating_add(1_000_000));
    let stream = request(connection, options, count_asked.to_string());
    let mut line = count(stream, options.after, number).await;
    if line.error.is_empty() {
        line.error = "cancelled".to_owned();
    }
    report.items(&line)?;
    echo_once(connection, options.echo_request(), 1, report).await
}

pub(crate) async fn stream_error(
    connection: &Connection,
    options: &options::Client,
    report: &Report,
) -> anyhow::Result<()> {
    let message = options.text().unwrap_or(MESSAGE);
    let stream = request(
        connection,
        options,
        format!("{}:error:{message}", options.count),
    );
    report.items(&count(stream, u32::MAX, number).await)
}

pub(crate) async fn stream_big(
    connection: &Connection,
    options: &options::Client,
    report: &Report,
) -> anyhow::Result<()> {
    let size = options.size;
    let stream = request(connection, options, format!("big:{size}:{}", options.count));
    let line = count(stream, u32::MAX, |index, item| {
        *item.data == pattern(index, size)
    });
    report.items(&line.await)
}

pub(crate) async fn channel(
    connection: &Connection,
    options: &options::Client,
    report: &Report,
) -> anyhow::Result<()> {
    let first = options.text().map(str::to_owned);
    let named = first.is_some();
    let items = Numbers::new(options.count, first);
    let channel = connection.request_channel(items).prefetch(options.prefetch);
    // The first item may be one that tells the responder what to do.
    let expected = |index, item: &Payload| (named && index == 0) || number(index, item);
    report.items(&count(channel, u32::MAX, expected).await)
}

/// Pushes metadata, and shows with an echo that it went out.
pub(crate) async fn push(
    connection: &Connection,
    options: &options::Client,
    report: &Report,
) -> anyhow::Result<()> {
    let pushed = options.echo_request().data;
    let mut line = ItemsLine::default();
    match connection.metadata_push(pushed).await {
        Ok(()) => line.items = 1,
        Err(error) => line.fail(error.into()),
    }
    line.ordered = line.error.is_empty();
    report.items(&line)?;
    echo_once(connection, Payload::new(""), 1, report).await
}

fn request(connection: &Connection, options: &options::Client, data: String) -> RequestStream {
    let mut payload = options.echo_request();
    payload.data = data.into();
    connection
        .request_stream(payload)
        .prefetch(options.prefetch)
}

fn number(index: u32, item: &Payload) -> bool {
    item.data == index.to_string()
}

/// Takes items until the end, or as many as are wanted, and looks whether each is the one that is expected.
async fn count(
    mut stream: RequestStream,
    wanted: u32,
    expected: impl Fn(u32, &Payload) -> bool,
) -> ItemsLine {
    let mut line = ItemsLine {
        ordered: true,
        ..ItemsLine::default()
    };
    while line.items < wanted {
        match next(&mut stream, BOUND).await {
            Some(Ok(item)) => {
                line.ordered &= expected(line.items, &item);
                line.items += 1;
            }
            Some(Err(failure)) => {
                line.fail(failure);
                break;
            }
            None => break,
        }
    }
    line
}

async fn next(stream: &mut RequestStream, bound: Duration) -> Option<Result<Payload, Failure>> {
    match timeout(bound, stream.next()).await {
        Err(_elapsed) => Some(Err(Failure::local("hung"))),
        Ok(item) => item.map(|item| item.map_err(Failure::from)),
    }
}
