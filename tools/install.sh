#!/usr/bin/env bash
# Installs the C library, its header and its pkg-config file: make install PREFIX=/usr/local
# DESTDIR, if set, goes before every path, for packages. CARGO_TARGET_DIR is where cargo has built it, rust/target by default.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

prefix=${PREFIX:-/usr/local}
libdir=${LIBDIR:-$prefix/lib}
target=${CARGO_TARGET_DIR:-rust/target}
built=$target/release
version=$(sed -n 's/^version = "\(.*\)"$/\1/p' rust/Cargo.toml | head -1)

include=${DESTDIR:-}$prefix/include
lib=${DESTDIR:-}$libdir
install -d "$include" "$lib/pkgconfig"
install -m 644 "$target/include/rsocket.h" "$include/"
install -m 644 "$built/librsocket.a" "$lib/"
case $(uname -s) in
  Darwin) install -m 755 "$built/librsocket.dylib" "$lib/" ;;
  *)
    # Programs ask for the soname, compilers for the plain name.
    install -m 755 "$built/librsocket.so" "$lib/librsocket.so.$version"
    ln -sf "librsocket.so.$version" "$lib/librsocket.so.${version%%.*}"
    ln -sf "librsocket.so.$version" "$lib/librsocket.so"
    ;;
esac
sed -e "s|@PREFIX@|$prefix|" -e "s|@LIBDIR@|$libdir|" -e "s|@VERSION@|$version|" \
  -e "s|@LIBS_PRIVATE@|-lpthread -ldl -lm|" rust/ffi/rsocket.pc.in >"$lib/pkgconfig/rsocket.pc"
echo "librsocket $version is in $lib, its header in $include"
