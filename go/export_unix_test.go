//go:build unix

package rsocket

import (
	"io/fs"
	"testing"
)

// MaxUnixPath is the length that a path may have.
const MaxUnixPath = maxUnixPath

// BetweenBindAndListen calls f when the socket has its path and its permissions and is not listened on yet.
func BetweenBindAndListen(t *testing.T, path string, permissions fs.FileMode, f func()) {
	t.Helper()
	socket, err := bindUnix(path, &permissions)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		socket.remove()
		_ = socket.descriptor.Close()
	}()
	f()
}
