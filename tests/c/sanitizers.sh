#!/usr/bin/env bash
# The C client, built with AddressSanitizer and UndefinedBehaviorSanitizer, against the echo server's peer program in Go.
# Needs the library that `make build-rust` made, and a C compiler with its sanitizers.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${CC:-cc}" -std=c11 -Wall -Wextra -Werror -g -fsanitize=address,undefined -fno-sanitize-recover=all \
  -Irust/target/include -o "$work/client" examples/c/client/client.c \
  rust/target/release/librsocket.a -lpthread -ldl -lm
go build -o "$work/peer" ./tests/peers/go
CLIENT="$work/client" SERVER="$work/peer" sh tests/c/run.sh
