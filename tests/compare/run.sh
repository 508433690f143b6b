#!/usr/bin/env bash
# Compares our Go package with rsocket-go as clients of the same server: both peers' `load`, one after the other, in
# several rounds, one connection each. Prints medians over the rounds. A first measure, not the benchmark.
#
# usage: run.sh SERVER [ROUNDS]     SERVER: ours-go, ours-rust, rsocket-go or rsocket-rust
#
# The peer programs are those of the tests (tests/peers/README.md): RSOCKET_PEER_OURS_GO, RSOCKET_PEER_RSOCKET_GO and
# the server's variable. DURATION (default 2s) is of one load, SIZE (default 64) the bytes of a payload.
set -euo pipefail

usage() { sed -n 's/^# usage: /usage: /p' "$0" >&2; exit 2; }

server=${1:-}
rounds=${2:-5}
duration=${DURATION:-2s}
size=${SIZE:-64}
in_flight=(1 64 256)
clients=(ours-go rsocket-go)

# program NAME prints the path of a peer program.
program() {
    local variable
    variable=RSOCKET_PEER_$(tr 'a-z-' 'A-Z_' <<<"$1")
    [[ -x ${!variable:-} ]] || { echo "$variable does not name a program" >&2; return 1; }
    echo "${!variable}"
}

# field NAME takes a number out of a load's line.
field() { sed -E "s/.*\"$1\":([0-9.e+-]+).*/\1/"; }

case $server in ours-go | ours-rust | rsocket-go | rsocket-rust) ;; *) usage ;; esac
[[ $rounds =~ ^[1-9][0-9]*$ ]] || usage
server_program=$(program "$server")
for client in "${clients[@]}"; do program "$client" >/dev/null; done

work=$(mktemp -d)
server_pid=
trap '[[ -z $server_pid ]] || kill "$server_pid" 2>/dev/null || true; rm -rf "$work"' EXIT

: >"$work/server"
"$server_program" server --listen tcp://127.0.0.1:0 >"$work/server" &
server_pid=$!
until grep -q '^ready ' "$work/server"; do
    kill -0 "$server_pid" || { echo "the server $server did not start" >&2; exit 1; }
    sleep 0.05
done
url=$(sed -n 's/^ready //p' "$work/server")

for ((round = 1; round <= rounds; round++)); do
    for n in "${in_flight[@]}"; do
        # Who goes first changes every round, so that a machine that slows down slows both.
        order=("${clients[@]}")
        ((round % 2)) || order=("${clients[1]}" "${clients[0]}")
        for client in "${order[@]}"; do
            line=$("$(program "$client")" load --connect "$url" --concurrency "$n" --duration "$duration" --size "$size")
            echo "$n $client $(field rate <<<"$line") $(field p50_us <<<"$line") $(field p99_us <<<"$line") $(field errors <<<"$line")" \
                >>"$work/loads"
        done
    done
    echo "round $round of $rounds" >&2
done

# median COLUMN IN_FLIGHT CLIENT
median() {
    awk -v n="$2" -v client="$3" -v column="$1" '$1 == n && $2 == client { print $column }' "$work/loads" | sort -g |
        awk '{ v[NR] = $1 } END { print (v[int((NR + 1) / 2)] + v[int((NR + 2) / 2)]) / 2 }'
}

errors() { awk -v client="$1" '$2 == client { n += $6 } END { print n + 0 }' "$work/loads"; }

echo "server $server, $size bytes, medians of $rounds rounds of $duration"
printf '%9s | %26s | %22s | %22s\n' '' 'k requests/s' 'p50 µs' 'p99 µs'
printf '%9s | %8s %10s %6s | %10s %11s | %10s %11s\n' 'in flight' ours-go rsocket-go ratio ours-go rsocket-go ours-go rsocket-go
for n in "${in_flight[@]}"; do
    ours=$(median 3 "$n" ours-go) theirs=$(median 3 "$n" rsocket-go)
    awk -v n="$n" -v ours="$ours" -v theirs="$theirs" \
        -v p50="$(median 4 "$n" ours-go)" -v their_p50="$(median 4 "$n" rsocket-go)" \
        -v p99="$(median 5 "$n" ours-go)" -v their_p99="$(median 5 "$n" rsocket-go)" 'BEGIN {
            printf "%9d | %8.1f %10.1f %5.2fx | %10.0f %11.0f | %10.0f %11.0f\n",
                n, ours / 1000, theirs / 1000, (theirs > 0 ? ours / theirs : 0), p50, their_p50, p99, their_p99
        }'
done
echo "errors: ours-go $(errors ours-go), rsocket-go $(errors rsocket-go)"
