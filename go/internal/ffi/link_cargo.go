//go:build !bazel && !rsocket_system

package ffi

// The cargo and go build: `make build-rust` puts the header and the static library there. The frameworks are for QUIC, which, where it is
// built in, asks macOS for the authorities that it trusts.

// #cgo CFLAGS: -I${SRCDIR}/../../../rust/target/include
// #cgo LDFLAGS: ${SRCDIR}/../../../rust/target/release/librsocket.a -lm
// #cgo linux LDFLAGS: -ldl -lpthread
// #cgo darwin LDFLAGS: -framework CoreFoundation -framework Security
import "C"
