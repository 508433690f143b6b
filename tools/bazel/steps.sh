# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154  # shared with the files that source this one
# Running the set-up's steps: numbered on screen, each logged to a file, each done once.

BAZELISK_HINT='or install Bazelisk (as "bazel" or "bazelisk" on PATH) where the open internet is reachable'

say() { echo "bazelw: $*" >&2; }

die() {
  say "$*"
  exit 1
}

# step NUMBER NAME KEY TEXT COMMAND...: runs COMMAND unless its marker already holds KEY, which names the versions that it depends on.
step() {
  local number=$1 key=$3 text=$4 marker=$BAZEL_HOME/done/$2 log=$BAZEL_HOME/log/$2.log
  shift 4
  [[ ! -e $marker || $(<"$marker") != "$key" ]] || return 0
  mkdir -p "$BAZEL_HOME/done" "$BAZEL_HOME/log"
  local start=$SECONDS
  printf '[%s] %s … ' "$number" "$text" >&2
  # In a subshell of its own, not in a condition: there, bash would ignore "set -e".
  set +e
  (
    set -e
    "$@"
  ) </dev/null >"$log" 2>&1
  local status=$?
  set -e
  if ((status != 0)); then
    echo "failed" >&2
    tail -n 15 "$log" >&2
    die "step $number failed while it was $text; all of its output is in $log; call it again to go on from here"
  fi
  echo "$((SECONDS - start)) s" >&2
  echo "$key" >"$marker"
}
