//! Frames that leave.

use bytes::{BufMut, BytesMut};
use tungstenite::protocol::frame::FrameHeader;
use tungstenite::protocol::frame::coding::{Control, Data, OpCode};

use super::mask::Mask;
use crate::length_prefix::PREFIX_LEN;

/// Makes a message of each length-prefixed frame, as it comes.
#[derive(Debug)]
pub(super) struct Sender {
    /// Where a client's masking keys come from, which nobody may be able to foresee. Servers do not mask.
    keys: Option<fn() -> [u8; 4]>,
    /// A length prefix that has not come as a whole.
    prefix: [u8; PREFIX_LEN],
    prefix_len: usize,
    /// Bytes that the message under way lacks.
    left: usize,
    mask: Option<Mask>,
    /// A control frame that came up in the middle of a message, where it cannot go.
    waiting: Option<Waiting>,
    /// Nothing follows but the rest of the message under way.
    closed: bool,
}

#[derive(Debug)]
struct Waiting {
    opcode: Control,
    payload: Vec<u8>,
}

impl Sender {
    pub(super) fn new(keys: Option<fn() -> [u8; 4]>) -> Self {
        Self {
            keys,
            prefix: [0; PREFIX_LEN],
            prefix_len: 0,
            left: 0,
            mask: None,
            waiting: None,
            closed: false,
        }
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed
    }

    /// Takes bytes from above, cut anywhere; `false` when some came after the end.
    pub(super) fn send(&mut self, mut plain: &[u8], wire: &mut BytesMut) -> bool {
        while !plain.is_empty() {
            if self.left > 0 {
                plain = self.send_payload(plain, wire);
                continue;
            }
            if self.closed {
                return false;
            }
            plain = self.take_prefix(plain, wire);
        }
        true
    }

    /// Takes what there is of the prefix. With all of it the message begins.
    fn take_prefix<'a>(&mut self, plain: &'a [u8], wire: &mut BytesMut) -> &'a [u8] {
        let (taken, rest) = plain.split_at(plain.len().min(PREFIX_LEN - self.prefix_len));
        self.prefix[self.prefix_len..][..taken.len()].copy_from_slice(taken);
        self.prefix_len += taken.len();
        if self.prefix_len == PREFIX_LEN {
            let [high, middle, low] = self.prefix;
            self.prefix_len = 0;
            self.left = u32::from_be_bytes([0, high, middle, low]) as usize;
            self.mask = self.put_header(OpCode::Data(Data::Binary), self.left, wire);
        }
        rest
    }

    fn send_payload<'a>(&mut self, plain: &'a [u8], wire: &mut BytesMut) -> &'a [u8] {
        let (payload, rest) = plain.split_at(plain.len().min(self.left));
        let begin = wire.len();
        wire.extend_from_slice(payload);
        if let Some(mask) = &mut self.mask {
            mask.apply(&mut wire[begin..]);
        }
        self.left -= payload.len();
        if self.left == 0
            && let Some(Waiting { opcode, payload }) = self.waiting.take()
        {
            self.put_control(opcode, &payload, wire);
        }
        rest
    }

    /// Answers a ping. One that waits gives way: only the last one has to be answered (RFC 6455, section 5.5.3).
    pub(super) fn pong(&mut self, payload: Vec<u8>, wire: &mut BytesMut) {
        if !self.closed {
            self.control(Control::Pong, payload, wire);
        }
    }

    /// Ends what this side sends.
    pub(super) fn close(&mut self, payload: Vec<u8>, wire: &mut BytesMut) {
        if !self.closed {
            self.closed = true;
            self.control(Control::Close, payload, wire);
        }
    }

    fn control(&mut self, opcode: Control, payload: Vec<u8>, wire: &mut BytesMut) {
        if self.left > 0 {
            self.waiting = Some(Waiting { opcode, payload });
            return;
        }
        self.put_control(opcode, &payload, wire);
    }

    fn put_control(&self, opcode: Control, payload: &[u8], wire: &mut BytesMut) {
        let mask = self.put_header(OpCode::Control(opcode), payload.len(), wire);
        let begin = wire.len();
        wire.extend_from_slice(payload);
        if let Some(mut mask) = mask {
            mask.apply(&mut wire[begin..]);
        }
    }

    /// Begins an unfragmented frame. Returns what its payload is to be masked with.
    fn put_header(&self, opcode: OpCode, len: usize, wire: &mut BytesMut) -> Option<Mask> {
        let key = self.keys.map(|next| next());
        let header = FrameHeader {
            opcode,
            mask: key,
            ..FrameHeader::default()
        };
        // A buffer takes everything.
        let _ = header.format(len as u64, &mut wire.writer());
        key.map(Mask::new)
    }
}
