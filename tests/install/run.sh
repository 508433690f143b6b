#!/usr/bin/env bash
# What programs outside of this repository do with an installed library: a C program finds it by pkg-config, and a Go module that only has
# the Go sources links it with -tags rsocket_system.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

repository=$PWD
work=$(mktemp -d)
trap 'chmod -R u+w "$work" && rm -rf "$work"' EXIT
PREFIX="$work/usr" tools/install.sh
command -v pkg-config >/dev/null || { echo "pkg-config is missing; on Debian: apt-get install pkg-config" >&2; exit 1; }
export PKG_CONFIG_PATH="$work/usr/lib/pkgconfig" LD_LIBRARY_PATH="$work/usr/lib"

# shellcheck disable=SC2046 # the flags are words
"${CC:-cc}" -std=c11 -o "$work/version" tests/link/version.c $(pkg-config --cflags --libs rsocket)
"$work/version"

mkdir "$work/program"
cp examples/consumers/bazel-go/main.go "$work/program/"
cd "$work/program"
module=github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi
go mod init example.com/program 2>/dev/null
go mod edit -require "$module@v0.0.0" -replace "$module=$repository"
# Go keeps what cgo made and does not ask pkg-config again, so each run has flags of its own.
export CGO_CFLAGS="-O2 -g -DRSOCKET_INSTALL_TEST=$$"
greeting=$(go run -tags rsocket_system .)
echo "$greeting"
[[ $greeting == "Hello, Bazel!" ]]
