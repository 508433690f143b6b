#!/usr/bin/env bash
# A client talks to a server, both of them examples: make demo
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../examples"

# The server prints "ready tcp://ADDRESS" once it accepts connections, on a port that is free.
coproc SERVER { exec ./echo-server -listen tcp://127.0.0.1:0; }
server=$SERVER_PID
trap 'kill "$server" 2>/dev/null; wait "$server" 2>/dev/null || true' EXIT
read -r -t 10 _ address <&"${SERVER[0]}"
echo "echo-server listens at $address"

./simple-client -connect "${address#tcp://}" -data "Hello, RSocket"
./performance-benchmark -connect "${address#tcp://}" -requests 20000 -concurrency 64
