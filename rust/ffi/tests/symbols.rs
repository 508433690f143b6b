//! What the libraries add to a program's name space: the functions of the header, and nothing else.
//!
//! Both are looked for where `make build-rust` puts them, since `cargo test` does not build them. `RSOCKET_LIB_DIR` names
//! another folder.

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::path::PathBuf;

use object::read::NameOrOrdinal;
use object::read::archive::ArchiveFile;
use object::{File, Object, ObjectSymbol, SymbolKind, SymbolScope};

#[test]
fn the_shared_library_exports_the_functions_of_the_header() {
    let (prefix, suffix) = (env::consts::DLL_PREFIX, env::consts::DLL_SUFFIX);
    let bytes = read(&format!("{prefix}rsocket{suffix}"));
    let library = File::parse(&*bytes).expect("an object file");
    let exports = library.exports().expect("exports are readable");
    let names = exports.map(
        |export| match export.expect("exports are readable").name() {
            NameOrOrdinal::Name(name) => c_name(name),
            NameOrOrdinal::Ordinal(ordinal) => panic!("export {ordinal} has no name"),
        },
    );
    assert_eq!(names.collect::<BTreeSet<_>>(), declared());
}

#[test]
fn the_static_library_defines_the_functions_of_the_header() {
    let file = if cfg!(windows) {
        "rsocket.lib"
    } else {
        "librsocket.a"
    };
    let bytes = read(file);
    let archive = ArchiveFile::parse(&*bytes).expect("an archive");
    let mut names = BTreeSet::new();
    for member in archive.members() {
        let member = member.expect("members are readable");
        let data = member.data(&*bytes).expect("members have bytes");
        // Metadata of the compiler is not an object file.
        let Ok(object) = File::parse(data) else {
            continue;
        };
        names.extend(global_c_symbols(&object));
    }
    assert_eq!(names, declared());
}

fn read(file: &str) -> Vec<u8> {
    let path = library_dir().join(file);
    fs::read(&path)
        .unwrap_or_else(|error| panic!("{}: {error}; `make build-rust` builds it", path.display()))
}

fn library_dir() -> PathBuf {
    if let Some(dir) = env::var_os("RSOCKET_LIB_DIR") {
        return dir.into();
    }
    // target/PROFILE/deps/TEST
    let test = env::current_exe().expect("this test has a path");
    let target = test.ancestors().nth(3).expect("a target folder");
    target.join("release")
}

/// Symbols for the whole program, but for those that carry Rust's mangling. The compilers' own support (`__muldc3` and
/// the like) is hidden and does not count.
fn global_c_symbols(object: &File<'_>) -> Vec<String> {
    object
        .symbols()
        .filter(|symbol| symbol.is_definition() && symbol.scope() == SymbolScope::Dynamic)
        .filter(|symbol| matches!(symbol.kind(), SymbolKind::Text | SymbolKind::Data))
        .filter_map(|symbol| symbol.name_bytes().ok().map(c_name))
        .filter(|name| !is_rusts(name))
        .collect()
}

/// Whether a name is Rust's own: by its mangling, by its debugger scripts, or for unwinding, which the standard library
/// brings into every static library.
fn is_rusts(name: &str) -> bool {
    let starts = ["_ZN", "_R", "__rustc", "rust_eh_personality"];
    starts.iter().any(|start| name.starts_with(start))
}

/// A symbol's name as C has it: Mach-O puts an underscore before it.
fn c_name(name: &[u8]) -> String {
    let name = String::from_utf8_lossy(name);
    match name.strip_prefix('_') {
        Some(rest) if cfg!(target_vendor = "apple") => rest.to_owned(),
        _ => name.into_owned(),
    }
}

/// The functions that the header declares: what stands before an opening parenthesis and begins with the prefix.
fn declared() -> BTreeSet<String> {
    let header = fs::read_to_string(env!("RSOCKET_HEADER")).expect("the header was generated");
    header
        .lines()
        .filter(|line| !line.starts_with("//") && !line.starts_with(' '))
        .filter_map(|line| line.split_once('('))
        .filter_map(|(before, _)| before.split([' ', '*']).next_back())
        .filter(|name| name.starts_with("rsocket_"))
        .map(str::to_owned)
        .collect()
}
