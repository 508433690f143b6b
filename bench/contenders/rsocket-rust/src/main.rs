//! rsocket_rust with its TCP transport as a contender of the benchmark.

mod connection;
#[path = "../../../../rust/bench/src/load/mod.rs"]
mod load;
mod lock;
mod responder;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use anyhow::Context;
use rsocket_rust::prelude::{RSocket, RSocketFactory, ServerResponder, ServerTransport};
use rsocket_rust::{Result, async_trait};
use rsocket_rust_transport_tcp::TcpClientTransport;
use tokio::net::TcpListener;

use crate::connection::Theirs;
use crate::load::{Contender, Settings};
use crate::responder::Responder;

struct RsocketRust;

impl Contender for RsocketRust {
    type Connection = Theirs;

    fn versions() -> Vec<(&'static str, String)> {
        ["rsocket_rust", "rsocket_rust_transport_tcp", "tokio"]
            .map(|name| (name, lock::version(name)))
            .into()
    }

    async fn serve(received: Arc<AtomicU64>) -> anyhow::Result<String> {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .context("listening")?;
        let address = listener.local_addr()?.to_string();
        let acceptor: ServerResponder = Box::new(move |_setup, _socket| {
            let received = Arc::clone(&received);
            Ok(Box::new(Responder { received }) as Box<dyn RSocket>)
        });
        let serving = RSocketFactory::receive()
            .acceptor(acceptor)
            .transport(BoundListener(listener))
            .serve();
        // It ends with the process; should it fail before, the client's requests say so.
        tokio::spawn(serving);
        Ok(address)
    }

    async fn dial(settings: &Settings) -> anyhow::Result<Theirs> {
        let address: SocketAddr = settings.connect.parse().context("reading the address")?;
        let mut builder = RSocketFactory::connect();
        if !settings.keepalive.is_zero() {
            builder = builder.keepalive(settings.keepalive, 10 * settings.keepalive, 1);
        }
        let client = builder
            .transport(TcpClientTransport::from(address))
            .start()
            .await?;
        Ok(Theirs(client))
    }
}

/// A listener that is bound already: the library's own does not tell the port that it got.
struct BoundListener(TcpListener);

#[async_trait]
impl ServerTransport for BoundListener {
    type Item = TcpClientTransport;

    async fn start(&mut self) -> Result<()> {
        Ok(())
    }

    async fn next(&mut self) -> Option<Result<TcpClientTransport>> {
        match self.0.accept().await {
            Ok((stream, _)) => Some(Ok(TcpClientTransport::from(stream))),
            Err(error) => Some(Err(error.into())),
        }
    }
}

fn main() -> anyhow::Result<()> {
    load::program::main::<RsocketRust>(load::program::role())
}
