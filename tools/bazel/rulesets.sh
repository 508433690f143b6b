# shellcheck shell=bash
# Copies of the rulesets in $SHARE/modules, each with the edits that this world needs. Built aside, then renamed.

# The folder of a Go module's unpacked source, downloaded through the machine's own Go settings and checked against the checksum database.
go_module_folder() {
  (cd / && GOWORK=off go mod download -json "$1") | sed -n 's/^\t"Dir": "\(.*\)",\{0,1\}$/\1/p'
}

# Replaces the module called $1 by the folder that was built aside as $1.part.
publish_module() {
  rm -rf "$SHARE/modules/$1"
  mv "$SHARE/modules/$1.part" "$SHARE/modules/$1"
}

copy_go_module() {
  local name=$1 source
  source=$(go_module_folder "$2")
  [[ -d $source ]] || die "go could not download $2"
  rm -rf "$SHARE/modules/$name.part"
  mkdir -p "$SHARE/modules"
  cp -r "$source" "$SHARE/modules/$name.part"
  chmod -R u+w "$SHARE/modules/$name.part"
  # Module zips carry no run bits.
  find "$SHARE/modules/$name.part" -name '*.sh' -exec chmod +x {} +
}

# Makes one edit, and says so when the text that it is for is no longer there.
edit() {
  local file=$1 expression=$2
  cp "$file" "$file.before"
  sed -i "$expression" "$file"
  ! cmp -s "$file" "$file.before" || die "$file is not as expected: the edit '$expression' found nothing"
  rm "$file.before"
}

copy_rules_rust() {
  local copy=$SHARE/modules/rules_rust.part
  rm -rf "$copy"
  mkdir -p "$SHARE/modules"
  cp -rL "$ROOT/usr/share/bazel/rules/rust" "$copy"
  # Newer compilers ship the standard library's metadata apart from the rlibs; without it nothing compiles.
  # shellcheck disable=SC2016
  edit "$copy/rust/private/repository_utils.bzl" \
    's|^\( *\)"lib/rustlib/{target_triple}/lib/\*\.rlib",|&\n\1"lib/rustlib/{target_triple}/lib/*.rmeta",|'
  # crate_universe resolves with this version's Cargo; the old default's rejects crates of edition 2024.
  edit "$copy/rust/private/common.bzl" "s|^DEFAULT_RUST_VERSION = .*|DEFAULT_RUST_VERSION = \"$RUST_VERSION\"|"
  publish_module rules_rust
}

copy_rules_go() {
  local copy=$SHARE/modules/rules_go.part
  copy_go_module rules_go "github.com/bazelbuild/rules_go@v$RULES_GO_VERSION"
  # The list of Go's releases and the folder of their archives: the ones that pack_go_sdk made.
  edit "$copy/go/private/sdk.bzl" "s|\"https://[^\"]*mode=json[^\"]*\",|\"file://$SHARE/go/versions.json\",|"
  edit "$copy/go/private/sdk.bzl" "s|\"https://[^\"]*/{}\"|\"file://$SHARE/go/{}\"|"
  edit "$copy/go/private/extensions.bzl" "s|\"https://[^\"]*/{}\"|\"file://$SHARE/go/{}\"|"
  publish_module rules_go
}

copy_gazelle() {
  local copy=$SHARE/modules/gazelle.part
  copy_go_module gazelle "github.com/bazelbuild/bazel-gazelle@v$GAZELLE_VERSION"
  # Gazelle builds its own tools from a vendor folder, which module zips leave out. Its tests' imports cannot be vendored.
  rm -rf "$copy/tests" "$copy/vendor"
  (cd "$copy" && GOWORK=off GOFLAGS=-mod=mod go mod vendor -e)
  publish_module gazelle
}

write_empty_modules() {
  local name folder
  for name in "${EMPTY_MODULES[@]}"; do
    folder=$SHARE/modules/empty/$name
    mkdir -p "$folder"
    echo "module(name = \"$name\")" >"$folder/MODULE.bazel"
    : >"$folder/BUILD.bazel"
  done
}
