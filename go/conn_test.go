package rsocket

import "testing"

// Whoever serves a connection may be scheduled only when its client has been answered and has gone already.
func TestAServedConnectionMayHaveEndedSince(t *testing.T) {
	for range 100 {
		conn := &Conn{opened: make(chan struct{}), done: make(chan struct{})}
		close(conn.done)
		if conn.wasOpened() {
			t.Fatal("a connection that ended without a setup was opened")
		}
		close(conn.opened)
		if !conn.wasOpened() {
			t.Fatal("a connection that was opened and has ended since was not opened")
		}
	}
}
