//! Both sides of a WebSocket, against bytes by hand, each other, and tungstenite's own.

mod frames;
mod handshake_client;
mod handshake_server;
mod pairs;
mod peers;
mod rfc6455;
mod splits;

use std::sync::Arc;

use bytes::BytesMut;

use super::{ClientOptions, Messages, Role, ServerOptions, State, WebSocket, client};
use crate::layer::{Layer, LayerError, LayerErrorKind};

/// The key and the mask of RFC 6455's examples.
pub(super) const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
pub(super) const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
pub(super) const MASK: [u8; 4] = [0x37, 0xFA, 0x21, 0x3D];

/// What a call brought.
#[derive(Debug, Default)]
pub(super) struct Brought {
    pub(super) plain: BytesMut,
    pub(super) wire: BytesMut,
}

/// A layer with what it has brought so far.
#[derive(Debug)]
pub(super) struct End {
    pub(super) layer: WebSocket,
    pub(super) brought: Brought,
}

impl End {
    pub(super) fn new(layer: WebSocket) -> Self {
        Self {
            layer,
            brought: Brought::default(),
        }
    }

    /// A client that has not begun, whose key is the example's.
    pub(super) fn client(options: &ClientOptions) -> Self {
        let handshake = client::Handshake::with_key(options, KEY.to_owned());
        Self::new(WebSocket {
            state: State::Asking(handshake.expect("the options are valid")),
        })
    }

    pub(super) fn server(options: ServerOptions) -> Self {
        Self::new(WebSocket::server(Arc::new(options)))
    }

    /// An end whose handshake is over; a client masks with the example's mask.
    pub(super) fn open(role: Role) -> Self {
        Self::open_with_limit(role, usize::MAX)
    }

    pub(super) fn open_with_limit(role: Role, max_message_len: usize) -> Self {
        let keys: Option<fn() -> [u8; 4]> = match role {
            Role::Client => Some(|| MASK),
            Role::Server => None,
        };
        Self::new(WebSocket {
            state: State::Open(Messages::with_keys(role, max_message_len, keys)),
        })
    }

    pub(super) fn start(&mut self) {
        self.layer
            .start(&mut self.brought.wire)
            .expect("it can always begin");
    }

    pub(super) fn receive(&mut self, bytes: &[u8]) -> Result<(), LayerError> {
        let Brought { plain, wire } = &mut self.brought;
        self.layer.receive(bytes, plain, wire)
    }

    pub(super) fn receive_byte_by_byte(&mut self, bytes: &[u8]) -> Result<(), LayerError> {
        bytes.chunks(1).try_for_each(|byte| self.receive(byte))
    }

    /// Why it does not go on.
    pub(super) fn fails(&mut self, bytes: &[u8]) -> LayerErrorKind {
        let failed = self.receive(bytes).expect_err("this is not to be accepted");
        failed.kind
    }

    pub(super) fn send(&mut self, plain: &[u8]) -> Result<(), LayerError> {
        self.layer.send(plain, &mut self.brought.wire)
    }

    pub(super) fn close(&mut self) {
        self.layer.close(&mut self.brought.wire);
    }

    pub(super) fn take_wire(&mut self) -> Vec<u8> {
        self.brought.wire.split().to_vec()
    }

    pub(super) fn take_plain(&mut self) -> Vec<u8> {
        self.brought.plain.split().to_vec()
    }
}

/// Sends what each has for the other until neither has anything.
pub(super) fn exchange(one: &mut End, other: &mut End) {
    loop {
        let (there, back) = (one.take_wire(), other.take_wire());
        if there.is_empty() && back.is_empty() {
            return;
        }
        other.receive(&there).expect("the sides agree");
        one.receive(&back).expect("the sides agree");
    }
}

/// A client and a server whose handshake is over.
pub(super) fn connected() -> (End, End) {
    let mut client = End::client(&ClientOptions::new("localhost"));
    let mut server = End::server(ServerOptions::default());
    client.start();
    exchange(&mut client, &mut server);
    assert!(client.layer.is_open() && server.layer.is_open());
    (client, server)
}

/// A length-prefixed frame.
pub(super) fn prefixed(frame: &[u8]) -> Vec<u8> {
    let len = (frame.len() as u32).to_be_bytes();
    [&len[1..], frame].concat()
}

/// A WebSocket frame by hand: first byte as it is, length, mask.
pub(super) fn frame(first: u8, mask: Option<[u8; 4]>, payload: &[u8]) -> Vec<u8> {
    let mask_bit = if mask.is_some() { 0x80 } else { 0 };
    let mut bytes = vec![first];
    match payload.len() {
        len @ 0..126 => bytes.push(mask_bit | len as u8),
        len @ 126..65536 => {
            bytes.push(mask_bit | 126);
            bytes.extend_from_slice(&(len as u16).to_be_bytes());
        }
        len => {
            bytes.push(mask_bit | 127);
            bytes.extend_from_slice(&(len as u64).to_be_bytes());
        }
    }
    bytes.extend_from_slice(&mask.unwrap_or_default()[..if mask.is_some() { 4 } else { 0 }]);
    let key = mask.unwrap_or_default();
    bytes.extend(
        payload
            .iter()
            .enumerate()
            .map(|(i, byte)| byte ^ key[i % 4]),
    );
    bytes
}

/// The frame as the peer of this role sends it.
pub(super) fn frame_for(role: Role, first: u8, payload: &[u8]) -> Vec<u8> {
    let mask = (role == Role::Server).then_some([0xA1, 0xB2, 0xC3, 0xD4]);
    frame(first, mask, payload)
}

/// The frames on a wire, each with its first byte and its payload unmasked. All are short.
pub(super) fn short_frames(mut wire: &[u8]) -> Vec<(u8, Vec<u8>)> {
    let mut frames = Vec::new();
    while let [first, len, rest @ ..] = wire {
        let masked = len & 0x80 != 0;
        let (key, rest) = rest.split_at(if masked { 4 } else { 0 });
        let (payload, rest) = rest.split_at(usize::from(len & 0x7F));
        let unmasked = payload
            .iter()
            .enumerate()
            .map(|(i, byte)| if masked { byte ^ key[i % 4] } else { *byte });
        frames.push((*first, unmasked.collect()));
        wire = rest;
    }
    frames
}

/// First bytes of whole frames.
pub(super) const TEXT: u8 = 0x81;
pub(super) const BINARY: u8 = 0x82;
pub(super) const CLOSE: u8 = 0x88;
pub(super) const PING: u8 = 0x89;
pub(super) const PONG: u8 = 0x8A;
/// Fragments: the first, one in between, the last.
pub(super) const FIRST: u8 = 0x02;
pub(super) const MORE: u8 = 0x00;
pub(super) const LAST: u8 = 0x80;

pub(super) const ROLES: [Role; 2] = [Role::Client, Role::Server];
