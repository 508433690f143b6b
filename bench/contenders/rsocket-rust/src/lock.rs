//! The versions that Cargo chose.

const LOCK: &str = include_str!("../Cargo.lock");

pub fn version(name: &str) -> String {
    let package = format!("name = \"{name}\"\nversion = \"");
    let version = LOCK
        .split_once(&package)
        .and_then(|(_, behind)| behind.split_once('"'));
    version.map_or_else(|| "unknown".to_owned(), |(version, _)| version.to_owned())
}
