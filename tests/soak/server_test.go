package soak

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// server is a running server program of a peer.
type server struct {
	url     string
	process int
}

// startServer runs the peer program that an environment variable names; the test ends it.
func startServer(t *testing.T, variable string) server {
	t.Helper()
	cmd := exec.Command(program(t, variable), "server", "--listen", "tcp://127.0.0.1:0")
	cmd.Stderr = os.Stderr
	output, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatalf("making the server's output: %v", err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("starting the server: %v", err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM) // an error means that it has ended
		_, _ = io.Copy(io.Discard, output)
		if err := cmd.Wait(); err != nil {
			t.Errorf("the server ended with %v", err)
		}
	})
	ready, err := bufio.NewReader(output).ReadString('\n')
	url, ok := strings.CutPrefix(strings.TrimSpace(ready), "ready ")
	if err != nil || !ok {
		t.Fatalf("the server's first line is %q, want its address: %v", ready, err)
	}
	return server{url: url, process: cmd.Process.Pid}
}

// program finds a peer's executable. One that is not there fails the test: a skipped one proves nothing.
func program(t *testing.T, variable string) string {
	t.Helper()
	path := os.Getenv(variable)
	if path == "" {
		t.Fatalf("%s is not set; it names a peer program. `make test` builds the peers and runs this test.", variable)
	}
	// Bazel's paths are relative to the runfiles root.
	if root := os.Getenv("TEST_SRCDIR"); root != "" && !filepath.IsAbs(path) {
		return filepath.Join(root, os.Getenv("TEST_WORKSPACE"), path)
	}
	path, err := filepath.Abs(path)
	if err != nil {
		t.Fatalf("finding the peer program: %v", err)
	}
	return path
}
