//! Frames that arrive.

use std::io::Cursor;

use bytes::{BufMut, BytesMut};
use tungstenite::protocol::frame::FrameHeader;
use tungstenite::protocol::frame::coding::{Control, Data, OpCode};

use super::Role;
use super::close::{TOO_BIG, UNSUPPORTED_DATA, Violation};
use super::mask::Mask;
use crate::layer::LayerErrorKind;
use crate::length_prefix::PREFIX_LEN;

/// Longest header of a frame, in bytes.
const MAX_HEADER_LEN: usize = 14;

/// Longest payload of a control frame, in bytes (RFC 6455, section 5.5).
const MAX_CONTROL_LEN: usize = 125;

/// Longest message that fits a length prefix.
const MAX_PREFIXED_LEN: usize = 0xFF_FFFF;

/// Takes frames apart and messages out, whatever they are cut into.
#[derive(Debug)]
pub(super) struct Receiver {
    role: Role,
    max_message_len: usize,
    /// A header that has not arrived as a whole.
    header: Vec<u8>,
    /// The frame whose payload is arriving.
    frame: Option<Frame>,
    /// The payload of a control frame, as far as it has arrived.
    control: Vec<u8>,
    /// The fragments of a message whose last one has not arrived.
    fragments: Option<BytesMut>,
}

#[derive(Debug)]
struct Frame {
    kind: FrameKind,
    /// Bytes of the payload that have not arrived.
    left: usize,
    mask: Option<Mask>,
}

#[derive(Clone, Copy, Debug)]
enum FrameKind {
    /// A whole message. It goes to where it is wanted as it arrives.
    Message,
    /// A part of a message, whose length is not known before its last part.
    Fragment {
        last: bool,
    },
    Control(Control),
}

/// A control frame.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Told {
    Ping(Vec<u8>),
    /// The payload of a Close frame.
    Close(Vec<u8>),
}

impl Receiver {
    pub(super) fn new(role: Role, max_message_len: usize) -> Self {
        Self {
            role,
            max_message_len: max_message_len.min(MAX_PREFIXED_LEN),
            header: Vec::new(),
            frame: None,
            control: Vec::new(),
            fragments: None,
        }
    }

    /// Takes bytes until they end or a control frame is to be acted on.
    pub(super) fn receive(
        &mut self,
        bytes: &mut &[u8],
        plain: &mut BytesMut,
    ) -> Result<Option<Told>, Violation> {
        loop {
            let Some(mut frame) = self.frame.take() else {
                let Some((header, len)) = self.take_header(bytes)? else {
                    return Ok(None);
                };
                self.frame = Some(self.begin(&header, len, plain)?);
                continue;
            };
            let arrived = frame.left.min(bytes.len());
            self.take_payload(&mut frame, &bytes[..arrived], plain);
            *bytes = &bytes[arrived..];
            frame.left -= arrived;
            if frame.left > 0 {
                self.frame = Some(frame);
                return Ok(None);
            }
            if let Some(told) = self.finish(frame.kind, plain) {
                return Ok(Some(told));
            }
        }
    }

    /// The next header, if it is there as a whole.
    fn take_header(&mut self, bytes: &mut &[u8]) -> Result<Option<(FrameHeader, u64)>, Violation> {
        let held = self.header.len();
        if held == 0 {
            let (header, len) = parse_header(bytes)?;
            *bytes = &bytes[len..];
            if header.is_none() {
                self.header.extend_from_slice(bytes);
                *bytes = &[];
            }
            return Ok(header);
        }
        let more = bytes.len().min(MAX_HEADER_LEN - held);
        self.header.extend_from_slice(&bytes[..more]);
        let (header, len) = parse_header(&self.header)?;
        let used = if header.is_some() { len - held } else { more };
        *bytes = &bytes[used..];
        if header.is_some() {
            self.header.clear();
        }
        Ok(header)
    }

    /// Judges a header, and begins with what it is the header of.
    fn begin(
        &mut self,
        header: &FrameHeader,
        len: u64,
        plain: &mut BytesMut,
    ) -> Result<Frame, Violation> {
        if header.rsv1 || header.rsv2 || header.rsv3 {
            return Err(Violation::protocol("a reserved bit is set"));
        }
        match (self.role, header.mask) {
            (Role::Server, None) => {
                return Err(Violation::protocol("the client's frame is not masked"));
            }
            (Role::Client, Some(_)) => {
                return Err(Violation::protocol("the server's frame is masked"));
            }
            _ => {}
        }
        let kind = match header.opcode {
            OpCode::Control(control) => check_control(control, header.is_final, len)?,
            OpCode::Data(data) => self.begin_data(data, header.is_final, len, plain)?,
        };
        Ok(Frame {
            kind,
            // The limits are far below.
            left: usize::try_from(len).unwrap_or(usize::MAX),
            mask: header.mask.map(Mask::new),
        })
    }

