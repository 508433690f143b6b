//! The command lines of both subcommands.

use std::time::Duration;

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};

use crate::bytes::{Message, numbered, pattern};

const TCP_SCHEME: &str = "tcp://";
const WS_SCHEME: &str = "ws://";

#[derive(Args)]
pub struct Server {
    /// Address to listen on.
    #[arg(long, default_value = "tcp://127.0.0.1:0")]
    pub listen: String,
}

#[derive(Args)]
pub struct Client {
    /// Address of the server, tcp://HOST:PORT or ws://HOST:PORT/PATH.
    #[arg(long)]
    pub connect: String,
    /// What to do.
    #[arg(long, value_enum)]
    pub scenario: Scenario,
    /// Time between KEEPALIVE frames.
    #[arg(long, default_value = "20s", value_parser = duration)]
    pub keepalive_interval: Duration,
    /// How long the server may be silent.
    #[arg(long, default_value = "90s", value_parser = duration)]
    pub keepalive_lifetime: Duration,
    /// Setup data.
    #[arg(long, default_value = "")]
    pub setup_data: String,
    /// Setup metadata.
    #[arg(long)]
    pub setup_metadata: Option<String>,
    /// Request data.
    #[arg(long, conflicts_with = "data_hex")]
    data: Option<String>,
    /// Request data in hexadecimal.
    #[arg(long, value_parser = from_hex)]
    data_hex: Option<Hex>,
    /// Request metadata.
    #[arg(long, conflicts_with_all = ["metadata_hex", "no_metadata"])]
    metadata: Option<String>,
    /// Request metadata in hexadecimal.
    #[arg(long, value_parser = from_hex, conflicts_with = "no_metadata")]
    metadata_hex: Option<Hex>,
    /// No request metadata, as when no other flag gives any.
    #[arg(long)]
    no_metadata: bool,
    /// How many requests, or items.
    #[arg(long, default_value_t = 1)]
    pub count: u32,
    /// Bytes of pattern in a request's data, or in an item.
    #[arg(long, default_value_t = 0)]
    pub size: usize,
    /// How many items to ask for ahead; rsocket_rust always asks for all of them.
    #[arg(long, default_value_t = 256)]
    pub prefetch: u32,
    /// How many items to take before cancelling.
    #[arg(long, default_value_t = 1)]
    pub after: u32,
    /// How long to be silent.
    #[arg(long, default_value = "0s", value_parser = duration)]
    pub idle: Duration,
}

#[derive(Clone, Copy, ValueEnum)]
pub enum Scenario {
    Echo,
    Error,
    Cancel,
    Concurrent,
    Loss,
    Fnf,
    Idle,
    Rejected,
    Stream,
    StreamCancel,
    StreamError,
    StreamBig,
    Channel,
    Push,
}

impl Scenario {
    pub fn name(self) -> String {
        self.to_possible_value()
            .map(|value| value.get_name().to_owned())
            .unwrap_or_default()
    }
}

/// Bytes given in hexadecimal; a type of its own because clap reads a `Vec` as a repeated flag.
#[derive(Clone)]
struct Hex(Vec<u8>);

impl Client {
    pub fn setup(&self) -> Message {
        Message {
            data: self.setup_data.clone().into_bytes(),
            metadata: self.setup_metadata.clone().map(String::into_bytes),
        }
    }

    /// The request of the scenarios that send one: the data given, or `--size` bytes of pattern.
    pub fn echo_request(&self) -> Message {
        let text = self.data.clone().map(String::into_bytes);
        let hex = self.data_hex.clone().map(|hex| hex.0);
        let data = text.or(hex).unwrap_or_else(|| pattern(0, self.size));
        Message {
            data,
            metadata: self.request_metadata(),
        }
    }

    /// The data given as text.
    pub fn text(&self) -> Option<&str> {
        self.data.as_deref()
    }

    /// The `index`-th request of the scenarios that send several.
    pub fn numbered_request(&self, index: u32) -> Message {
        Message {
            data: numbered(index, self.size),
            metadata: self.request_metadata(),
        }
    }

    fn request_metadata(&self) -> Option<Vec<u8>> {
        let text = self.metadata.clone().map(String::into_bytes);
        text.or_else(|| self.metadata_hex.clone().map(|hex| hex.0))
    }
}

/// Where a server is, and what it speaks there.
pub enum Address<'a> {
    /// HOST:PORT of tcp://HOST:PORT.
    Tcp(&'a str),
    /// HOST:PORT of ws://HOST:PORT/PATH, and the path. rsocket_rust's server takes any path.
    WebSocket(&'a str, &'a str),
}

impl<'a> Address<'a> {
    pub fn parse(url: &'a str) -> anyhow::Result<Self> {
        if let Some(at) = url.strip_prefix(TCP_SCHEME) {
            return Ok(Self::Tcp(at));
        }
        let rest = url.strip_prefix(WS_SCHEME).with_context(|| {
            format!("address {url:?} begins with neither {TCP_SCHEME} nor {WS_SCHEME}")
        })?;
        let (at, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        Ok(Self::WebSocket(at, path))
    }
}

fn from_hex(text: &str) -> Result<Hex, hex::FromHexError> {
    hex::decode(text).map(Hex)
}

/// Reads a whole number of milliseconds or seconds, `250ms` or `2s`.
fn duration(text: &str) -> anyhow::Result<Duration> {
    let Some(split) = text.find(|c: char| !c.is_ascii_digit()) else {
        bail!("{text:?} has no unit (ms or s)");
    };
    let (number, unit) = text.split_at(split);
    let number = number
        .parse()
        .with_context(|| format!("{text:?} does not begin with a number"))?;
    match unit {
        "ms" => Ok(Duration::from_millis(number)),
        "s" => Ok(Duration::from_secs(number)),
        _ => bail!("{text:?} has an unknown unit (ms or s)"),
    }
}
