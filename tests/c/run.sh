#!/bin/sh
# Runs the C client against a server that speaks the contract of tests/peers.
#
#   CLIENT=path/to/client SERVER=path/to/peer tests/c/run.sh
#
# EMPTY_METADATA=lost is for a peer that answers empty metadata with none, as rsocket-go does.
set -eu

: "${CLIENT:?the C client to test}"
: "${SERVER:?a peer with a server subcommand}"

work=$(mktemp -d "${TEST_TMPDIR:-${TMPDIR:-/tmp}}/rsocket-c.XXXXXX")
server=

# Ends the server that this script started, and waits for it.
stop_server() {
    [ -n "$server" ] || return 0
    kill "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
    server=
}

clean_up() {
    stop_server
    rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 1' HUP INT TERM

give_up() {
    echo "FAILED: $1" >&2
    for file in "$work"/*; do
        echo "--- ${file##*/}" >&2
        cat "$file" >&2
    done
    exit 1
}

# Waits until a file has a line that matches, for ten seconds.
wait_for() {
    tries=0
    until grep -q "$2" "$1"; do
        tries=$((tries + 1))
        [ "$tries" -lt 200 ] || give_up "no line '$2' in ${1##*/}"
        sleep 0.05
    done
}

# Starts the server and sets $url to where it listens.
start_server() {
    : >"$work/server"
    "$SERVER" server --listen tcp://127.0.0.1:0 >"$work/server" 2>"$work/server.err" &
    server=$!
    wait_for "$work/server" '^ready '
    url=$(sed -n 's/^ready //p' "$work/server")
}

# Runs the client: expected exit code, then its arguments.
run_client() {
    expected=$1
    shift
    code=0
    "$CLIENT" "$@" >"$work/out" 2>"$work/err" || code=$?
    [ "$code" -eq "$expected" ] || give_up "exit code $code, not $expected, of: client $*"
}

# The client's standard output, in any order, is what stands on standard input.
expect_out() {
    sort >"$work/expected"
    sort "$work/out" | cmp -s - "$work/expected" || give_up "$1"
}

expect_err() {
    grep -q "$1" "$work/err" || give_up "standard error has no '$1'"
}

start_server

run_client 0 --data hello "$url"
expect_out "one answer" <<'END'
answer 0: data "hello"
END

run_client 0 --data hello --metadata meta --count 3 "$url"
expect_out "answers with metadata" <<'END'
answer 0: data "hello" metadata "meta"
answer 1: data "hello" metadata "meta"
answer 2: data "hello" metadata "meta"
END

if [ "${EMPTY_METADATA:-kept}" = kept ]; then
    run_client 0 --metadata '' "$url"
    expect_out "empty is not absent" <<'END'
answer 0: data "" metadata ""
END
fi

run_client 0 --data many --count 5000 "$url"
[ "$(grep -c ': data "many"$' "$work/out")" -eq 5000 ] || give_up "5000 answers"

# Longer than any buffer of the client starts with.
large=$(head -c 100000 /dev/zero | tr '\0' x)
run_client 0 --data "$large" --count 20 "$url"
[ "$(grep -c "x\"$" "$work/out")" -eq 20 ] || give_up "20 large answers"

# SHA-256 of "hello" and of "meta".
wait_for "$work/server" '^fnf data=5:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824 metadata=none$'
wait_for "$work/server" '^fnf data=5:2cf24dba.* metadata=4:'

run_client 1 --data 'error:not today' "$url"
expect_err 'request 0 failed with code 0x201: not today'

# The server goes away while a request waits.
"$CLIENT" --data hang "$url" >"$work/out" 2>"$work/err" &
client=$!
wait_for "$work/server" '^hang'
stop_server
code=0
wait "$client" || code=$?
[ "$code" -eq 1 ] || give_up "exit code $code when the server goes away"
[ -s "$work/err" ] || give_up "nothing is said when the server goes away"

run_client 1 "$url"
expect_err 'cannot connect'

run_client 2
run_client 2 --count 0 "$url"
run_client 2 http://127.0.0.1:1
run_client 2 "$url" "$url"
run_client 0 -h
grep -q '^usage: client' "$work/out" || give_up "no usage"

echo "ok"
