//! The server: a listener that tells its port, handed to rsocket_rust.

use std::marker::PhantomData;
use std::process;

use anyhow::{Context, anyhow};
use rsocket_rust::prelude::{
    RSocket, RSocketFactory, ServerResponder, ServerTransport, SetupPayload,
};
use rsocket_rust::transport::Transport;
use rsocket_rust::{Result, async_trait};
use rsocket_rust_transport_tcp::TcpClientTransport;
use rsocket_rust_transport_websocket::WebsocketClientTransport;
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix::{SignalKind, signal};

use crate::bytes::metadata_hex;
use crate::options::{self, Address};
use crate::report::print_line;
use crate::responder::Responder;

/// Begins the setup data of a connection that wants to be rejected.
const REJECT_PREFIX: &str = "reject:";

pub async fn run(options: options::Server) -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("listening for SIGTERM")?;
    let serving = serve(Address::parse(&options.listen)?);
    tokio::select! {
        served = serving => served.context("serving"),
        // Not by returning: that drops the handlers' futures, and they would say that they were cancelled.
        _ = terminate.recv() => process::exit(0),
    }
}

async fn serve(address: Address<'_>) -> anyhow::Result<()> {
    match address {
        Address::Tcp(at) => {
            let bound = BoundListener::<TcpClientTransport>::bind(at, "tcp://", "").await?;
            serve_through(bound).await
        }
        Address::WebSocket(at, path) => {
            let bound = BoundListener::<WebsocketClientTransport>::bind(at, "ws://", path).await?;
            serve_through(bound).await
        }
    }
}

async fn serve_through<T>(listener: BoundListener<T>) -> anyhow::Result<()>
where
    T: Transport + From<TcpStream> + Send + Sync + 'static,
    T::Conn: Send + Sync + 'static,
{
    RSocketFactory::receive()
        .acceptor(acceptor())
        .transport(listener)
        .serve()
        .await
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
struct BoundListener<T> {
    listener: TcpListener,
    url: String,
    transports: PhantomData<fn() -> T>,
}

impl<T> BoundListener<T> {
    async fn bind(at: &str, scheme: &str, path: &str) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(at)
            .await
            .with_context(|| format!("listening on {at}"))?;
        let url = format!("{scheme}{}{path}", listener.local_addr()?);
        Ok(Self {
            listener,
            url,
            transports: PhantomData,
        })
    }
}

#[async_trait]
impl<T> ServerTransport for BoundListener<T>
where
    T: Transport + From<TcpStream> + Send + Sync + 'static,
{
    type Item = T;

    async fn start(&mut self) -> Result<()> {
        print_line(&format!("ready {}", self.url));
        Ok(())
    }

    async fn next(&mut self) -> Option<Result<T>> {
        match self.listener.accept().await {
            Ok((stream, _)) => Some(Ok(T::from(stream))),
            Err(error) => Some(Err(error.into())),
        }
    }
}
