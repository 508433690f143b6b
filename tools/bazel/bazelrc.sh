# shellcheck shell=bash
# The generated bazelrc: what differs from the open internet, all of it, in one file that nobody commits.

write_bazelrc() {
  local name
  {
    echo "# Written by tools/bazelw; changes are lost."
    echo "startup --output_user_root=$SHARE/output"
    echo "common --noenable_workspace --lockfile_mode=off"
    echo "common --disk_cache=$SHARE/disk --repository_cache=$SHARE/repositories --experimental_disk_cache_gc_max_size=20G"
    echo "common --override_module=rules_shell=/usr/share/bazel/rules/shell"
    for name in rules_rust rules_go gazelle; do
      echo "common --override_module=$name=$SHARE/modules/$name"
    done
    for name in "${EMPTY_MODULES[@]}"; do
      echo "common --override_module=$name=$SHARE/modules/empty/$name"
    done
    # A Cargo home of its own, see use_own_cargo_home. And no memory of what rustc answered: cargo-bazel asks for several hosts in one folder.
    echo "common --repo_env=CARGO_HOME=$SHARE/cargo --repo_env=CARGO_CACHE_RUSTC_INFO=0"
    echo "common --repo_env=CARGO_BAZEL_GENERATOR_URL=file://$SHARE/bin/cargo-bazel"
    echo "common --repo_env=CARGO_BAZEL_GENERATOR_SHA256=$(sha256sum "$SHARE/bin/cargo-bazel" | cut -d ' ' -f 1)"
  } >"$SHARE/bazelrc.part"
  mv "$SHARE/bazelrc.part" "$SHARE/bazelrc"
}
