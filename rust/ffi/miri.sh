#!/usr/bin/env bash
# The tests of the C ABI under Miri, which finds undefined behaviour in the code that takes and lends C memory.
# Miri is a component of nightly toolchains; rustup installs it where it is missing.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

if ! cargo +nightly miri --version >/dev/null 2>&1; then
  if ! command -v rustup >/dev/null; then
    echo "Miri is missing, and rustup, which installs it: rustup toolchain install nightly --component miri,rust-src" >&2
    exit 1
  fi
  rustup toolchain install nightly --profile minimal --component miri,rust-src
fi
exec cargo +nightly miri test --locked --package rsocket_ffi --lib
