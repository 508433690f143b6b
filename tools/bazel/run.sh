# shellcheck shell=bash
# Running the Bazel that bootstrap.sh put together.

ROOT=$BAZEL_HOME/root
SHARE=$BAZEL_HOME/share

# The file of the certificates that this machine trusts; nothing when there is none.
host_certificates() {
  local file
  for file in "${SSL_CERT_FILE:-}" /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt; do
    if [[ -f $file ]]; then
      echo "$file"
      return
    fi
  done
}

# Sets up what is missing. One caller at a time; the lock is not handed on, or Bazel's server would keep it.
bootstrap_once() {
  local certificates key
  ((EUID == 0)) || die "Bazel from package registries runs in a root folder of its own and needs root; call it as root, $BAZELISK_HINT"
  certificates=$(host_certificates)
  [[ -n $certificates ]] || die "no certificates on this machine: install ca-certificates or set SSL_CERT_FILE"
  key=$(cat "$REPOSITORY"/tools/bazel/*.sh "$certificates" | sha256sum)
  [[ ! -e $BAZEL_HOME/ready || $(<"$BAZEL_HOME/ready") != "$key" ]] || return 0
  flock --nonblock --close "$BAZEL_HOME/lock" true || say "waiting for another call's set-up"
  flock --close "$BAZEL_HOME/lock" "$REPOSITORY/tools/bazel/bootstrap.sh" "$BAZEL_HOME" "$certificates"
  echo "$key" >"$BAZEL_HOME/ready"
}

# The nearest folder from here upwards that is a Bazel workspace.
find_workspace() {
  local folder
  folder=$(pwd -P)
  while [[ $folder != / && ! -e $folder/MODULE.bazel ]]; do
    folder=$(dirname "$folder")
  done
  [[ $folder != / ]] || folder=$(pwd -P)
  echo "$folder"
}

# The process of the workspace's Bazel server; nothing when it does not run. Bazel keys a workspace by the MD5 of its path.
server_process() {
  local output_base pid
  output_base=$SHARE/output/$(printf %s "$1" | md5sum | cut -d ' ' -f 1)
  [[ -e $output_base/server/server.pid.txt ]] || return 0
  pid=$(<"$output_base/server/server.pid.txt")
  if grep -qsF -- "$output_base" "/proc/$pid/cmdline"; then
    echo "$pid"
  fi
}

# The root's Bazel runs in a mount namespace that its server keeps alive: calls that follow join it. (In a namespace of its own, each
# call would start a new server.)
run_in_root() {
  local workspace server
  workspace=$(find_workspace)
  server=$(server_process "$workspace")
  local command=(
    /usr/bin/env --chdir="$(pwd -P)"
    -u JAVA_HOME -u CC -u CXX -u LD_LIBRARY_PATH -u LD_PRELOAD -u GOROOT
    PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
    SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt
    SSL_CERT_DIR=/etc/ssl/certs
    bazel --bazelrc="$SHARE/bazelrc" "$@"
  )
  if [[ -n $server ]]; then
    exec nsenter --mount --target "$server" chroot "$ROOT" "${command[@]}"
  fi
  exec unshare --mount --propagation private \
    "$REPOSITORY/tools/bazel/enter.sh" "$ROOT" "$(printf '%s\n' "$HOME" /tmp "$SHARE" "$REPOSITORY" "$workspace")" "${command[@]}"
}
