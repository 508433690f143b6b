//go:build bazel

// Package link holds that Go can be linked with the shared C library, too. Only Bazel can build it: see BUILD.bazel.
package link

import (
	"fmt"
	"testing"

	"github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/tests/link/ffi"
)

func TestHeaderAndSharedLibraryAreOfOneVersion(t *testing.T) {
	major, minor, patch := ffi.HeaderVersion()
	if header := fmt.Sprintf("%d.%d.%d", major, minor, patch); header != ffi.Version() {
		t.Errorf("the header is of %s, the library of %s", header, ffi.Version())
	}
}
