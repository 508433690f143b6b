//go:build !bazel && rsocket_system

package ffi

// With `-tags rsocket_system`: the library that `make install` installed, found by pkg-config.

// #cgo pkg-config: rsocket
import "C"
