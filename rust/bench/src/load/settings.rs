//! What a client is told to do. The flags are the same in every contender.

use std::time::Duration;

use anyhow::ensure;
use clap::{Args, Parser, Subcommand};

use super::data::MIN_SIZE;

/// The form that every library has: who asks waits for the answer.
pub(crate) const BLOCKING: &str = "blocking";

#[derive(Parser)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) role: Role,
}

#[derive(Subcommand)]
pub(crate) enum Role {
    /// Accept connections on a free port.
    Serve {
        #[arg(long, default_value = BLOCKING)]
        form: String,
    },
    /// Connect and make requests.
    Load(Settings),
    /// Print the versions of what is measured.
    Versions,
}

#[derive(Args, Clone)]
pub(crate) struct Settings {
    /// The server, as host:port.
    #[arg(long)]
    pub(crate) connect: String,
    #[arg(long, default_value = "request-response")]
    pub(crate) workload: String,
    /// How requests are called.
    #[arg(long, default_value = BLOCKING)]
    pub(crate) form: String,
    /// Bytes of data in a request or an item.
    #[arg(long, default_value_t = 64)]
    pub(crate) size: usize,
    /// Requests, senders or streams at a time, on each connection.
    #[arg(long, default_value_t = 1)]
    pub(crate) in_flight: usize,
    #[arg(long, default_value_t = 1)]
    pub(crate) connections: usize,
    /// Items of one stream or channel.
    #[arg(long, default_value_t = 20_000)]
    pub(crate) items: u32,
    /// Items to ask for ahead.
    #[arg(long, default_value_t = 256)]
    pub(crate) prefetch: u32,
    #[arg(long = "warm-up-ms", default_value = "0", value_parser = milliseconds)]
    pub(crate) warm_up: Duration,
    #[arg(long = "duration-ms", default_value = "1000", value_parser = milliseconds)]
    pub(crate) duration: Duration,
    /// How many requests to make instead, if not 0.
    #[arg(long, default_value_t = 0)]
    pub(crate) requests: u64,
    #[arg(long = "keepalive-ms", default_value = "0", value_parser = milliseconds)]
    pub(crate) keepalive: Duration,
    /// Give each request data of its own, and look at all of each answer.
    #[arg(long)]
    pub(crate) check: bool,
}

impl Role {
    pub(crate) fn form(&self) -> &str {
        match self {
            Self::Serve { form } => form,
            Self::Load(settings) => &settings.form,
            Self::Versions => BLOCKING,
        }
    }
}

fn milliseconds(text: &str) -> Result<Duration, std::num::ParseIntError> {
    text.parse().map(Duration::from_millis)
}

impl Settings {
    pub(crate) fn validate(&self) -> anyhow::Result<()> {
        let least = self.in_flight.min(self.connections);
        ensure!(
            least > 0 && self.items > 0 && self.prefetch > 0,
            "--in-flight, --connections, --items and --prefetch are at least 1"
        );
        ensure!(
            self.size >= MIN_SIZE,
            "--size is at least {MIN_SIZE}: an item holds its index"
        );
        Ok(())
    }
}
