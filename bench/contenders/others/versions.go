// Package others is the Go module of those contenders of the benchmark that are other people's libraries, so that what they need is not
// needed by who uses ours.
package others

import (
	_ "embed"

	"github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/bench/load"
)

//go:embed go.mod
var goMod string

// Versions gives the versions of these Go modules.
func Versions(paths ...string) func() map[string]string {
	return func() map[string]string {
		versions := make(map[string]string)
		for _, path := range paths {
			versions[path] = load.ModuleVersion(path, goMod)
		}
		return versions
	}
}
