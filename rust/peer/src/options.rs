//! The command lines of both subcommands.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};
use rsocket_runtime::Payload;

use crate::bytes::{numbered, pattern};

#[derive(Args)]
pub(crate) struct Server {
    /// Address to listen on.
    #[arg(long, default_value = "tcp://127.0.0.1:0")]
    pub(crate) listen: String,
    /// Agree to leases, each for so many requests; 0 for no leases.
    #[arg(long, default_value_t = 0)]
    pub(crate) lease: u32,
    /// How long a lease is good, and when the next one follows.
    #[arg(long, default_value = "60s", value_parser = duration)]
    pub(crate) lease_ttl: Duration,
    /// Agree that connections outlive their transports.
    #[arg(long)]
    pub(crate) resume: bool,
    #[command(flatten)]
    pub(crate) tls: Tls,
}

/// What both sides need at tls://, quic:// and wss://.
#[derive(Args)]
pub(crate) struct Tls {
    /// File of the authority that is trusted.
    #[arg(long)]
    pub(crate) tls_ca: Option<PathBuf>,
    /// File of the own certificate.
    #[arg(long, requires = "tls_ca", requires = "tls_key")]
    pub(crate) tls_cert: Option<PathBuf>,
    /// File of its key.
    #[arg(long, requires = "tls_cert")]
    pub(crate) tls_key: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct Client {
    /// Address of the server, tcp://HOST:PORT or ws://HOST:PORT/PATH, or tls://, quic:// or wss:// likewise.
    #[arg(long)]
    pub(crate) connect: String,
    #[command(flatten)]
    pub(crate) tls: Tls,
    /// What to do.
    #[arg(long, value_enum)]
    pub(crate) scenario: Scenario,
    /// Time between KEEPALIVE frames.
    #[arg(long, default_value = "20s", value_parser = duration)]
    pub(crate) keepalive_interval: Duration,
    /// How long the server may be silent.
    #[arg(long, default_value = "90s", value_parser = duration)]
    pub(crate) keepalive_lifetime: Duration,
    /// Setup data.
    #[arg(long, default_value = "")]
    pub(crate) setup_data: String,
    /// Setup metadata.
    #[arg(long)]
    pub(crate) setup_metadata: Option<String>,
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
    pub(crate) count: u32,
    /// Bytes of pattern in a request's data, or in an item.
    #[arg(long, default_value_t = 0)]
    pub(crate) size: usize,
    /// How many items to ask for ahead.
    #[arg(long, default_value_t = 256)]
    pub(crate) prefetch: u32,
    /// How many items to take before cancelling.
    #[arg(long, default_value_t = 1)]
    pub(crate) after: u32,
    /// How long to be silent.
    #[arg(long, default_value = "0s", value_parser = duration)]
    pub(crate) idle: Duration,
    /// Propose that the connection outlive its transport.
    #[arg(long)]
    pub(crate) resume: bool,
    /// In the scenario lease: how many requests to grant the server; 0 for none.
    #[arg(long, default_value_t = 0)]
    pub(crate) grant: u32,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Scenario {
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
    Lease,
    LeaseRenewed,
}

impl Scenario {
    pub(crate) fn name(self) -> String {
        self.to_possible_value()
            .map(|value| value.get_name().to_owned())
            .unwrap_or_default()
    }

    pub(crate) fn needs_leases(self) -> bool {
        matches!(self, Self::Lease | Self::LeaseRenewed)
    }
}

/// Bytes given in hexadecimal; a type of its own because clap reads a `Vec` as a repeated flag.
#[derive(Clone)]
struct Hex(Vec<u8>);

impl Client {
    pub(crate) fn setup(&self) -> Payload {
        let metadata = self.setup_metadata.clone().map(String::into_bytes);
        payload(self.setup_data.clone().into_bytes(), metadata)
    }

    /// The request of the scenarios that send one: the data given, or `--size` bytes of pattern.
    pub(crate) fn echo_request(&self) -> Payload {
        let text = self.data.clone().map(String::into_bytes);
        let hex = self.data_hex.clone().map(|hex| hex.0);
        let data = text.or(hex).unwrap_or_else(|| pattern(0, self.size));
        payload(data, self.request_metadata())
    }

    /// The data given as text.
    pub(crate) fn text(&self) -> Option<&str> {
        self.data.as_deref()
    }

    /// The `index`-th request of the scenarios that send several.
    pub(crate) fn numbered_request(&self, index: u32) -> Payload {
        payload(numbered(index, self.size), self.request_metadata())
    }

    fn request_metadata(&self) -> Option<Vec<u8>> {
        let text = self.metadata.clone().map(String::into_bytes);
        text.or_else(|| self.metadata_hex.clone().map(|hex| hex.0))
    }
}

fn payload(data: Vec<u8>, metadata: Option<Vec<u8>>) -> Payload {
    Payload {
        metadata: metadata.map(Into::into),
        data: data.into(),
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
