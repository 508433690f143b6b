#!/usr/bin/env bash
# The browser example in a real Chromium. What it takes is installed where that is possible: on Debian, by root. It prints what go test -json
# does; with BROWSER_ARTIFACTS, a folder, screenshots stay there.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

# The Debian packages of the commands that are missing.
missing=()
command -v node >/dev/null || missing+=(nodejs)
command -v npm >/dev/null || missing+=(npm)
command -v chromium >/dev/null || missing+=(chromium)
if ((${#missing[@]} > 0)); then
  if ((EUID == 0)) && [[ -e /etc/debian_version ]]; then
    apt-get -q update >&2
    DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends "${missing[@]}" >&2
  else
    echo "the browser test needs node, npm and chromium; on Debian: apt-get install ${missing[*]}" >&2
    exit 1
  fi
fi

# rsocket-js for the page. Nothing that is installed has to run by itself.
npm --prefix examples/go/browser ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2
npm --prefix examples/go/browser run --silent build >&2

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
go build -o "$work/browser" ./examples/go/browser

export BROWSER_EXAMPLE="$work/browser" BROWSER_BUNDLE="$PWD/examples/go/browser/dist/rsocket.js"
artifacts=()
if [[ -n ${BROWSER_ARTIFACTS:-} ]]; then
  mkdir -p "$BROWSER_ARTIFACTS"
  artifacts=(-artifacts -outputdir "$(realpath "$BROWSER_ARTIFACTS")")
fi
go -C tests/browser test -count=1 -json -timeout 5m "${artifacts[@]}"
