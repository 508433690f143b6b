# shellcheck shell=bash
# The root folder that holds Debian's Bazel and its C library, so that the machine's own system stays as it is.

# The Debian mirror that apt of this machine uses; no mirror is written down in the repository.
debian_mirror() {
  if [[ -n ${RSOCKET_DEBIAN_MIRROR:-} ]]; then
    echo "$RSOCKET_DEBIAN_MIRROR"
    return
  fi
  # shellcheck disable=SC2016  # apt-get expands these
  apt-get indextargets --format '$(LABEL)|$(REPO_URI)' 'Created-By: Packages' | sed -n 's/^Debian|//p' | head -n 1
}

# The mirror, after asking apt for its indexes when it has none yet (a fresh container has none).
find_mirror() {
  local mirror
  mirror=$(debian_mirror)
  if [[ -z $mirror ]]; then
    apt-get update >&2
    mirror=$(debian_mirror)
  fi
  [[ -n $mirror ]] || die "apt of this machine has no Debian mirror (set RSOCKET_DEBIAN_MIRROR to one); $BAZELISK_HINT"
  echo "$mirror"
}

install_debootstrap() {
  command -v debootstrap >/dev/null && return
  command -v apt-get >/dev/null || die "debootstrap is missing and there is no apt-get to install it; $BAZELISK_HINT"
  apt-get update
  DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends debootstrap
}

# Older debootstrap has no script of the suite's name; every Debian suite's script is sid's.
debootstrap_script() {
  local scripts=/usr/share/debootstrap/scripts
  if [[ -e $scripts/$DEBIAN_SUITE ]]; then
    echo "$scripts/$DEBIAN_SUITE"
  else
    echo "$scripts/sid"
  fi
}

make_root() {
  local mirror
  mirror=$(find_mirror)
  rm -rf "$ROOT" "$ROOT.part" "$BAZEL_HOME/done"
  mkdir -p "$BAZEL_HOME/done"
  echo "mirror: $mirror"
  debootstrap --variant=minbase --include=ca-certificates "$DEBIAN_SUITE" "$ROOT.part" "$mirror" "$(debootstrap_script)"
  mv "$ROOT.part" "$ROOT"
}

# Can be repeated: an interrupted installation is finished first.
# A mirror may be a snapshot whose index is past its date; its signature is checked all the same, and check_packages reports versions.
install_packages() {
  in_root dpkg --configure -a
  in_root apt-get -o Acquire::Check-Valid-Until=false update
  in_root apt-get install -y --no-install-recommends "${BAZEL_PACKAGES[@]%% *}" "${BUILD_PACKAGES[@]}"
  in_root apt-get clean
}

# Certificates that this machine trusts and the root does not (a company's or a sandbox's own) become the root's too. Bazel downloads
# with Java, whose trust store only update-ca-certificates in the root can fill.
trust_host_certificates() {
  local extra=$ROOT/usr/local/share/ca-certificates/host
  rm -rf "$extra"
  mkdir -p "$extra"
  awk -v out="$extra" '
    /-----BEGIN CERTIFICATE-----/ { body = "" }
    { body = body $0 "\n" }
    /-----END CERTIFICATE-----/ {
      if (FNR == NR) known[body] = 1
      else if (!(body in known)) printf "%s", body > (out "/" ++n ".crt")
    }' "$ROOT/etc/ssl/certs/ca-certificates.crt" "$CERTIFICATES"
  in_root update-ca-certificates --fresh
}

# Says which package is not of the version that the recipe was tested with. Not an error: most moves of the suite are harmless.
check_packages() {
  local entry name want got
  for entry in "${BAZEL_PACKAGES[@]}"; do
    read -r name want <<<"$entry"
    # shellcheck disable=SC2016  # dpkg-query expands it
    got=$(in_root dpkg-query -W -f '${Version}' "$name" 2>/dev/null) || got=none
    [[ $got == "$want"* ]] || say "note: $name is $got, tested with $want"
  done
}
