//! Interop peer over rsocket_runtime. Its contract is tests/peers/README.md.

mod bytes;
mod cancel;
mod client;
mod items;
mod lease;
mod numbers;
mod options;
mod report;
mod responder;
mod scenarios;
mod server;
mod streams;
mod tls;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(about = "Interop peer over rsocket_runtime")]
struct Cli {
    #[command(subcommand)]
    role: Role,
}

#[derive(Subcommand)]
enum Role {
    /// Accept connections and answer as the contract says.
    Server(options::Server),
    /// Connect, run one scenario and report its results.
    Client(Box<options::Client>),
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    match Cli::parse().role {
        Role::Server(options) => server::run(options).await,
        Role::Client(options) => client::run(*options).await,
    }
}
