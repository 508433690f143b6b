#!/usr/bin/env bash
# Builds the benchmark and the programs of its contenders, in bench/bin: as releases, each from its own module or workspace. The C library
# has to be there: make bench-programs.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
bin=$PWD/bench/bin
mkdir -p "$bin"

# release MANIFEST PROGRAM TARGET puts a Rust program there from the target folder of its workspace.
release() {
  cargo build --manifest-path "$1" --release --locked --bin "$2"
  cp "${CARGO_TARGET_DIR:-$3}/release/$2" "$bin/"
}

release rust/bench/Cargo.toml ours-rust rust/target
release bench/contenders/rsocket-rust/Cargo.toml rsocket-rust bench/contenders/rsocket-rust/target
go build -o "$bin/" ./bench ./bench/contenders/ours-go ./bench/contenders/plain-go
(cd bench/contenders/others && go build -o "$bin/" ./grpc-go ./nats ./rsocket-go)
