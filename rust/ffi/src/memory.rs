//! Where C memory becomes Rust references.
//!
//! C hands over three kinds of memory, and this is the only place that dereferences it:
//!
//! - **Handles** come from [`Box::into_raw`] in a `_new` function and go back through [`free`]. Between the two, C owns
//!   them and lends them to one call at a time.
//! - **Inputs** are arrays that C keeps. They are read during the call and never kept: [`input`].
//! - **Outputs** are arrays that C keeps and whose content before the call means nothing, so they are
//!   `MaybeUninit`: [`output`].
//!
//! An array of length 0 may be NULL; any other NULL is [`rsocket_result::NullArgument`].

use std::mem::MaybeUninit;
use std::slice;

use crate::result::rsocket_result;

/// Largest array that is accepted, in bytes: offsets in records have 32 bits.
const MAX_BYTES: usize = u32::MAX as usize;

fn check<T>(pointer: *const T, len: usize) -> Result<(), rsocket_result> {
    if pointer.is_null() {
        return Err(rsocket_result::NullArgument);
    }
    match len.checked_mul(size_of::<T>()) {
        Some(bytes) if bytes <= MAX_BYTES => Ok(()),
        _ => Err(rsocket_result::InvalidArgument),
    }
}

/// An array that C lends for reading.
///
/// # Safety
/// `pointer` is valid for `len` initialised elements that nobody changes during `'a`, or NULL.
pub(crate) unsafe fn input<'a, T>(
    pointer: *const T,
    len: usize,
) -> Result<&'a [T], rsocket_result> {
    if len == 0 {
        return Ok(&[]);
    }
    check(pointer, len)?;
    // SAFETY: not NULL and within the size limit by `check`; valid and unchanged by the caller's promise.
    Ok(unsafe { slice::from_raw_parts(pointer, len) })
}

/// A text that C lends for reading.
///
/// # Safety
/// `pointer` is valid for `len` bytes that nobody changes during `'a`, or NULL.
pub(crate) unsafe fn text<'a>(pointer: *const u8, len: usize) -> Result<&'a str, rsocket_result> {
    // SAFETY: by the caller's promise.
    let bytes = unsafe { input(pointer, len) }?;
    std::str::from_utf8(bytes).map_err(|_| rsocket_result::InvalidArgument)
}

/// An array that C lends for writing.
///
/// # Safety
/// `pointer` is valid for `len` elements that nobody else touches during `'a`, or NULL.
pub(crate) unsafe fn output<'a, T>(
    pointer: *mut T,
    len: usize,
) -> Result<&'a mut [MaybeUninit<T>], rsocket_result> {
    if len == 0 {
        return Ok(&mut []);
    }
    check(pointer, len)?;
    // SAFETY: not NULL and within the size limit by `check`; exclusive by the caller's promise; `MaybeUninit<T>` has
    // the layout of `T` and needs no initialisation.
    Ok(unsafe { slice::from_raw_parts_mut(pointer.cast(), len) })
}

/// Writes a result for C.
///
/// # Safety
/// `pointer` is valid for writing one element, or NULL.
pub(crate) unsafe fn write<T>(pointer: *mut T, value: T) -> Result<(), rsocket_result> {
    if pointer.is_null() {
        return Err(rsocket_result::NullArgument);
    }
    // SAFETY: not NULL; valid by the caller's promise.
    unsafe { pointer.write(value) };
    Ok(())
}

/// A pointer for C to bytes of ours: NULL when there are none, as Rust's own pointer to nothing is not one that every
/// language can hold.
pub(crate) fn lend(bytes: &[u8]) -> *const u8 {
    if bytes.is_empty() {
        return std::ptr::null();
    }
    bytes.as_ptr()
}

/// Takes a handle back from C. NULL is nothing.
///
/// # Safety
/// `handle` came from [`Box::into_raw`], was not freed, and is used by nobody else; or it is NULL.
pub(crate) unsafe fn free<T>(handle: *mut T) {
    if !handle.is_null() {
        // SAFETY: made by `Box::into_raw`, not freed before and not in use, by the caller's promise.
        drop(unsafe { Box::from_raw(handle) });
    }
}
