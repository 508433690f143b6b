//! The fields of a frame body: reading them without a panic, writing them without a reserved bit.

use bytes::BufMut;

use super::{DecodeError, FrameType};

/// The largest value of a field whose top bit is reserved, in 32 bits.
pub(super) const MAX_U31: u32 = u32::MAX >> 1;

/// The largest value of a field whose top bit is reserved, in 64 bits.
pub(super) const MAX_U63: u64 = u64::MAX >> 1;

/// Takes the fields of a body one after the other, from the front.
pub(super) struct Fields<'a> {
    frame_type: FrameType,
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    /// The fields of the body of a frame of `frame_type`, which errors name.
    #[inline]
    pub(super) fn new(frame_type: FrameType, body: &'a [u8]) -> Self {
        Self {
            frame_type,
            rest: body,
        }
    }

    #[inline]
    pub(super) fn u8(&mut self, field: &'static str) -> Result<u8, DecodeError> {
        self.array(field).map(u8::from_be_bytes)
    }

    #[inline]
    pub(super) fn u16(&mut self, field: &'static str) -> Result<u16, DecodeError> {
        self.array(field).map(u16::from_be_bytes)
    }

    #[inline]
    pub(super) fn u32(&mut self, field: &'static str) -> Result<u32, DecodeError> {
        self.array(field).map(u32::from_be_bytes)
    }

    /// Masks the reserved bit.
    #[inline]
    pub(super) fn u31(&mut self, field: &'static str) -> Result<u32, DecodeError> {
        Ok(self.u32(field)? & MAX_U31)
    }

    /// Masks the reserved bit.
    #[inline]
    pub(super) fn u63(&mut self, field: &'static str) -> Result<u64, DecodeError> {
        Ok(self.array(field).map(u64::from_be_bytes)? & MAX_U63)
    }

    #[inline]
    pub(super) fn bytes(
        &mut self,
        len: usize,
        field: &'static str,
    ) -> Result<&'a [u8], DecodeError> {
        let (bytes, rest) = self
            .rest
            .split_at_checked(len)
            .ok_or(self.truncated(field))?;
        self.rest = rest;
        Ok(bytes)
    }

    /// Everything after the fields taken so far.
    #[inline]
    pub(super) fn rest(self) -> &'a [u8] {
        self.rest
    }

    #[inline]
    fn array<const N: usize>(&mut self, field: &'static str) -> Result<[u8; N], DecodeError> {
        let (array, rest) = self.rest.split_first_chunk().ok_or(self.truncated(field))?;
        self.rest = rest;
        Ok(*array)
    }

    #[inline]
    fn truncated(&self, field: &'static str) -> DecodeError {
        DecodeError::Truncated {
            frame_type: self.frame_type,
            field,
        }
    }
}

/// Writes 24 bits; the top eight of `value` are lost.
#[inline]
pub(super) fn put_u24(value: u32, out: &mut impl BufMut) {
    let [_, high, middle, low] = value.to_be_bytes();
    out.put_slice(&[high, middle, low]);
}

/// Writes `value`, or the largest that fits if it is above.
#[inline]
pub(super) fn put_u31(value: u32, out: &mut impl BufMut) {
    out.put_u32(value.min(MAX_U31));
}

/// Writes `value`, or the largest that fits if it is above.
#[inline]
pub(super) fn put_u63(value: u64, out: &mut impl BufMut) {
    out.put_u64(value.min(MAX_U63));
}

/// As much of `bytes` as a length field whose largest value is `max` can state. The length and the
/// bytes that follow it thus agree, whatever a caller passes.
#[inline]
pub(super) fn bounded(bytes: &[u8], max: usize) -> &[u8] {
    debug_assert!(
        bytes.len() <= max,
        "field of {} bytes, at most {max} fit",
        bytes.len()
    );
    bytes.get(..max).unwrap_or(bytes)
}
