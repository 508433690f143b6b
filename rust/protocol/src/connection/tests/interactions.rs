//! What the tests about streams, channels and fragments have in common.

use super::*;
use crate::frame::{FrameType, RequestChannel, RequestN, RequestStream};
use crate::sink::ExternalBody;

pub(super) fn request_stream(initial_n: u32, data: &[u8]) -> Frame<'_> {
    Frame::RequestStream(RequestStream {
        follows: false,
        initial_n,
        payload: PayloadRef::from_data(data),
    })
}

/// A channel whose requester has more to send.
pub(super) fn request_channel(initial_n: u32, data: &[u8]) -> Frame<'_> {
    Frame::RequestChannel(RequestChannel {
        follows: false,
        complete: false,
        initial_n,
        payload: PayloadRef::from_data(data),
    })
}

/// A channel whose requester sends nothing but this.
pub(super) fn request_channel_only(initial_n: u32, data: &[u8]) -> Frame<'_> {
    Frame::RequestChannel(RequestChannel {
        follows: false,
        complete: true,
        initial_n,
        payload: PayloadRef::from_data(data),
    })
}

pub(super) fn request_n(n: u32) -> Frame<'static> {
    Frame::RequestN(RequestN { n })
}

/// An item that others follow.
pub(super) fn item(data: &[u8]) -> Frame<'_> {
    Frame::Payload(PayloadFrame {
        follows: false,
        complete: false,
        next: true,
        payload: PayloadRef::from_data(data),
    })
}

/// A fragment that others follow.
pub(super) fn fragment(data: &[u8]) -> Frame<'_> {
    Frame::Payload(PayloadFrame {
        follows: true,
        complete: false,
        next: true,
        payload: PayloadRef::from_data(data),
    })
}

/// The end without an item.
pub(super) const COMPLETE: Frame<'static> = Frame::Payload(PayloadFrame {
    follows: false,
    complete: true,
    next: false,
    payload: PayloadRef::from_data(b""),
});

/// An item that is not the last.
pub(super) fn got(name: StreamName, data: &[u8]) -> Option<Seen> {
    Some(Seen::Item {
        name,
        payload: Some(only_data(data)),
        complete: false,
    })
}

/// The end of the peer's items on a channel of the peer, with the last of them or without.
pub(super) fn got_end(slot: u64, data: Option<&[u8]>) -> Option<Seen> {
    Some(Seen::Item {
        name: StreamName::Slot(slot),
        payload: data.map(only_data),
        complete: true,
    })
}

/// The end of the peer's items on a request of this side, with the last of them or without.
pub(super) fn got_response(user: u64, data: Option<&[u8]>) -> Option<Seen> {
    Some(Seen::Response {
        user,
        payload: data.map(only_data),
    })
}

/// A payload that the driver holds.
pub(super) const fn large(
    token: u64,
    metadata_len: Option<usize>,
    data_len: usize,
) -> Body<'static> {
    Body::External(ExternalBody {
        token,
        metadata_len,
        data_len,
    })
}

/// A header that is expected.
pub(super) fn frame(stream_id: u32, frame_type: FrameType, flags: Flags) -> FrameHeader {
    FrameHeader {
        stream_id,
        frame_type: frame_type as u8,
        flags,
    }
}

fn header(frame: &[u8]) -> FrameHeader {
    FrameHeader::decode(frame).expect("what is sent decodes").0
}

/// A client and a server that send frames of at most so many bytes.
pub(super) fn sending_fragments_of(len: usize) -> (Config, Config) {
    let (mut client, mut server) = (client_config(), server_config());
    (client.fragment_len, server.fragment_len) = (len, len);
    (client, server)
}

impl Alone {
    pub(super) fn ask_stream(&mut self, user: u64, initial_n: u32) -> u32 {
        self.connection
            .request_stream(user, initial_n, &body(b"ask"), &mut self.out)
            .expect("the request is sent")
    }

    pub(super) fn ask_channel(&mut self, user: u64, initial_n: u32) -> u32 {
        self.connection
            .request_channel(user, initial_n, &body(b"ask"), false, &mut self.out)
            .expect("the request is sent")
    }

    /// Hands in a request and returns its slot.
    #[track_caller]
    pub(super) fn asked(&mut self, stream: u32, request: Frame<'_>) -> u64 {
        match self.receive(stream, request) {
            Some(Seen::Request { slot, .. }) => slot,
            other => panic!("saw {other:?}"),
        }
    }

    pub(super) fn send(&mut self, stream: u32, data: &[u8]) -> Result<(), SendError> {
        self.send_body(stream, &body(data))
    }

    pub(super) fn send_body(&mut self, stream: u32, body: &Body<'_>) -> Result<(), SendError> {
        self.connection
            .send_item(stream, body, false, &mut self.out)
    }

    pub(super) fn send_last(&mut self, stream: u32, data: &[u8]) -> Result<(), SendError> {
        self.connection
            .send_item(stream, &body(data), true, &mut self.out)
    }

    pub(super) fn complete(&mut self, stream: u32) -> Result<(), SendError> {
        self.connection.complete(stream, &mut self.out)
    }

    /// Ends a stream with an INVALID that says "no".
    pub(super) fn fail(&mut self, stream: u32) -> Result<(), SendError> {
        self.connection
            .send_error(stream, ErrorCode::INVALID, b"no", &mut self.out)
    }

    /// Open requests of this side and of the peer.
    pub(super) fn open(&self) -> (usize, usize) {
        let connection = &self.connection;
        (connection.outbound_streams(), connection.inbound_streams())
    }

    /// Writes so many frames and returns their headers.
    pub(super) fn write(&mut self, frames: usize) -> Vec<FrameHeader> {
        self.out.room = frames;
        self.sent().iter().map(|frame| header(frame)).collect()
    }

    /// The tokens that have been given back since the last call, in order of their numbers.
    pub(super) fn released(&mut self) -> Vec<u64> {
        let mut released: Vec<u64> =
            std::iter::from_fn(|| self.connection.poll_released()).collect();
        released.sort_unstable();
        released
    }
}
