#!/usr/bin/env bash
# All checks of form, and what compilers and linters find without running anything. Every check runs; the names of those that failed come
# last. Go's need the header and the library that cargo builds: make lint.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit

STATICCHECK=honnef.co/go/tools/cmd/staticcheck@v0.8.2
BUILDIFIER=github.com/bazelbuild/buildtools/buildifier@v0.0.0-20250930140053-2eb4fccefb52

failed=()

# check NAME COMMAND...
check() {
  local name=$1
  shift
  echo "== $name"
  "$@" || failed+=("$name")
}

# Whether gofmt would change nothing; it prints the files that it would.
go_is_formatted() {
  local files
  files=$(git ls-files --cached --others --exclude-standard '*.go' | xargs gofmt -l)
  [[ -z $files ]] || { echo "gofmt: $files" && return 1; }
}

# The same for every Cargo workspace of the repository.
rust_is_formatted() {
  local manifest
  for manifest in rust rust/fuzz bench/contenders/rsocket-rust tests/peers/rsocket-rust; do
    cargo fmt --all --check --manifest-path "$manifest/Cargo.toml" || return 1
  done
}

# A command for each module of the repository.
in_every_module() {
  local module
  for module in . bench/contenders/others tests/browser tests/peers/rsocket-go; do
    (cd "$module" && "$@") || return 1
  done
}

build_files_are_formatted() {
  git ls-files --cached --others --exclude-standard '*.bazel' '*.bzl' | xargs go run "$BUILDIFIER" -mode=check -lint=warn
}

shell_scripts() {
  git ls-files --cached --others --exclude-standard '*.sh' tools/bazelw .ci/run
}

check "cargo fmt" rust_is_formatted
check "cargo clippy" cargo clippy --manifest-path rust/Cargo.toml --workspace --all-targets --locked -- -D warnings
# The workspace's interop peer turns QUIC on in the runtime, and nothing turns it on in the C library.
check "cargo clippy, the runtime without QUIC" cargo clippy --manifest-path rust/Cargo.toml -p rsocket_runtime --all-targets --locked -- -D warnings
check "cargo clippy, the C library with QUIC" cargo clippy --manifest-path rust/Cargo.toml -p rsocket_ffi --features quic --all-targets --locked -- -D warnings
check "gofmt" go_is_formatted
check "go vet" in_every_module go vet ./...
check "staticcheck" in_every_module go run "$STATICCHECK" ./...
check "types on other systems" go run ./tools/lint/targets
check "buildifier" build_files_are_formatted
if command -v shellcheck >/dev/null; then
  check "shellcheck" xargs shellcheck -x < <(shell_scripts)
else
  echo "== shellcheck: not installed, skipped"
fi

if ((${#failed[@]} > 0)); then
  printf 'lint: failed: %s\n' "${failed[@]}" >&2
  exit 1
fi
echo "lint: all checks passed"
