# shellcheck shell=bash
# The Go SDK and cargo-bazel: two archives that the rulesets would download from where only the open internet reaches.

# Packs Go's own toolchain module in the shape of a Go release, next to a list of releases with this one in it.
pack_go_sdk() {
  local source archive work=$SHARE/go.part sum
  source=$(go_module_folder "golang.org/toolchain@v0.0.1-go$GO_SDK_VERSION.linux-$GO_ARCH")
  [[ -d $source ]] || die "go could not download the Go $GO_SDK_VERSION toolchain"
  rm -rf "$work"
  mkdir -p "$work"
  cp -r "$source" "$work/go"
  chmod -R u+w "$work/go"
  chmod +x "$work/go/bin/"* "$work/go/pkg/tool/"*/*
  # A module zip cannot hold further go.mod files, so the toolchain's are stored as _go.mod.
  find "$work/go" -name _go.mod -execdir mv {} go.mod \;
  archive=go$GO_SDK_VERSION.linux-$GO_ARCH.tar.gz
  tar -C "$work" --owner=0 --group=0 --use-compress-program='gzip -1' -cf "$work/$archive" go
  rm -rf "$work/go"
  sum=$(sha256sum "$work/$archive" | cut -d ' ' -f 1)
  cat >"$work/versions.json" <<EOF
[{"version": "go$GO_SDK_VERSION", "stable": true, "files": [
  {"filename": "$archive", "os": "linux", "arch": "$GO_ARCH", "version": "go$GO_SDK_VERSION", "sha256": "$sum", "kind": "archive"}
]}]
EOF
  rm -rf "$SHARE/go"
  mv "$work" "$SHARE/go"
}

# Cargo's home for cargo-bazel, with the user's settings.
use_own_cargo_home() {
  local user=${CARGO_HOME:-$HOME/.cargo} file
  export CARGO_HOME=$SHARE/cargo
  mkdir -p "$CARGO_HOME"
  for file in config.toml credentials.toml; do
    [[ ! -e $user/$file ]] || ln -sfn "$user/$file" "$CARGO_HOME/$file"
  done
}

# cargo-bazel looks for a registry's index under the name that Cargo gave it before 1.85: the registry's host and this hash of the address
# of crates.io. Newer Cargo puts it under another hash.
link_index_under_old_name() {
  local old=6f17d22bba15001f new=1949cf8c6b5b557f index host
  for index in "$SHARE/cargo/registry/index/"*; do
    host=$(basename "${index%-*}")
    rm -rf "$SHARE/cargo/registry/index/$host-$old"
    ln -s "$host-$new" "$SHARE/cargo/registry/index/$host-$old"
  done
}

# The program behind crate_universe, from the sources that come with rules_rust.
build_cargo_bazel() {
  local work=$SHARE/cargo-bazel.part
  rm -rf "$work"
  mkdir -p "$work"
  cp -rL "$ROOT/usr/share/bazel/rules/rust/crate_universe" "$work/source"
  use_own_cargo_home
  (cd "$work/source" && cargo build --release --locked --bin cargo-bazel --target-dir "$work/target")
  mkdir -p "$SHARE/bin"
  mv "$work/target/release/cargo-bazel" "$SHARE/bin/cargo-bazel"
  rm -rf "$work"
  link_index_under_old_name
}

check_cargo_bazel() {
  local got
  got=$("$SHARE/bin/cargo-bazel" --version | cut -d ' ' -f 2)
  [[ $got == "$CARGO_BAZEL_VERSION" ]] || say "note: cargo-bazel is $got, tested with $CARGO_BAZEL_VERSION"
}
