//! WebSocket (RFC 6455) as a [`Layer`](crate::layer::Layer): one unfragmented binary message for each RSocket frame.
//!
//! [`WebSocket`] does the opening handshake and goes on with messages. What there is of tungstenite that does no I/O is
//! used: HTTP heads, the handshake's keys, frame headers. Its `WebSocketContext` is not: it copies a message several
//! times, makes room for as much as a peer announces and keeps it, and tells of a text message only when it has all of
//! it. Here payloads go straight from one buffer to the other, as far as they have come.
//!
//! - `client`, `server`: the opening handshake of each side
//! - `head`: an HTTP head, as it arrives
//! - `origin`: which web pages may connect
//! - `refusal`: what a request that is not let in is told
//! - `messages`: after the handshake
//! - `receiver`, `sender`: the frames of either direction
//! - `close`: close codes
//! - `mask`: masking

mod client;
mod close;
mod head;
mod mask;
mod messages;
mod origin;
mod receiver;
mod refusal;
mod sender;
mod server;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use bytes::BytesMut;

use crate::layer::{Layer, LayerError, LayerErrorKind};
use messages::Messages;

pub use client::{ClientOptions, InvalidOption};
pub use origin::Origins;
pub use server::ServerOptions;

/// The name that RSocket has among WebSocket's subprotocols.
pub const SUBPROTOCOL: &str = "rsocket";

/// Default of the longest handshake that is read, in bytes.
const MAX_HEAD_LEN: usize = 16 << 10;

/// Which side of the connection this is: they differ in masking (RFC 6455, section 5.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Client,
    Server,
}

/// One side of a WebSocket connection. A client has the first word; a server answers a client that it does not let in
/// with an HTTP status.
#[derive(Debug)]
pub struct WebSocket {
    state: State,
}

#[derive(Debug)]
enum State {
    Asking(client::Handshake),
    Listening(server::Handshake),
    Open(Messages),
    Failed,
}

/// A connection whose handshake is over, and what was received after the handshake.
type Opened = (Messages, Vec<u8>);

impl WebSocket {
    /// The side that asks for this.
    ///
    /// # Errors
    /// [`InvalidOption`].
    pub fn client(options: &ClientOptions) -> Result<Self, InvalidOption> {
        let handshake = client::Handshake::new(options)?;
        Ok(Self {
            state: State::Asking(handshake),
        })
    }

    /// The side that lets clients in.
    #[must_use]
    pub fn server(options: Arc<ServerOptions>) -> Self {
        Self {
            state: State::Listening(server::Handshake::new(options)),
        }
    }

    fn try_receive(
        &mut self,
        bytes: &[u8],
        plain: &mut BytesMut,
        wire: &mut BytesMut,
    ) -> Result<(), LayerError> {
        let opened = match &mut self.state {
            State::Asking(handshake) => handshake.receive(bytes)?,
            State::Listening(handshake) => handshake.receive(bytes, wire)?,
            State::Open(messages) => return messages.receive(bytes, plain, wire),
            State::Failed => return Err(not_open()),
        };
        let Some((mut messages, rest)) = opened else {
            return Ok(());
        };
        let received = messages.receive(&rest, plain, wire);
        self.state = State::Open(messages);
        received
    }
}

impl Layer for WebSocket {
    fn start(&mut self, wire: &mut BytesMut) -> Result<(), LayerError> {
        if let State::Asking(handshake) = &mut self.state {
            handshake.ask(wire);
        }
        Ok(())
    }

    fn receive(
        &mut self,
        bytes: &[u8],
        plain: &mut BytesMut,
        wire: &mut BytesMut,
    ) -> Result<(), LayerError> {
        let received = self.try_receive(bytes, plain, wire);
        if received.is_err() {
            self.state = State::Failed;
        }
        received
    }

    fn send(&mut self, plain: &[u8], wire: &mut BytesMut) -> Result<(), LayerError> {
        match &mut self.state {
            State::Open(messages) => messages.send(plain, wire),
            _ => Err(not_open()),
        }
    }

    fn end(&mut self) -> Result<(), LayerError> {
        let message = match &self.state {
            State::Open(messages) => return messages.end(),
            State::Failed => return Ok(()),
            State::Asking(_) => "the server went away without a whole answer",
            State::Listening(_) => "the client went away without a whole request",
        };
        Err(LayerError {
            kind: LayerErrorKind::CutOff,
            message: message.to_owned(),
        })
    }

    fn close(&mut self, wire: &mut BytesMut) {
        if let State::Open(messages) = &mut self.state {
            messages.close(wire);
        }
    }

    fn is_open(&self) -> bool {
        matches!(&self.state, State::Open(messages) if messages.can_send())
    }

    fn is_closed_by_peer(&self) -> bool {
        matches!(&self.state, State::Open(messages) if messages.is_closed_by_peer())
    }
}

fn not_open() -> LayerError {
    LayerError {
        kind: LayerErrorKind::NotOpen,
        message: "the WebSocket is not open".to_owned(),
    }
}
