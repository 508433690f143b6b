//! Writes the C header to `target/include/rsocket.h`, where the cargo and go build looks for it.

use std::env;
use std::error::Error;
use std::path::{Path, PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=src");
    println!("cargo::rerun-if-changed=cbindgen.toml");
    let crate_dir = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let header = include_dir(Path::new(&env::var("OUT_DIR")?))?.join("rsocket.h");
    let config = cbindgen::Config::from_file(crate_dir.join("cbindgen.toml"))?;
    cbindgen::Builder::new()
        .with_src(crate_dir.join("src/lib.rs"))
        .with_config(config)
        .generate()?
        .write_to_file(&header);
    // For the tests that look at it.
    println!("cargo::rustc-env=RSOCKET_HEADER={}", header.display());
    if env::var("CARGO_CFG_TARGET_OS")? == "linux" {
        println!("cargo::rustc-cdylib-link-arg=-Wl,-soname,librsocket.so.0");
    }
    Ok(())
}

/// `include` in the target folder, which is the one above the profile's `build` folder.
fn include_dir(out_dir: &Path) -> Result<PathBuf, Box<dyn Error>> {
    let profile = out_dir
        .ancestors()
        .find(|dir| dir.file_name().is_some_and(|name| name == "build"))
        .and_then(Path::parent)
        .ok_or("OUT_DIR is not inside a target folder")?;
    let target = profile.parent().ok_or("the profile folder has no parent")?;
    Ok(target.join("include"))
}
