//! The client: a connection, and requests on it as the scenarios need them.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context;
use rsocket_rust::Client;
use rsocket_rust::error::{self, RSocketError};
use rsocket_rust::prelude::{RSocket, RSocketFactory};
use rsocket_rust::transport::Transport;
use rsocket_rust_transport_tcp::TcpClientTransport;
use rsocket_rust_transport_websocket::WebsocketClientTransport;

use crate::bytes::Message;
use crate::options::{self, Address};
use crate::scenarios;

/// How long a request may take before it counts as hung.
pub const BOUND: Duration = Duration::from_secs(10);

/// Why a request failed: the text, and the wire code where the other side sent one.
pub struct Failure {
    pub text: String,
    pub code: u32,
}

impl Failure {
    pub fn local(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            code: 0,
        }
    }

    pub fn hung() -> Self {
        Self::local("hung")
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        match error.downcast_ref::<RSocketError>().and_then(sent_by_peer) {
            Some((code, text)) => Self {
                text: text.to_owned(),
                code,
            },
            None => Self::local(&error.to_string()),
        }
    }
}

pub async fn run(options: options::Client) -> anyhow::Result<()> {
    let client = connect(&options)
        .await
        .with_context(|| format!("connecting to {}", options.connect))?;
    let name = options.scenario.name();
    scenarios::run(client, options)
        .await
        .with_context(|| format!("scenario {name}"))
}

async fn connect(options: &options::Client) -> anyhow::Result<Client> {
    match Address::parse(&options.connect)? {
        Address::Tcp(at) => {
            let address: SocketAddr = at.parse().context("reading the address")?;
            connect_through(options, TcpClientTransport::from(address)).await
        }
        Address::WebSocket(..) => {
            let transport = WebsocketClientTransport::from(&*options.connect);
            connect_through(options, transport).await
        }
    }
}

async fn connect_through<T>(options: &options::Client, transport: T) -> anyhow::Result<Client>
where
    T: Transport + Send + Sync + 'static,
    T::Conn: Send + Sync + 'static,
{
    RSocketFactory::connect()
        .keepalive(options.keepalive_interval, options.keepalive_lifetime, 1)
        .setup(options.setup().into())
        .transport(transport)
        .start()
        .await
}

/// Sends a request-response and waits for its answer, at most [`BOUND`].
pub async fn request(client: &Client, message: Message) -> Result<Message, Failure> {
    match tokio::time::timeout(BOUND, client.request_response(message.into())).await {
        Err(_elapsed) => Err(Failure::hung()),
        Ok(Err(error)) => Err(error.into()),
        Ok(Ok(None)) => Err(Failure::local("completed without a payload")),
        Ok(Ok(Some(payload))) => Ok(payload.into()),
    }
}

/// The code and text of an ERROR frame; nothing for an error of the library's own.
fn sent_by_peer(error: &RSocketError) -> Option<(u32, &str)> {
    Some(match error {
        RSocketError::InvalidSetup(text) => (error::ERR_INVALID_SETUP, text),
        RSocketError::UnsupportedSetup(text) => (error::ERR_UNSUPPORTED_SETUP, text),
        RSocketError::RejectedSetup(text) => (error::ERR_REJECT_SETUP, text),
        RSocketError::RejectedResume(text) => (error::ERR_REJECT_RESUME, text),
        RSocketError::ConnectionException(text) => (error::ERR_CONN_FAILED, text),
        RSocketError::ConnectionClosed(text) => (error::ERR_CONN_CLOSED, text),
        RSocketError::ApplicationException(text) => (error::ERR_APPLICATION, text),
        RSocketError::RequestRejected(text) => (error::ERR_REJECTED, text),
        RSocketError::RequestCancelled(text) => (error::ERR_CANCELED, text),
        RSocketError::RequestInvalid(text) => (error::ERR_INVALID, text),
        RSocketError::Reserved(code, text) => (*code, text),
        _ => return None,
    })
}
