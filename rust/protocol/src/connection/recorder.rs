//! What a resumable connection sends goes through a [`Recorder`], which keeps it besides.

use bytes::{BufMut, BytesMut};

use super::Connection;
use super::resume::Session;
use crate::error::SendError;
use crate::frame::{FrameHeader, FrameType};
use crate::sink::{Body, FrameSink};

/// A sink that keeps tracked frames in a session's store. They go to the sink below while there is a transport, and
/// wait in the store while there is none.
pub(super) struct Recorder<'a, S> {
    session: &'a mut Session,
    below: &'a mut S,
}

impl<S: FrameSink> FrameSink for Recorder<'_, S> {
    type Buffer = BytesMut;

    fn begin(&mut self, inline: usize, external: usize) -> bool {
        debug_assert_eq!(external, 0, "only what is copied can be sent again");
        let session = &mut *self.session;
        session.frame.clear();
        if session.is_up() {
            session.is_replayed() && self.below.begin(inline, external)
        } else {
            session.store.has_room(inline)
        }
    }

    fn buffer(&mut self) -> &mut BytesMut {
        &mut self.session.frame
    }

    fn external(&mut self, _span: crate::sink::ExternalSpan) {
        debug_assert!(false, "only what is copied can be sent again");
    }

    fn end(&mut self) {
        if self.session.is_up() {
            self.below.buffer().put_slice(&self.session.frame);
            self.below.end();
        }
        self.session.record();
    }
}

/// Whether a frame has a position (specification, "Implied Position").
pub(super) fn is_tracked(header: FrameHeader) -> bool {
    let types = FrameType::RequestResponse as u8..=FrameType::Error as u8;
    header.stream_id != 0 && types.contains(&header.frame_type)
}

impl Connection {
    /// Has a resumable connection send through a recorder.
    pub(super) fn recorded<S: FrameSink, T>(
        &mut self,
        sink: &mut S,
        send: impl FnOnce(&mut Self, &mut Recorder<'_, S>) -> T,
    ) -> Option<T> {
        let mut session = self.session.take()?;
        let mut recorder = Recorder {
            session: &mut session,
            below: sink,
        };
        let sent = send(self, &mut recorder);
        self.session = Some(session);
        Some(sent)
    }

    /// Whether this body cannot be sent: the store of a resumable connection keeps bytes, not references.
    #[inline]
    pub(super) fn check_body(&self, body: &Body<'_>) -> Result<(), SendError> {
        match body {
            Body::External(_) if self.session.is_some() => Err(SendError::NotCopied),
            _ => Ok(()),
        }
    }
}
