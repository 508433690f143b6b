//! What a connection writes: frames in order, and after a loss those that were sent before.

use std::collections::BTreeMap;

use rsocket_protocol::frame::{Frame, FrameHeader, FrameType};
use rsocket_protocol::{ExternalSpan, FrameSink};

use crate::{FRAGMENT_LEN, TOKEN};

/// Whether a frame has a position (specification, "Implied Position").
pub(crate) fn is_tracked(frame: &[u8]) -> bool {
    let tracked = FrameType::RequestResponse as u8..=FrameType::Error as u8;
    FrameHeader::decode(frame)
        .is_ok_and(|(header, _)| header.stream_id != 0 && tracked.contains(&header.frame_type))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transport {
    Up,
    /// A client waits for the answer to its RESUME.
    Asks,
}

/// Checks each frame, and keeps those that may have to be sent again.
pub(crate) struct Out {
    frame: Vec<u8>,
    announced: (usize, usize),
    external: usize,
    /// Tokens whose last span was written.
    pub(crate) written: Vec<u64>,
    /// Frames that may still be begun.
    pub(crate) room: usize,
    pub(crate) transport: Option<Transport>,
    /// The position that RESUME or RESUME_OK is to tell, before anything else is sent.
    pub(crate) owed: Option<u64>,
    /// Tracked frames count.
    pub(crate) keeps: bool,
    /// Those that were sent, by position; the position behind the last, and that of the next on this transport.
    pub(crate) sent: BTreeMap<u64, Vec<u8>>,
    pub(crate) end: u64,
    at: u64,
    /// What was told last of what has been received.
    pub(crate) received: u64,
    /// The ERROR that ends the connection was sent.
    over: bool,
}

impl Default for Out {
    fn default() -> Self {
        Self {
            frame: Vec::new(),
            announced: (0, 0),
            external: 0,
            written: Vec::new(),
            room: 0,
            transport: Some(Transport::Up),
            owed: None,
            keeps: false,
            sent: BTreeMap::new(),
            end: 0,
            at: 0,
            received: 0,
            over: false,
        }
    }
}

impl Out {
    /// The peer has everything before `position`.
    pub(crate) fn go_on(&mut self, position: u64) {
        assert!(position == self.end || self.sent.contains_key(&position));
        self.at = position;
        self.transport = Some(Transport::Up);
    }

    fn tell(&mut self, position: u64) {
        assert!(
            position >= self.received,
            "what was received is not any more"
        );
        self.received = position;
    }

    /// A frame without external bytes was written.
    fn check(&mut self) {
        let (stream, frame) = Frame::decode(&self.frame).expect("what is sent decodes");
        assert!(!self.over, "{frame:?} follows the last frame");
        match (stream, frame, self.owed) {
            (0, Frame::Error(_), _) => self.over = true,
            (0, Frame::Resume(resume), Some(owed)) => {
                assert_eq!(resume.token, TOKEN);
                assert_eq!(resume.last_received_server_position, owed);
                self.owed = None;
                self.tell(owed);
            }
            (0, Frame::ResumeOk(ok), Some(owed)) => {
                assert_eq!(ok.last_received_client_position, owed);
                self.owed = None;
                self.tell(owed);
            }
            (_, Frame::Resume(_) | Frame::ResumeOk(_), None) => panic!("it was not asked"),
            (_, frame, Some(_)) => panic!("{frame:?} before RESUME or RESUME_OK"),
            (_, frame, None) => {
                assert_eq!(self.transport, Some(Transport::Up), "{frame:?}");
                if let Frame::Keepalive(keepalive) = frame {
                    self.tell(keepalive.last_received_position);
                }
            }
        }
        if self.keeps && is_tracked(&self.frame) {
            let known = self
                .sent
                .entry(self.at)
                .or_insert_with(|| self.frame.clone());
            assert_eq!(*known, self.frame, "something else was sent at {}", self.at);
            self.at += self.frame.len() as u64;
            self.end = self.end.max(self.at);
        }
    }
}

impl FrameSink for Out {
    type Buffer = Vec<u8>;

    fn begin(&mut self, inline: usize, external: usize) -> bool {
        assert!(self.transport.is_some(), "there is no transport");
        if self.room == 0 {
            return false;
        }
        self.room -= 1;
        self.announced = (inline, external);
        self.external = 0;
        self.frame.clear();
        true
    }

    fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.frame
    }

    fn external(&mut self, span: ExternalSpan) {
        assert_ne!(span.len, 0);
        self.external += span.len;
        if span.last {
            self.written.push(span.token);
        }
    }

    fn end(&mut self) {
        assert_eq!((self.frame.len(), self.external), self.announced);
        let (header, _) = FrameHeader::decode(&self.frame).expect("its header decodes");
        let is_error = header.frame_type == FrameType::Error as u8;
        let may_be_long = header.stream_id == 0 || is_error;
        assert!(may_be_long || self.frame.len() + self.external <= FRAGMENT_LEN);
        if self.external == 0 {
            self.check();
        }
    }
}
