#!/usr/bin/env bash
# The Bazel workspace in examples/consumers/bazel-go, which uses this one as a dependency, builds and does what it says.
set -euo pipefail
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$repository/examples/consumers/bazel-go"

want="Hello, Bazel!"
got=$("$repository/tools/bazelw" run //:consumer)
# Each workspace has a Bazel server of its own; this one is of no more use.
"$repository/tools/bazelw" shutdown
if [[ $got != "$want" ]]; then
  echo "the consumer printed '$got', not '$want'" >&2
  exit 1
fi
echo "the consumer printed '$got'"
