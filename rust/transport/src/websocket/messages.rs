//! What follows the handshake: messages in both directions until both sides have closed.

use bytes::BytesMut;

use super::Role;
use super::close::{GOING_AWAY, INVALID_DATA, NORMAL, Violation, is_valid};
use super::receiver::{Receiver, Told};
use super::sender::Sender;
use crate::layer::{LayerError, LayerErrorKind};

/// Longest reason that fits a Close frame, in bytes.
const MAX_REASON_LEN: usize = 123;

/// A WebSocket connection whose handshake is over.
#[derive(Debug)]
pub(super) struct Messages {
    receiver: Receiver,
    sender: Sender,
    closed_by_peer: bool,
}

impl Messages {
    pub(super) fn new(role: Role, max_message_len: usize) -> Self {
        match role {
            Role::Client => Self::with_keys(role, max_message_len, Some(rand::random)),
            Role::Server => Self::with_keys(role, max_message_len, None),
        }
    }

    pub(super) fn with_keys(
        role: Role,
        max_message_len: usize,
        keys: Option<fn() -> [u8; 4]>,
    ) -> Self {
        Self {
            receiver: Receiver::new(role, max_message_len),
            sender: Sender::new(keys),
            closed_by_peer: false,
        }
    }

    pub(super) fn can_send(&self) -> bool {
        !self.sender.is_closed()
    }

    pub(super) fn is_closed_by_peer(&self) -> bool {
        self.closed_by_peer
    }

    pub(super) fn receive(
        &mut self,
        mut bytes: &[u8],
        plain: &mut BytesMut,
        wire: &mut BytesMut,
    ) -> Result<(), LayerError> {
        // What follows a Close frame means nothing.
        while !self.closed_by_peer {
            let judged = match self.receiver.receive(&mut bytes, plain) {
                Ok(None) => return Ok(()),
                Ok(Some(Told::Ping(payload))) => {
                    self.sender.pong(payload, wire);
                    Ok(())
                }
                Ok(Some(Told::Close(payload))) => self.closed(&payload, wire),
                Err(violation) => Err(violation),
            };
            judged.map_err(|violation| self.fail(violation, wire))?;
        }
        Ok(())
    }

    /// The peer has closed: this side does too, with the code that it is told.
    fn closed(&mut self, payload: &[u8], wire: &mut BytesMut) -> Result<(), Violation> {
        let close = read_close(payload)?;
        self.closed_by_peer = true;
        let Some((code, reason)) = close else {
            self.sender.close(Vec::new(), wire);
            return Ok(());
        };
        if matches!(code, NORMAL | GOING_AWAY) {
            self.sender.close(code.to_be_bytes().to_vec(), wire);
            return Ok(());
        }
        let message = format!("the peer closed the WebSocket with {code} {reason:?}");
        Err(Violation::new(
            code,
            LayerErrorKind::ClosedWithError,
            message,
        ))
    }

    /// Tells the peer why this ends.
    fn fail(&mut self, violation: Violation, wire: &mut BytesMut) -> LayerError {
        let reason = if self.closed_by_peer {
            ""
        } else {
            &violation.error.message
        };
        self.sender
            .close(close_payload(violation.code, reason), wire);
        violation.error
    }

    pub(super) fn send(&mut self, plain: &[u8], wire: &mut BytesMut) -> Result<(), LayerError> {
        if self.sender.send(plain, wire) {
            return Ok(());
        }
        Err(LayerError {
            kind: LayerErrorKind::NotOpen,
            message: "the WebSocket is closed".to_owned(),
        })
    }

    pub(super) fn end(&self) -> Result<(), LayerError> {
        if self.closed_by_peer {
            return Ok(());
        }
        Err(LayerError {
            kind: LayerErrorKind::CutOff,
            message: "the transport ended before the WebSocket was closed".to_owned(),
        })
    }

    pub(super) fn close(&mut self, wire: &mut BytesMut) {
        self.sender.close(close_payload(NORMAL, ""), wire);
    }
}

/// The code and the reason of a Close frame, if it has them.
fn read_close(payload: &[u8]) -> Result<Option<(u16, &str)>, Violation> {
    if payload.is_empty() {
        return Ok(None);
    }
    let Some(([high, low], reason)) = payload.split_first_chunk() else {
        return Err(Violation::protocol("half a close code"));
    };
    let code = u16::from_be_bytes([*high, *low]);
    if !is_valid(code) {
        return Err(Violation::protocol(format!("the close code {code}")));
    }
    match std::str::from_utf8(reason) {
        Ok(reason) => Ok(Some((code, reason))),
        Err(_) => Err(Violation::new(
            INVALID_DATA,
            LayerErrorKind::Protocol,
            "a close reason that is not UTF-8",
        )),
    }
}

pub(super) fn close_payload(code: u16, reason: &str) -> Vec<u8> {
    let end = reason.floor_char_boundary(MAX_REASON_LEN);
    [&code.to_be_bytes(), &reason.as_bytes()[..end]].concat()
}
