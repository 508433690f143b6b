package interop

import (
	"strconv"
	"strings"
	"testing"
)

const (
	invalid = 0x204
	overrun = "more items were sent than were asked for"
)

// A responder that sends far more than it is asked for loses the stream, which is cancelled, and not the connection.
func TestStreamOverrun(t *testing.T) {
	const wanted = 500_000
	overruns := func(p pair) bool { return p.server.deviates(asServer, ignoresCredit) }
	eachPairThat(t, overruns, func(t *testing.T, p pair) {
		s := startServer(t, p)
		c := startClient(t, p.client, s, "stream-cancel", "--data", "after", "--after", strconv.Itoa(wanted), "--prefetch", "1")
		got := c.itemsThenEcho(t, "after")
		s.expectSetup(t, "")
		expectFewer(t, got, wanted)
		if got.Code != 0 || !strings.Contains(got.Error, overrun) {
			t.Fatalf("result %+v, want an error of the client's own: %s", got, overrun)
		}
		s.expectServes(t, p.client)
	})
}

// A requester that sends far more than it is asked for is told that its channel is over. The responder does not ask for
// more while the channel is there: one that keeps up with its requester would see no overrun.
func TestChannelOverrun(t *testing.T) {
	const count = 100_000
	overruns := func(p pair) bool { return p.client.deviates(asClient, ignoresCredit) }
	eachPairThat(t, overruns, func(t *testing.T, p pair) {
		s := startServer(t, p)
		got := startClient(t, p.client, s, "channel", "--count", strconv.Itoa(count), "--data", "hold").onlyItems(t)
		s.expectSetup(t, "")
		expectItemsThen(t, got, 0, invalid, overrun)
		s.expectServes(t, p.client)
	})
}
