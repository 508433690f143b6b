//! Taking fields from the front of bytes without a panic.

use super::DecodeError;

/// Takes the next `N` bytes. If there are fewer, `bytes` stays as it is.
#[inline]
pub(super) fn take_array<const N: usize>(
    bytes: &mut &[u8],
    field: &'static str,
) -> Result<[u8; N], DecodeError> {
    let (array, rest) = bytes
        .split_first_chunk()
        .ok_or(DecodeError::Truncated { field })?;
    *bytes = rest;
    Ok(*array)
}

/// Takes the next `len` bytes. If there are fewer, `bytes` stays as it is.
#[inline]
pub(super) fn take<'a>(
    bytes: &mut &'a [u8],
    len: usize,
    field: &'static str,
) -> Result<&'a [u8], DecodeError> {
    let (taken, rest) = bytes
        .split_at_checked(len)
        .ok_or(DecodeError::Truncated { field })?;
    *bytes = rest;
    Ok(taken)
}

/// `bytes` as text.
#[inline]
pub(super) fn utf8<'a>(bytes: &'a [u8], field: &'static str) -> Result<&'a str, DecodeError> {
    str::from_utf8(bytes).map_err(|_| DecodeError::NotUtf8 { field })
}
