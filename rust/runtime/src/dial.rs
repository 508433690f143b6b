//! Opening connections.

use std::io;
use std::time::Duration;

use rsocket_protocol::SetupConfig;
use rsocket_protocol::frame::MAX_FRAME_LEN;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::address::{AddressError, host_port};
use crate::transport::Dial;
use crate::{ConnectOptions, Connection, socket};

/// Bytes of a SETUP frame beside its payload, MIME types of full length included.
const SETUP_OVERHEAD: usize = 600;

/// Why there is no connection.
#[derive(thiserror::Error, Debug)]
#[non_exhaustive]
pub enum ConnectError {
    /// The address cannot be used.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// The name was not found, or the host did not take the connection.
    #[error("connecting to {address} failed")]
    Io {
        /// Where to.
        address: String,
        /// What the system said.
        source: io::Error,
    },
    /// It took longer than [`ConnectOptions::connect_timeout`].
    #[error("connecting to {address} took longer than {timeout:?}")]
    Timeout {
        /// Where to.
        address: String,
        /// How long was waited.
        timeout: Duration,
    },
    /// The setup payload does not fit a frame.
    #[error("the setup payload does not fit a frame")]
    SetupTooLarge,
    /// The resume token has no bytes, or more than 65 535.
    #[error("a resume token of {len} bytes")]
    ResumeToken {
        /// Its length in bytes.
        len: usize,
    },
    /// The system has no random bytes for a resume token.
    #[error("no random bytes for a resume token")]
    Random(#[source] io::Error),
    /// A connection over a given transport cannot be resumed without a [`dial`](crate::ResumeOptions::dial).
    #[error("nothing to dial again with")]
    NoDial,
}

/// Connects to a server at `tcp://host:port`.
///
/// Ready when the transport is open. The protocol does not confirm a SETUP: a server that rejects it closes the
/// connection, and requests then fail with [`Error::RejectedSetup`](crate::Error::RejectedSetup).
///
/// # Errors
/// See [`ConnectError`].
///
/// # Cancellation
/// Dropping the future gives the attempt up.
///
/// # Panics
/// Outside a tokio runtime, and in one without its I/O and time drivers.
pub async fn connect(
    address: &str,
    mut options: ConnectOptions,
) -> Result<Connection, ConnectError> {
    let host_port = host_port(address)?.to_owned();
    let given = options
        .resume
        .as_ref()
        .and_then(|resume| resume.dial.clone());
    let dial = given.unwrap_or_else(|| Dial::new(move || open(host_port.clone())));
    let limit = options.connect_timeout;
    let transport = match timeout(limit, dial.begin()).await {
        Ok(Ok(transport)) => transport,
        Ok(Err(source)) => {
            let address = address.to_owned();
            return Err(ConnectError::Io { address, source });
        }
        Err(_) => {
            return Err(ConnectError::Timeout {
                address: address.to_owned(),
                timeout: limit,
            });
        }
    };
    if let Some(resume) = &mut options.resume {
        resume.dial = Some(dial);
    }
    Connection::start(transport, options)
}

async fn open(host_port: String) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(host_port).await?;
    socket::prepare(&stream)?;
    Ok(stream)
}

/// Whether the SETUP fits a frame.
pub(crate) fn check_setup(setup: &SetupConfig) -> Result<(), ConnectError> {
    let metadata = setup.metadata.as_ref().map_or(0, Vec::len);
    if metadata + setup.data.len() > MAX_FRAME_LEN - SETUP_OVERHEAD {
        return Err(ConnectError::SetupTooLarge);
    }
    Ok(())
}
