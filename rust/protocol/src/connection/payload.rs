//! A payload becomes one frame, or several.

use bytes::BytesMut;

use super::Connection;
use super::sending::{FirstFrame, Fragmented, Outgoing, Sent};
use crate::error::SendError;
use crate::frame::{ErrorCode, ErrorFrame, Flags, Frame, FrameType, PayloadFrame, PayloadRef};
use crate::sink::{Body, FrameSink};

/// A payload to be sent on a stream.
pub(super) struct OutgoingPayload<'a> {
    pub(super) stream: u32,
    pub(super) first: FirstFrame,
    /// What the payload's last frame says besides NEXT and METADATA.
    pub(super) last_flags: Flags,
    pub(super) body: Body<'a>,
    /// It is the last payload of this side.
    pub(super) ends: bool,
}

/// How far a frame has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sends {
    /// It has been written.
    Whole,
    /// It, or a part of it, waits for room.
    Later,
}

impl OutgoingPayload<'_> {
    fn len(&self) -> usize {
        self.first.len() + self.body.wire_len()
    }

    fn flags(&self) -> Flags {
        let next = Flags::NEXT.when(self.first.frame_type == FrameType::Payload);
        next | Flags::METADATA.when(self.body.has_metadata()) | self.last_flags
    }
}

impl Connection {
    /// Sends a payload: in one frame at once, or in fragments as there is room, behind what its stream has waiting.
    #[inline]
    pub(super) fn send_payload<S: FrameSink>(
        &mut self,
        payload: &OutgoingPayload<'_>,
        sink: &mut S,
    ) -> Result<Sends, SendError> {
        if payload.len() > self.fragment_len || self.sending.contains(payload.stream) {
            return self.send_in_turn(payload, sink);
        }
        if !self.flush_first(sink) {
            return Err(SendError::Full);
        }
        let external = payload.body.external_len();
        if !sink.begin(payload.len() - external, external) {
            return Err(SendError::Full);
        }
        payload
            .first
            .encode(payload.stream, payload.flags(), sink.buffer());
        payload.body.write(sink);
        sink.end();
        Ok(Sends::Whole)
    }

    fn send_in_turn<S: FrameSink>(
        &mut self,
        payload: &OutgoingPayload<'_>,
        sink: &mut S,
    ) -> Result<Sends, SendError> {
        let len = payload.body.len();
        if payload.len() > self.fragment_len && len > self.limits.max_payload_len {
            return Err(SendError::PayloadTooLarge);
        }
        if !self.sending.has_room(len, self.limits.max_queued_bytes) {
            return Err(SendError::Full);
        }
        match payload.body {
            Body::External(body) => {
                let fragmented = Fragmented {
                    stream: payload.stream,
                    first: payload.first,
                    last_flags: payload.last_flags,
                    body,
                    sent: Sent::default(),
                    ends: payload.ends,
                };
                self.sending
                    .push(payload.stream, Outgoing::Fragmented(fragmented));
                Ok(Sends::Later)
            }
            Body::Inline(inline) => self.send_copied_in_turn(payload, inline, sink),
        }
    }

    /// A payload that was to be copied is cut into frames here; there are few, as such payloads are short.
    fn send_copied_in_turn<S: FrameSink>(
        &mut self,
        payload: &OutgoingPayload<'_>,
        inline: PayloadRef<'_>,
        sink: &mut S,
    ) -> Result<Sends, SendError> {
        let mut fragments = Fragments::new(payload, inline, self.fragment_len);
        if !self.sending.contains(payload.stream) {
            if !self.flush_first(sink) || !write_frame(&fragments.first(), sink) {
                return Err(SendError::Full);
            }
            fragments.advance();
        }
        let mut sends = Sends::Whole;
        while let Some(bytes) = fragments.next_frame() {
            fragments.advance();
            if sends == Sends::Whole
                && !self.sending.contains(payload.stream)
                && write_frame(&bytes, sink)
            {
                continue;
            }
            let ends = payload.ends && fragments.is_done();
            let frame = Outgoing::Frame {
                bytes: bytes.to_vec(),
                of_request: payload.first.frame_type != FrameType::Payload,
                ends,
            };
            self.sending.push(payload.stream, frame);
            sends = Sends::Later;
        }
        Ok(sends)
    }

