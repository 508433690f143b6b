//! One version: Cargo's.

use std::ffi::CStr;

use crate::result::rsocket_result_text;
use crate::version::{
    RSOCKET_VERSION_MAJOR, RSOCKET_VERSION_MINOR, RSOCKET_VERSION_PATCH, rsocket_version,
};

#[test]
fn the_version_is_cargos() {
    let macros = [
        RSOCKET_VERSION_MAJOR,
        RSOCKET_VERSION_MINOR,
        RSOCKET_VERSION_PATCH,
    ];
    let macros = macros.map(|part| part.to_string()).join(".");
    assert_eq!(macros, env!("CARGO_PKG_VERSION"));
    assert_eq!(text(rsocket_version()), env!("CARGO_PKG_VERSION"));
}

#[test]
fn every_result_has_a_text_of_its_own() {
    let mut texts: Vec<&str> = (0..=31)
        .map(|result| text(rsocket_result_text(result)))
        .collect();
    assert_eq!(texts[31], "unknown result");
    texts.sort_unstable();
    texts.dedup();
    assert_eq!(texts.len(), 32);
    assert_eq!(text(rsocket_result_text(u32::MAX)), "unknown result");
}

fn text(text: *const std::ffi::c_char) -> &'static str {
    // SAFETY: a string that lives as long as the library.
    let text = unsafe { CStr::from_ptr(text) };
    text.to_str().expect("texts are UTF-8")
}
