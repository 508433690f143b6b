# shellcheck shell=bash
# Which Bazel to run: one of the machine's, or ours.

# Whether $1 can resolve a module. It is Bazel itself that is asked, since it knows its registry. The answer holds for a day.
reaches_registry() {
  local answer=$BAZEL_HOME/reaches_registry probe=$BAZEL_HOME/probe result=no
  if [[ -n $(find "$answer" -mtime -1 2>/dev/null) ]]; then
    [[ $(<"$answer") == "yes $1" ]]
    return
  fi
  mkdir -p "$probe"
  echo 'bazel_dep(name = "platforms", version = "1.0.0")' >"$probe/MODULE.bazel"
  cp "$REPOSITORY/.bazelversion" "$probe"
  if (cd "$probe" && timeout 120 "$1" --batch --output_user_root="$probe/output" mod graph) </dev/null >"$probe/log" 2>&1; then
    result=yes
  fi
  echo "$result $1" >"$answer"
  [[ $result == yes ]]
}

# The path of a Bazel that needs no help from us; nothing when there is none.
usable_bazel() {
  local name path
  if [[ -n ${RSOCKET_BAZEL:-} ]]; then
    echo "$RSOCKET_BAZEL"
    return
  fi
  for name in bazelisk bazel; do
    path=$(command -v "$name") || continue
    if reaches_registry "$path"; then
      echo "$path"
      return
    fi
  done
}