    /// Sends a frame that belongs to a stream, behind what the stream has waiting.
    pub(super) fn send_frame<S: FrameSink>(
        &mut self,
        stream: u32,
        frame: &Frame<'_>,
        ends: bool,
        sink: &mut S,
    ) -> Result<Sends, SendError> {
        if self.sending.contains(stream) {
            let bytes = encoded(stream, frame);
            let frame = Outgoing::Frame {
                bytes,
                of_request: false,
                ends,
            };
            self.sending.push(stream, frame);
            return Ok(Sends::Later);
        }
        if !self.flush_first(sink) || !sink.begin(frame.encoded_len(), 0) {
            return Err(SendError::Full);
        }
        frame.encode(stream, sink.buffer());
        sink.end();
        Ok(Sends::Whole)
    }

    /// Sends an ERROR in place of whatever the stream has waiting.
    pub(super) fn send_error_frame<S: FrameSink>(
        &mut self,
        stream: u32,
        code: ErrorCode,
        message: &[u8],
        sink: &mut S,
    ) -> Result<(), SendError> {
        let frame = Frame::Error(ErrorFrame {
            code,
            data: message,
        });
        if !self.control.flush(sink) || !sink.begin(frame.encoded_len(), 0) {
            return Err(SendError::Full);
        }
        frame.encode(stream, sink.buffer());
        sink.end();
        Ok(())
    }
}

fn encoded(stream: u32, frame: &Frame<'_>) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(frame.encoded_len());
    frame.encode(stream, &mut bytes);
    bytes
}

fn write_frame<S: FrameSink>(bytes: &[u8], sink: &mut S) -> bool {
    use bytes::BufMut;
    if !sink.begin(bytes.len(), 0) {
        return false;
    }
    sink.buffer().put_slice(bytes);
    sink.end();
    true
}

/// A copied payload, cut into frames.
struct Fragments<'a> {
    payload: &'a OutgoingPayload<'a>,
    metadata: Option<&'a [u8]>,
    data: &'a [u8],
    max_len: usize,
    started: bool,
}

impl<'a> Fragments<'a> {
    fn new(payload: &'a OutgoingPayload<'a>, inline: PayloadRef<'a>, max_len: usize) -> Self {
        Self {
            payload,
            metadata: inline.metadata,
            data: inline.data,
            max_len,
            started: false,
        }
    }

    fn is_done(&self) -> bool {
        self.started && self.metadata.is_none() && self.data.is_empty()
    }

    /// The parts of the next frame, and of what follows it.
    fn split(&self) -> (PayloadRef<'a>, PayloadRef<'a>) {
        let mut room = self.max_len - self.opening().len();
        let mut rest = PayloadRef::default();
        let metadata = self.metadata.map(|metadata| {
            room -= 3;
            let (now, later) = metadata.split_at(metadata.len().min(room));
            rest.metadata = (!later.is_empty()).then_some(later);
            room -= now.len();
            now
        });
        let (data, later) = self.data.split_at(self.data.len().min(room));
        rest.data = later;
        (PayloadRef::new(metadata, data), rest)
    }

    fn opening(&self) -> FirstFrame {
        if self.started {
            FirstFrame::PAYLOAD
        } else {
            self.payload.first
        }
    }

    fn next_frame(&self) -> Option<BytesMut> {
        (!self.is_done()).then(|| self.first())
    }

    /// The frame that comes next, encoded.
    fn first(&self) -> BytesMut {
        let (now, rest) = self.split();
        let last = rest.metadata.is_none() && rest.data.is_empty();
        let next =
            Flags::NEXT.when(self.started || self.payload.first.frame_type == FrameType::Payload);
        let end = if last {
            self.payload.last_flags
        } else {
            Flags::FOLLOWS
        };
        let flags = next | Flags::METADATA.when(now.metadata.is_some()) | end;
        let mut bytes = BytesMut::with_capacity(self.opening().len() + now.wire_len());
        self.opening()
            .encode(self.payload.stream, flags, &mut bytes);
        now.encode(&mut bytes);
        bytes
    }

    fn advance(&mut self) {
        let (_, rest) = self.split();
        self.metadata = rest.metadata;
        self.data = rest.data;
        self.started = true;
    }
}

/// The frame that only says that nothing follows.
pub(super) const COMPLETE: Frame<'static> = Frame::Payload(PayloadFrame {
    follows: false,
    complete: true,
    next: false,
    payload: PayloadRef {
        metadata: None,
        data: &[],
    },
});