    fn begin_data(
        &mut self,
        data: Data,
        last: bool,
        len: u64,
        plain: &mut BytesMut,
    ) -> Result<FrameKind, Violation> {
        let kind = match (data, &self.fragments) {
            (Data::Text, _) => {
                return Err(Violation::new(
                    UNSUPPORTED_DATA,
                    LayerErrorKind::Protocol,
                    "a text message; RSocket's are binary",
                ));
            }
            (Data::Continue, None) => {
                return Err(Violation::protocol("a continuation of nothing"));
            }
            (Data::Binary, Some(_)) => {
                return Err(Violation::protocol("a message inside another one"));
            }
            (Data::Reserved(opcode), _) => return Err(reserved(opcode)),
            (Data::Binary, None) if last => FrameKind::Message,
            (Data::Binary | Data::Continue, _) => FrameKind::Fragment { last },
        };
        let joined = self.fragments.as_ref().map_or(0, BytesMut::len);
        let whole = len.saturating_add(joined as u64);
        if whole > self.max_message_len as u64 {
            return Err(Violation::new(
                TOO_BIG,
                LayerErrorKind::TooLong,
                format!(
                    "a message of at least {whole} bytes, the limit is {}",
                    self.max_message_len
                ),
            ));
        }
        match kind {
            FrameKind::Message => plain.put_uint(len, PREFIX_LEN),
            _ => {
                self.fragments.get_or_insert_default();
            }
        }
        Ok(kind)
    }

    fn take_payload(&mut self, frame: &mut Frame, arrived: &[u8], plain: &mut BytesMut) {
        if let FrameKind::Control(_) = frame.kind {
            let begin = self.control.len();
            self.control.extend_from_slice(arrived);
            unmask(&mut frame.mask, &mut self.control[begin..]);
            return;
        }
        let into = match (frame.kind, &mut self.fragments) {
            (FrameKind::Fragment { .. }, Some(fragments)) => fragments,
            _ => plain,
        };
        let begin = into.len();
        into.extend_from_slice(arrived);
        unmask(&mut frame.mask, &mut into[begin..]);
    }

    /// Ends a frame that has arrived as a whole.
    fn finish(&mut self, kind: FrameKind, plain: &mut BytesMut) -> Option<Told> {
        match kind {
            FrameKind::Fragment { last: true } => {
                if let Some(message) = self.fragments.take() {
                    plain.put_uint(message.len() as u64, PREFIX_LEN);
                    plain.extend_from_slice(&message);
                }
                None
            }
            FrameKind::Message | FrameKind::Fragment { last: false } => None,
            FrameKind::Control(control) => {
                let payload = std::mem::take(&mut self.control);
                match control {
                    Control::Ping => Some(Told::Ping(payload)),
                    Control::Close => Some(Told::Close(payload)),
                    // Answers to pings that this side does not send, or signs of life.
                    Control::Pong | Control::Reserved(_) => None,
                }
            }
        }
    }
}

/// A header at the beginning of some bytes, with its length; `None` with 0 where more bytes are needed.
fn parse_header(bytes: &[u8]) -> Result<(Option<(FrameHeader, u64)>, usize), Violation> {
    let mut cursor = Cursor::new(bytes);
    match FrameHeader::parse(&mut cursor) {
        Ok(Some(header)) => Ok((Some(header), cursor.position() as usize)),
        Ok(None) => Ok((None, 0)),
        // The one thing that is wrong with a header by itself.
        Err(_) => Err(reserved(bytes.first().copied().unwrap_or_default() & 0x0F)),
    }
}

fn reserved(opcode: u8) -> Violation {
    Violation::protocol(format!("the opcode {opcode} is reserved"))
}

fn check_control(control: Control, is_final: bool, len: u64) -> Result<FrameKind, Violation> {
    if let Control::Reserved(opcode) = control {
        return Err(reserved(opcode));
    }
    if !is_final {
        return Err(Violation::protocol("a control frame in fragments"));
    }
    if len > MAX_CONTROL_LEN as u64 {
        let message =
            format!("a control frame of {len} bytes, they have at most {MAX_CONTROL_LEN}");
        return Err(Violation::protocol(message));
    }
    Ok(FrameKind::Control(control))
}

fn unmask(mask: &mut Option<Mask>, payload: &mut [u8]) {
    if let Some(mask) = mask {
        mask.apply(payload);
    }
}
