package fairness

import (
	"testing"
	"time"

	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
)

const (
	// leastBulk and leastRequests are what a measurement sees at least, of either.
	leastBulk     = 100 << 20
	leastRequests = 200

	// A median request beside bulk may take so many times an idle one's, or so long, or the time that the bulk needs for
	// what both systems hold of a connection and nothing can overtake, whichever is longer.
	idleRatio   = 20
	floor       = 5 * time.Millisecond
	systemsHold = 32 << 20
)

// 100 MB and more on one connection of loopback, in each shape, beside requests of two lengths: one that is copied into
// the output and one that is not.
func TestSmallRequestsBesideBulk(t *testing.T) {
	for _, shape := range shapes {
		t.Run(shape.name, func(t *testing.T) {
			ctx := testContext(t)
			var count counters
			client, server := sockets(t)
			conn := connect(ctx, t, client, server, count.handler())
			idle, err := ask(ctx, conn, 64, leastRequests, func() bool { return true })
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%6s idle: %v", "64 B", idle)
			stop := shape.start(ctx, conn, &count)
			for _, size := range []int{64, 4 << 10} {
				expectFair(t, conn, size, idle.median(), &count)
			}
			if err := stop(); err != nil {
				t.Error(err)
			}
		})
	}
}

// expectFair measures requests beside the bulk that is under way.
func expectFair(t *testing.T, conn *rsocket.Conn, size int, idle time.Duration, count *counters) {
	t.Helper()
	start, before := time.Now(), count.arrived.Load()
	arrived := func() int64 { return count.arrived.Load() - before }
	busy, err := ask(t.Context(), conn, size, leastRequests, func() bool { return arrived() >= leastBulk })
	if err != nil {
		t.Fatal(err)
	}
	rate := float64(arrived()) / time.Since(start).Seconds()
	t.Logf("%4d B beside: %v; bulk %.0f MB/s", size, busy, rate/1e6)
	held := time.Duration(systemsHold / rate * float64(time.Second))
	if limit := max(idleRatio*idle, floor, held); busy.median() > limit {
		t.Errorf("a request of %d B takes %v beside bulk and %v without; at most %v was to be expected",
			size, busy.median(), idle, limit.Round(time.Microsecond))
	}
}
