// Package version holds the places that state the project's version to one: Cargo's workspace.
package version

import (
	"os"
	"regexp"
	"testing"

	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
)

// stated finds the first group of a pattern in a file of the repository.
func stated(t *testing.T, file, pattern string) string {
	t.Helper()
	text, err := os.ReadFile("../../" + file)
	if err != nil {
		t.Fatal(err)
	}
	match := regexp.MustCompile(pattern).FindSubmatch(text)
	if match == nil {
		t.Fatalf("%s does not state a version as %s", file, pattern)
	}
	return string(match[1])
}

func TestThereIsOneVersion(t *testing.T) {
	want := stated(t, "rust/Cargo.toml", `(?m)^version = "([^"]+)"`)
	places := map[string]string{
		"MODULE.bazel":   stated(t, "MODULE.bazel", `name = "rsocket_go_ffi",\s+version = "([^"]+)"`),
		"rust/crate.bzl": stated(t, "rust/crate.bzl", `VERSION = "([^"]+)"`),
		"the consumer": stated(t, "examples/consumers/bazel-go/MODULE.bazel",
			`bazel_dep\(name = "rsocket_go_ffi", version = "([^"]+)"`),
		"README.md": stated(t, "README.md", `bazel_dep\(name = "rsocket_go_ffi", version = "([^"]+)"`),
		"the header": stated(t, "rust/ffi/include/rsocket.h", `RSOCKET_VERSION_MAJOR (\d+)`) + "." +
			stated(t, "rust/ffi/include/rsocket.h", `RSOCKET_VERSION_MINOR (\d+)`) + "." +
			stated(t, "rust/ffi/include/rsocket.h", `RSOCKET_VERSION_PATCH (\d+)`),
		"GetVersion": rsocket.GetVersion(),
	}
	for place, got := range places {
		if got != want {
			t.Errorf("%s states %s, rust/Cargo.toml %s", place, got, want)
		}
	}
}
