package rsocket

import (
	"context"
	"errors"
	"testing"
)

// Whoever serves a connection may be scheduled only when its client has been answered and has gone already.
func TestAServedConnectionMayHaveEndedSince(t *testing.T) {
	for range 100 {
		conn := &Conn{opened: make(chan struct{}), done: make(chan struct{})}
		close(conn.done)
		if conn.awaitOpened() {
			t.Fatal("a connection that ended without a setup was opened")
		}
		close(conn.opened)
		if !conn.awaitOpened() {
			t.Fatal("a connection that was opened and has ended since was not opened")
		}
	}
}

// The end of the connection, or of the caller's patience, does not hide what has become of a command.
func TestAnOutcomeGoesAheadOfTheEnd(t *testing.T) {
	refused := errors.New("refused")
	conn := &Conn{done: make(chan struct{}), err: errors.New("the connection's end")}
	close(conn.done)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 100 { // A select between several that are ready takes any.
		outcome := make(chan error, 1)
		outcome <- refused
		if err := conn.awaitOutcome(ctx, outcome); !errors.Is(err, refused) {
			t.Fatalf("the outcome became %v", err)
		}
	}
}
