//go:build !bazel && !rsocket_system

package ffi

// The cargo and go build: `make build-rust` puts the header and the static library there.

// #cgo CFLAGS: -I${SRCDIR}/../../../rust/target/include
// #cgo LDFLAGS: ${SRCDIR}/../../../rust/target/release/librsocket.a -lm
// #cgo linux LDFLAGS: -ldl -lpthread
import "C"
