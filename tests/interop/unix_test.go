package interop

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// startUnixServer starts a server at a path.
func startUnixServer(t *testing.T, who peer, path string) *server {
	t.Helper()
	url := "unix://" + path
	s := &server{process: start(t, who, "server", "--listen", url), url: url}
	s.expectLine(t, "ready "+url)
	return s
}

// Servers of either driver leave each other's sockets alone and replace what the other has left behind.
func TestUnixSockets(t *testing.T) {
	for _, first := range []peer{oursGo, oursRust} {
		for _, second := range []peer{oursGo, oursRust} {
			t.Run(string(first)+" and "+string(second), func(t *testing.T) {
				t.Parallel()
				folder, err := os.MkdirTemp("", "rs") // Short, as sockets' paths have to be.
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { _ = os.RemoveAll(folder) })
				path := filepath.Join(folder, "s")
				serves := func(s *server, client peer) {
					t.Helper()
					got := startClient(t, client, s, "echo", "--data", "hello").only(t)
					s.expectSetup(t, "")
					expectEcho(t, got, "hello", noMetadata)
				}
				s := startUnixServer(t, first, path)
				serves(s, second)

				rival := start(t, second, "server", "--listen", "unix://"+path)
				rival.wait(t)
				if code := rival.cmd.ProcessState.ExitCode(); code == 0 || !strings.Contains(rival.err.String(), "a server listens") {
					t.Fatalf("it ended with exit code %d; %s", code, rival.printed())
				}
				serves(s, first)

				s.kill(t)
				if left, err := os.Lstat(path); err != nil || left.Mode().Type() != os.ModeSocket {
					t.Fatalf("a server that is killed leaves %v, %v", left, err)
				}
				s = startUnixServer(t, second, path)
				serves(s, first)
				s.terminate(t)
				// The program in Rust ends as it is, without stopping its server.
				if left, err := os.ReadDir(folder); second == oursGo && (err != nil || len(left) != 0) {
					t.Errorf("a server that ends leaves %v, %v", left, err)
				}
			})
		}
	}
}
