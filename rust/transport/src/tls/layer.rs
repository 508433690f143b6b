//! A TLS connection without its transport.

use std::io::{BufRead, Read, Write};
use std::sync::Arc;

use bytes::{BufMut, BytesMut};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, Connection, ServerConfig, ServerConnection};

use super::Agreement;
use super::error::{during_handshake, layer_error};
use crate::layer::{Layer, LayerError, LayerErrorKind};

/// One end of a TLS connection.
#[derive(Debug)]
pub struct Tls {
    connection: Connection,
    agreement: Agreement,
    /// Why the connection is of no use any more.
    failure: Option<LayerError>,
    closed: bool,
    closed_by_peer: bool,
}

impl Tls {
    /// A client of the server with this name, which its certificate has to be for. Names are sent to the server (SNI), so
    /// that it can choose a certificate; addresses are not.
    ///
    /// # Errors
    /// [`LayerErrorKind::Refused`] when the config cannot make a connection.
    pub fn client(
        config: Arc<ClientConfig>,
        server: ServerName<'static>,
    ) -> Result<Self, LayerError> {
        let connection = ClientConnection::new(config, server).map_err(during_handshake)?;
        Ok(Self::over(connection.into()))
    }

    /// A server.
    ///
    /// # Errors
    /// [`LayerErrorKind::Refused`] when the config cannot make a connection.
    pub fn server(config: Arc<ServerConfig>) -> Result<Self, LayerError> {
        let connection = ServerConnection::new(config).map_err(during_handshake)?;
        Ok(Self::over(connection.into()))
    }

    fn over(connection: Connection) -> Self {
        Self {
            connection,
            agreement: Agreement::default(),
            failure: None,
            closed: false,
            closed_by_peer: false,
        }
    }

    /// Where to look up what was agreed upon, such as who the peer is.
    #[must_use]
    pub fn agreement(&self) -> Agreement {
        self.agreement.clone()
    }

    /// Whether the first message of the peer has been understood.
    fn has_begun(&self) -> bool {
        self.connection.protocol_version().is_some() || !self.connection.is_handshaking()
    }

    fn check(&self) -> Result<(), LayerError> {
        self.failure.clone().map_or(Ok(()), Err)
    }

    fn fail(&mut self, failure: LayerError) -> LayerError {
        self.failure = Some(failure.clone());
        failure
    }

    /// Takes what fits rustls's buffer, and hands on what that makes.
    fn receive_some(
        &mut self,
        bytes: &mut &[u8],
        plain: &mut BytesMut,
        wire: &mut BytesMut,
    ) -> Result<(), LayerError> {
        self.connection
            .read_tls(bytes as &mut dyn Read)
            .map_err(|error| protocol(error.to_string()))?;
        let begun = self.has_begun();
        let processed = self.connection.process_new_packets();
        // What came before an error has been decrypted, and there may be an alert about it.
        self.take_plain(plain);
        self.flush(wire);
        self.agreement.note(&self.connection);
        match processed {
            Ok(state) => {
                self.closed_by_peer = state.peer_has_closed();
                Ok(())
            }
            Err(error) => Err(layer_error(&error, begun)),
        }
    }

    fn take_plain(&mut self, plain: &mut BytesMut) {
        let mut reader = self.connection.reader();
        // An error says that there is nothing now, or that nothing will come.
        while let Ok(chunk @ [_, ..]) = reader.fill_buf() {
            plain.extend_from_slice(chunk);
            let len = chunk.len();
            reader.consume(len);
        }
    }

    fn flush(&mut self, wire: &mut BytesMut) {
        while self.connection.wants_write() {
            // Memory takes everything.
            if !matches!(self.connection.write_tls(&mut wire.writer()), Ok(1..)) {
                return;
            }
        }
    }
}

impl Layer for Tls {
    fn start(&mut self, wire: &mut BytesMut) -> Result<(), LayerError> {
        self.flush(wire);
        Ok(())
    }

    fn receive(
        &mut self,
        mut bytes: &[u8],
        plain: &mut BytesMut,
        wire: &mut BytesMut,
    ) -> Result<(), LayerError> {
        self.check()?;
        // Nothing that follows a close_notify counts.
        while !bytes.is_empty() && !self.closed_by_peer {
            if let Err(error) = self.receive_some(&mut bytes, plain, wire) {
                return Err(self.fail(error));
            }
        }
        Ok(())
    }

    fn send(&mut self, mut plain: &[u8], wire: &mut BytesMut) -> Result<(), LayerError> {
        self.check()?;
        if self.closed || !self.is_open() {
            return Err(not_open());
        }
        while !plain.is_empty() {
            // Takes as much as the buffer for records has room for. Nothing when the keys have been used up, which no
            // connection lives to see.
            let taken = self.connection.writer().write(plain);
            let taken = taken.map_err(|error| protocol(error.to_string()))?;
            self.flush(wire);
            if taken == 0 {
                return Err(self.fail(not_open()));
            }
            plain = &plain[taken..];
        }
        Ok(())
    }

    fn end(&mut self) -> Result<(), LayerError> {
        self.check()?;
        if self.closed_by_peer {
            return Ok(());
        }
        let message = if self.connection.is_handshaking() {
            "the transport ended during the TLS handshake"
        } else {
            "the transport ended without close_notify of TLS"
        };
        Err(self.fail(LayerError {
            kind: LayerErrorKind::CutOff,
            message: message.to_owned(),
        }))
    }

    fn close(&mut self, wire: &mut BytesMut) {
        if self.closed || self.failure.is_some() {
            return;
        }
        self.closed = true;
        self.connection.send_close_notify();
        self.flush(wire);
    }

    fn is_open(&self) -> bool {
        !self.connection.is_handshaking()
    }

    fn is_closed_by_peer(&self) -> bool {
        self.closed_by_peer
    }
}

fn protocol(message: String) -> LayerError {
    let kind = LayerErrorKind::Protocol;
    LayerError { kind, message }
}

fn not_open() -> LayerError {
    LayerError {
        kind: LayerErrorKind::NotOpen,
        message: "the TLS connection is not open".to_owned(),
    }
}
