package interop

import (
	"os"
	"path/filepath"
	"testing"
)

// peer names a peer program.
type peer string

const (
	oursGo      peer = "ours-go"
	oursRust    peer = "ours-rust"
	rsocketGo   peer = "rsocket-go"
	rsocketRust peer = "rsocket-rust"
)

// variables name the environment variables that hold the paths of the peer programs.
var variables = map[peer]string{
	oursGo:      "RSOCKET_PEER_OURS_GO",
	oursRust:    "RSOCKET_PEER_OURS_RUST",
	rsocketGo:   "RSOCKET_PEER_RSOCKET_GO",
	rsocketRust: "RSOCKET_PEER_RSOCKET_RUST",
}

// program finds the peer's executable. A peer that is not there fails the test: a skipped pair proves nothing.
func (p peer) program(t *testing.T) string {
	t.Helper()
	variable := variables[p]
	path := os.Getenv(variable)
	if path == "" {
		t.Fatalf("%s is not set; it names the peer program %s. `make test` builds the peers and runs this test.", variable, p)
	}
	path, err := resolve(path)
	if err != nil {
		t.Fatalf("finding the peer program %s: %v", p, err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("finding the peer program %s through %s: %v. `make test` builds it.", p, variable, err)
	}
	return path
}

// resolve makes a path absolute: Bazel's are relative to the runfiles root, others to the working directory.
func resolve(path string) (string, error) {
	if root := os.Getenv("TEST_SRCDIR"); root != "" && !filepath.IsAbs(path) {
		return filepath.Join(root, os.Getenv("TEST_WORKSPACE"), path), nil
	}
	return filepath.Abs(path)
}
