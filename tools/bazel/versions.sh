# shellcheck shell=bash
# shellcheck disable=SC2034  # read by the files that source this one
# The versions of everything that tools/bazelw puts together where only package registries are reachable.
# This is the one place that states them; MODULE.bazel states those for the open internet.

DEBIAN_SUITE=forky

RULES_GO_VERSION=0.58.3
GAZELLE_VERSION=0.43.0
GO_SDK_VERSION=1.26.8
RUST_VERSION=1.95.0
CARGO_BAZEL_VERSION=0.15.0

# Bazel and rulesets as Debian packages, with the start of the version that this was tested with. The suite moves: the wrapper names
# those that are of another version.
BAZEL_PACKAGES=(
  "bazel-bootstrap 7.7.1"
  "bazel-features 1.11.0"
  "bazel-platforms 0.0.10"
  "bazel-rules-cc 0.0.11"
  "bazel-rules-java 7.6.5"
  "bazel-rules-license 0.0.7"
  "bazel-rules-proto 6.0.0"
  "bazel-rules-python 0.22.1"
  "bazel-rules-rust 0.54.1"
  "bazel-rules-shell 0.4.0"
  "bazel-skylib 1.9.1"
)

# What a build of ours takes from the system: a C compiler, and OpenSSL for the interop peer whose WebSocket crate links it.
BUILD_PACKAGES=(g++ libc6-dev libssl-dev pkg-config)

# Modules that the rulesets' MODULE files name and that no target of ours uses: empty modules stand in for them.
EMPTY_MODULES=(protobuf aspect_rules_js apple_support buildozer zlib)
