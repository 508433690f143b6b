//! Writes a C header: `cbindgen CONFIG ROOT OUT`, where ROOT is a library's root file, whose modules are followed.
//!
//! The library is used and not cbindgen's own program, which would bring a command-line parser into every Cargo build of rust/ffi.

use std::{env, error::Error, path::PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<PathBuf> = env::args_os().skip(1).map(PathBuf::from).collect();
    let [config, root, out] = arguments.as_slice() else {
        return Err("usage: cbindgen CONFIG ROOT OUT".into());
    };
    cbindgen::Builder::new()
        .with_config(cbindgen::Config::from_file(config)?)
        .with_src(root)
        .generate()?
        .write_to_file(out);
    Ok(())
}
