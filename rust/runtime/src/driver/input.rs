//! Bytes that have arrived and are not frames yet.

use std::future::Future;
use std::io;
use std::pin::pin;
use std::task::{Context, Poll};

use bytes::{Buf, BufMut, Bytes, BytesMut};
use rsocket_transport::length_prefix::{FrameTooLong, PREFIX_LEN, Split, split};
use tokio::io::AsyncReadExt;

use crate::transport::Transport;

/// Bytes asked for in one read, at first and at most. Busy connections grow, quiet ones shrink.
const MIN_READ: usize = 4 << 10;
const MAX_READ: usize = 64 << 10;

/// Small reads in a row after which less is asked for.
const SMALL_READS: u32 = 16;

/// Frames up to this length are looked at in place and their payloads copied out, so that a small payload that is kept
/// does not keep a read buffer. Longer ones are cut out of it and shared.
const MAX_COPIED: usize = 4 << 10;

/// Received bytes, held as long as they are not whole frames: at most one read beyond the frame limit.
pub(super) struct Input {
    buffer: BytesMut,
    /// Bytes at the beginning of the buffer whose frames are done with.
    done: usize,
    /// Bytes that the unfinished frame needs in all, as far as is known.
    needed: usize,
    max_frame_len: usize,
    read_len: usize,
    small_reads: u32,
    /// Something has been read that [`take_heard`](Self::take_heard) has not told of.
    heard: bool,
}

/// A frame, without its prefix.
pub(super) enum Frame<'a> {
    /// In the read buffer, which will be overwritten.
    Small(&'a [u8]),
    /// On its own.
    Large(Bytes),
}

impl Input {
    pub(super) fn new(max_frame_len: usize) -> Self {
        Self {
            buffer: BytesMut::new(),
            done: 0,
            needed: PREFIX_LEN,
            max_frame_len,
            read_len: MIN_READ,
            small_reads: 0,
            heard: false,
        }
    }

    /// The next frame, if it is there as a whole.
    ///
    /// # Errors
    /// The frame is too long; nothing after it can be found.
    #[inline]
    pub(super) fn next(&mut self) -> Result<Option<Frame<'_>>, FrameTooLong> {
        let consumed = match split(&self.buffer[self.done..], self.max_frame_len)? {
            Split::Frame { consumed, .. } => consumed,
            Split::Incomplete { needed } => {
                self.needed = needed;
                return Ok(None);
            }
        };
        if consumed <= MAX_COPIED {
            let start = self.done + PREFIX_LEN;
            self.done += consumed;
            return Ok(Some(Frame::Small(&self.buffer[start..self.done])));
        }
        self.discard_done();
        let mut frame = self.buffer.split_to(consumed).freeze();
        frame.advance(PREFIX_LEN);
        Ok(Some(Frame::Large(frame)))
    }

    /// Reads once, after [`next`](Self::next) has found no more frames. 0 is the end.
    pub(super) fn poll_fill(
        &mut self,
        transport: &mut Transport,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        self.discard_done();
        let asked = self.make_room();
        let mut room = (&mut self.buffer).limit(asked);
        let read = std::task::ready!(pin!(transport.read_buf(&mut room)).poll(cx))?;
        self.adapt(asked, read);
        self.heard |= read > 0;
        Poll::Ready(Ok(read))
    }

    /// Whether something has been read since this was last asked, be it part of a frame: a sign of life of the peer.
    pub(super) fn take_heard(&mut self) -> bool {
        std::mem::take(&mut self.heard)
    }

    /// Whether everything that has been read was part of the frames that were taken.
    pub(super) fn is_empty(&self) -> bool {
        self.done == self.buffer.len()
    }

    /// Forgets what has been read, which another transport does not go on with.
    pub(super) fn clear(&mut self) {
        self.buffer.clear();
        self.done = 0;
        self.needed = PREFIX_LEN;
        self.heard = false;
    }

    fn discard_done(&mut self) {
        self.buffer.advance(std::mem::take(&mut self.done));
    }

    /// Makes room for one read and returns its size. For a long frame the buffer at most doubles, so that it grows
    /// with what arrives and not with what is announced.
    fn make_room(&mut self) -> usize {
        let len = self.buffer.len();
        if len == 0 && self.buffer.capacity() > 2 * self.read_len {
            self.buffer = BytesMut::new();
        }
        let missing = self.needed.saturating_sub(len).min(len);
        let asked = self.read_len.max(missing);
        let spare = self.buffer.capacity() - len;
        if spare < self.read_len.min(asked) {
            self.buffer.reserve(asked);
            return asked;
        }
        spare.min(asked)
    }

    fn adapt(&mut self, asked: usize, read: usize) {
        if read >= asked.min(self.read_len) {
            self.small_reads = 0;
            self.read_len = (self.read_len * 2).min(MAX_READ);
        } else if read < self.read_len / 4 {
            self.small_reads += 1;
            if self.small_reads >= SMALL_READS {
                self.small_reads = 0;
                self.read_len = (self.read_len / 2).max(MIN_READ);
            }
        } else {
            self.small_reads = 0;
        }
    }
}
