#!/usr/bin/env bash
# Fails, and shows the difference, when gazelle would change a BUILD file. To let it: tools/bazelw run //:gazelle
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
tools/bazelw run //:gazelle -- -mode=diff
