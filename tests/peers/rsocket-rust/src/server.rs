//! The server: a listener that tells its port, handed to rsocket_rust.

use std::process;

use anyhow::{Context, anyhow};
use rsocket_rust::prelude::{
    RSocket, RSocketFactory, ServerResponder, ServerTransport, SetupPayload,
};
use rsocket_rust::{Result, async_trait};
use rsocket_rust_transport_tcp::TcpClientTransport;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::bytes::metadata_hex;
use crate::options::{self, host_port};
use crate::report::print_line;
use crate::responder::Responder;

/// Begins the setup data of a connection that wants to be rejected.
const REJECT_PREFIX: &str = "reject:";

pub async fn run(options: options::Server) -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("listening for SIGTERM")?;
    let address = host_port(&options.listen)?;
    let listener = TcpListener::bind(address)
        .await
        .with_context(|| format!("listening on {address}"))?;
    let serving = RSocketFactory::receive()
        .acceptor(acceptor())
        .transport(BoundListener(listener))
        .serve();
    tokio::select! {
        served = serving => served.context("serving"),
        // Not by returning: that drops the handlers' futures, and they would say that they were cancelled.
        _ = terminate.recv() => process::exit(0),
    }
}

fn acceptor() -> ServerResponder {
    Box::new(
        |setup: SetupPayload, _socket: Box<dyn RSocket>| -> Result<Box<dyn RSocket>> {
            let (data, metadata) = setup.split();
            let data = data.unwrap_or_default();
            print_line(&format!(
                "setup data={} metadata={}",
                hex::encode(&data),
                metadata_hex(metadata.as_deref())
            ));
            match data.strip_prefix(REJECT_PREFIX.as_bytes()) {
                Some(reason) => Err(anyhow!(String::from_utf8_lossy(reason).into_owned())),
                None => Ok(Box::new(Responder)),
            }
        },
    )
}

/// A listener that is bound already: the library's own does not tell the port that it got.
struct BoundListener(TcpListener);

#[async_trait]
impl ServerTransport for BoundListener {
    type Item = TcpClientTransport;

    async fn start(&mut self) -> Result<()> {
        print_line(&format!("ready tcp://{}", self.0.local_addr()?));
        Ok(())
    }

    async fn next(&mut self) -> Option<Result<TcpClientTransport>> {
        match self.0.accept().await {
            Ok((stream, _)) => Some(Ok(TcpClientTransport::from(stream))),
            Err(error) => Some(Err(error.into())),
        }
    }
}
