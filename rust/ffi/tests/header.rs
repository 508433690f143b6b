//! The header that is checked in is the one that is generated, and it states the version of the library.
//!
//! To refresh it: `UPDATE_HEADER=1 cargo test -p rsocket_ffi --test header`.

use std::fs;
use std::path::Path;

/// What `build.rs` wrote, in the target folder.
const GENERATED: &str = env!("RSOCKET_HEADER");

const CHECKED_IN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/include/rsocket.h");

#[test]
fn the_checked_in_header_is_the_generated_one() {
    let generated = read(GENERATED);
    if std::env::var_os("UPDATE_HEADER").is_some() {
        fs::write(CHECKED_IN, &generated).expect("the header can be written");
    }
    assert!(
        read(CHECKED_IN) == generated,
        "{CHECKED_IN} is out of date; run: UPDATE_HEADER=1 cargo test -p rsocket_ffi --test header"
    );
}

#[test]
fn the_version_macros_are_cargos_version() {
    let header = read(GENERATED);
    let parts = ["MAJOR", "MINOR", "PATCH"].map(|part| {
        let define = format!("#define RSOCKET_VERSION_{part} ");
        let line = header.lines().find_map(|line| line.strip_prefix(&define));
        line.expect("the header defines its version").trim()
    });
    assert_eq!(parts.join("."), env!("CARGO_PKG_VERSION"));
}

/// Everything that a program can meet in the header's name space.
#[test]
fn every_macro_starts_with_the_prefix() {
    let header = read(GENERATED);
    for line in header.lines() {
        if let Some(name) = line.strip_prefix("#define ") {
            assert!(name.starts_with("RSOCKET_"), "{line}");
        }
    }
}

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}
