#!/usr/bin/env bash
# Runs a command in the Bazel root. Called in a mount namespace of its own (unshare --mount), so that the mounts below are seen by this
# command and its children only, vanish with the last of them, and nobody who deletes the cache can reach through them.
#   enter.sh ROOT BINDS COMMAND...    BINDS: folders to see at the same path, separated by newlines
set -euo pipefail
root=$1 binds=$2
shift 2

mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount --rbind /sys "$root/sys"
for file in /etc/resolv.conf /etc/hosts; do
  [[ -e $file ]] || continue
  touch "$root$file"
  mount --bind "$file" "$root$file"
done
while read -r folder; do
  [[ -n $folder ]] || continue
  mkdir -p "$root$folder"
  mount --bind "$folder" "$root$folder"
done <<<"$binds"

exec chroot "$root" "$@"
