#!/usr/bin/env bash
# Autobahn's WebSocket test suite against the WebSocket layer, as server and as client: a line for each case. The suite is a program of
# Python 2.7, which Debian does not have any more: without one the test is skipped. PYTHON2 names it where it is not found.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

VERSION=25.10.1

# Where the suite and what it needs are installed, once.
export PYTHONUSERBASE=${XDG_CACHE_HOME:-$HOME/.cache}/rsocket-autobahn/$VERSION

# A Python 2.7 with pip: the one that was named, that is in the path, or that pyenv has.
find_python() {
  local candidate
  for candidate in "${PYTHON2:-}" python2.7 python2 "${PYENV_ROOT:-$HOME/.pyenv}"/versions/2.7.*/bin/python; do
    if [[ -n $candidate ]] && "$candidate" -c 'import pip, sys; sys.exit(sys.version_info[:2] != (2, 7))' 2>/dev/null; then
      echo "$candidate"
      return
    fi
  done
  return 1
}

if ! python=$(find_python); then
  echo "autobahn: skipped, there is no Python 2.7 with pip; pyenv install 2.7.18 brings one"
  exit
fi
if [[ ! -x $PYTHONUSERBASE/bin/wstest ]]; then
  "$python" -m pip install --quiet --disable-pip-version-check --no-warn-script-location --user \
    "autobahntestsuite==$VERSION" >&2
fi
cargo build --manifest-path rust/Cargo.toml --release --locked --package rsocket_transport --example websocket_echo
echo=${CARGO_TARGET_DIR:-rust/target}/release/examples/websocket_echo

failed=0
for role in server client; do
  for messages in "binary $echo" "binary $echo --byte-by-byte" "text $echo"; do
    # shellcheck disable=SC2086 # these are words
    timeout 300 "$python" -W ignore tests/autobahn/fuzz.py "$role" $messages | grep --line-buffered -v '^Running test case\|^Cases = ' || failed=1
  done
done
exit "$failed"
