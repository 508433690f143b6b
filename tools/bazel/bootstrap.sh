#!/usr/bin/env bash
# Puts together a Bazel from package registries alone (Debian's, Go's, Rust's), in the user's cache folder. Repeatable: a step that is
# done is skipped. tools/bazelw calls it, one call at a time.
#   bootstrap.sh BAZEL_HOME CERTIFICATES
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
BAZEL_HOME=$1
CERTIFICATES=$2
ROOT=$BAZEL_HOME/root
SHARE=$BAZEL_HOME/share

# shellcheck source-path=SCRIPTDIR
{
  source "$here/versions.sh"
  source "$here/steps.sh"
  source "$here/root.sh"
  source "$here/rulesets.sh"
  source "$here/toolchains.sh"
  source "$here/bazelrc.sh"
}

# A command in the root, with its own environment and the machine's proxies; for the set-up only.
in_root() {
  local name environment=(PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive)
  for name in http_proxy https_proxy no_proxy; do
    [[ -z ${!name:-} ]] || environment+=("$name=${!name}")
  done
  unshare --mount --propagation private "$here/enter.sh" "$ROOT" "" /usr/bin/env -i "${environment[@]}" "$@"
}

# Everything that the steps need and cannot fetch, so that a lack shows at once and not after minutes.
check_prerequisites() {
  local program
  for program in go cargo unshare nsenter flock tar gzip; do
    command -v "$program" >/dev/null || die "$program is missing; install it, $BAZELISK_HINT"
  done
  command -v debootstrap >/dev/null || command -v apt-get >/dev/null || die "debootstrap is missing; install it, $BAZELISK_HINT"
  unshare --mount true 2>/dev/null || die "this container may not mount; run it with CAP_SYS_ADMIN, $BAZELISK_HINT"
}

go_architecture() {
  case $(uname -m) in
    x86_64) echo amd64 ;;
    aarch64) echo arm64 ;;
    *) die "there is no recipe for $(uname -m); $BAZELISK_HINT" ;;
  esac
}

copy_go_rulesets() {
  copy_rules_go
  copy_gazelle
}

finish() {
  write_empty_modules
  write_bazelrc
}

check_prerequisites
GO_ARCH=$(go_architecture)
# Everything below comes from the root or goes into it, so without it nothing is done.
[[ -d $ROOT ]] || rm -rf "$BAZEL_HOME/done"
suite="$DEBIAN_SUITE ${BAZEL_PACKAGES[*]}"
edits=$(sha256sum <"$here/rulesets.sh")

step 1/9 debootstrap 1 "installing debootstrap" install_debootstrap
step 2/9 root "$DEBIAN_SUITE" "unpacking a Debian $DEBIAN_SUITE root" make_root
step 3/9 certificates "$(sha256sum "$CERTIFICATES")" "trusting this machine's certificates in it" trust_host_certificates
step 4/9 packages "$suite ${BUILD_PACKAGES[*]}" "installing Bazel, a JDK and a C compiler in it" install_packages
step 5/9 rules_rust "$suite $RUST_VERSION $edits" "copying rules_rust" copy_rules_rust
step 6/9 go_sdk "$GO_SDK_VERSION" "fetching Go $GO_SDK_VERSION" pack_go_sdk
step 7/9 go_rulesets "$RULES_GO_VERSION $GAZELLE_VERSION $edits" "fetching rules_go $RULES_GO_VERSION and gazelle $GAZELLE_VERSION" copy_go_rulesets
step 8/9 cargo_bazel "$CARGO_BAZEL_VERSION" "building cargo-bazel $CARGO_BAZEL_VERSION (some minutes)" build_cargo_bazel
step 9/9 bazelrc "$(cat "$here"/*.sh | sha256sum)" "writing the bazelrc" finish
check_packages
check_cargo_bazel
