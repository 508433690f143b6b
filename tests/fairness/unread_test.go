package fairness

import (
	"testing"
	"time"

	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
)

// A stream that nobody reads for a while holds up its sender by the credit that it does not get, and nothing else: not
// the connection, whose socket is read on.
func TestAStreamThatNobodyReadsHoldsUpNothingElse(t *testing.T) {
	for _, shape := range shapes {
		if shape.streams > 1 || shape.upwards {
			continue
		}
		t.Run(shape.name, func(t *testing.T) {
			ctx := testContext(t)
			var count counters
			client, server := sockets(t)
			conn := connect(ctx, t, client, server, count.handler())
			idle, err := ask(ctx, conn, 64, leastRequests, func() bool { return true })
			if err != nil {
				t.Fatal(err)
			}
			arrived := 0
			for item, err := range shape.open(ctx, conn) {
				if err != nil {
					t.Fatal(err)
				}
				if arrived += item.Len(); arrived > leastBulk {
					break
				}
				if arrived == item.Len() { // The first item has come; the others may wait.
					expectIdle(t, conn, idle.median())
				}
			}
		})
	}
}

// expectIdle measures requests beside a stream that does not move.
func expectIdle(t *testing.T, conn *rsocket.Conn, idle time.Duration) {
	t.Helper()
	beside, err := ask(t.Context(), conn, 64, leastRequests, func() bool { return true })
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("idle: %v; beside: %v", idle, beside)
	if limit := max(idleRatio*idle, floor); beside.median() > limit {
		t.Errorf("a request takes %v beside a stream that nobody reads, %v without; at most %v was to be expected",
			beside.median(), idle, limit)
	}
}
