//! This repository's `rsocket_runtime` as a contender of the benchmark; and what it could reach at best, as its form `framed`, and as its form
//! `framed-tasks` with a task for each request.

mod connection;
mod framed;
mod framed_tasks;
mod load;
mod responder;

use std::mem;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use anyhow::Context;
use rsocket_runtime::{ConnectOptions, Server, ServerOptions, connect};

use crate::connection::Ours;
use crate::framed_tasks::FramedTasks;
use crate::load::{Contender, Settings};
use crate::responder::Responder;

struct Runtime;

impl Contender for Runtime {
    type Connection = Ours;

    fn versions() -> Vec<(&'static str, String)> {
        vec![("rsocket_runtime", env!("CARGO_PKG_VERSION").to_owned())]
    }

    async fn serve(received: Arc<AtomicU64>) -> anyhow::Result<String> {
        let server = Server::bind("tcp://127.0.0.1:0", ServerOptions::default()).await?;
        let address = server
            .local_addr()
            .context("a server at TCP has an address")?;
        // Dropping it would end serving, which goes on until the process ends.
        mem::forget(server.serve(Responder { received }));
        Ok(address.to_string())
    }

    async fn dial(settings: &Settings) -> anyhow::Result<Ours> {
        let mut options = ConnectOptions::default();
        if !settings.keepalive.is_zero() {
            options = options.keepalive(settings.keepalive, 10 * settings.keepalive);
        }
        let connection = connect(&format!("tcp://{}", settings.connect), options).await?;
        Ok(Ours(connection))
    }
}

fn main() -> anyhow::Result<()> {
    let role = load::program::role();
    match role.form() {
        framed::FORM => framed::main(role),
        FramedTasks::FORM => load::program::main::<FramedTasks>(role),
        _ => load::program::main::<Runtime>(role),
    }
}
