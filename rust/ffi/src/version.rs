//! The library's version.

use std::ffi::{CStr, c_char};

/// The version of the header, for comparison by the preprocessor: major.
pub const RSOCKET_VERSION_MAJOR: u32 = 0;
/// The version of the header: minor.
pub const RSOCKET_VERSION_MINOR: u32 = 8;
/// The version of the header: patch.
pub const RSOCKET_VERSION_PATCH: u32 = 0;

const VERSION: &CStr =
    match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
        Ok(version) => version,
        Err(_) => panic!("the version holds a NUL"),
    };

/// The version of the library, such as "0.8.0", as a string that lives as long as the library. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn rsocket_version() -> *const c_char {
    VERSION.as_ptr()
}
