"""What rust/Cargo.toml's [workspace.package] says for Cargo. tools/version holds both to one version."""

EDITION = "2024"

VERSION = "0.8.0"
