package interop

import (
	"strconv"
	"testing"
)

// Conforms: request-stream/completed
func TestStream(t *testing.T) {
	eachPair(t, func(t *testing.T, p pair) {
		s := startServer(t, p)
		for _, count := range []int{0, 1, 1000} {
			t.Run(strconv.Itoa(count), func(t *testing.T) {
				expectItemsFrom(t, p, startClient(t, p.client, s, "stream", "--count", strconv.Itoa(count)).onlyItems(t), count)
				s.expectSetup(t, "")
			})
		}
		s.terminate(t)
	})
}

// However little is asked for ahead, all items come, and in order.
//
// Conforms: request-stream/request-n, flow/cumulative, flow/resumed-by-request-n
func TestStreamCredit(t *testing.T) {
	const count = 1000
	eachPair(t, func(t *testing.T, p pair) {
		s := startServer(t, p)
		for _, prefetch := range []string{"1", "16"} {
			t.Run(prefetch, func(t *testing.T) {
				c := startClient(t, p.client, s, "stream", "--count", strconv.Itoa(count), "--prefetch", prefetch)
				expectItemsFrom(t, p, c.onlyItems(t), count)
				s.expectSetup(t, "")
			})
		}
		s.terminate(t)
	})
}

// Cancelling a stream ends what the server sends, on a connection that lives on. Until then it sends what it is asked
// for, which the bytes on the wire show.
//
// Conforms: request-stream/cancelled, flow/credit
func TestStreamCancel(t *testing.T) {
	const (
		after, prefetch = 100, 16
		// An item takes 12 bytes at most, here. The stream has a million, more than ten million bytes.
		bytes = (after+prefetch)*12 + 1024
		// What a handshake takes besides, and a record for each item.
		secureBytes = bytes + (after+prefetch)*32 + 4096
	)
	cuttable := func(p pair) bool { return p.over.isCuttable() }
	eachPairThat(t, cuttable, func(t *testing.T, p pair) {
		bound := int64(bytes)
		if p.over.isSecure() {
			bound = secureBytes
		}
		s := startServer(t, p)
		w := startWire(t, s)
		c := startClient(t, p.client, w.server(s), "stream-cancel", "--data", "after",
			"--after", strconv.Itoa(after), "--prefetch", strconv.Itoa(prefetch))
		expectItemsThen(t, c.itemsThenEcho(t, "after"), after, 0, "cancelled")
		s.expectSetup(t, "")
		sent := w.sentByServer(t)
		switch {
		case p.client.deviates(asClient, ignoresCredit):
			// It asks for everything, and how much of that is sent before its CANCEL is a matter of speed.
		case p.server.deviates(asServer, ignoresCredit):
			if sent <= bound {
				t.Fatalf("%s: sent %d bytes, want more than the %d that were asked for", s.name, sent, bound)
			}
		case sent > bound:
			t.Fatalf("%s: sent %d bytes, want at most the %d that were asked for", s.name, sent, bound)
		}
		s.expectServes(t, p.client)
	})
}

// An error comes behind the items, however long they wait for credit.
//
// Conforms: request-stream/failed
func TestStreamError(t *testing.T) {
	eachPair(t, func(t *testing.T, p pair) {
		s := startServer(t, p)
		for _, count := range []int{0, 5} {
			t.Run(strconv.Itoa(count), func(t *testing.T) {
				got := startClient(t, p.client, s, "stream-error", "--count", strconv.Itoa(count)).onlyItems(t)
				expectItemsThen(t, got, count, applicationError, "boom")
				s.expectSetup(t, "")
			})
		}
		t.Run("waiting for credit", func(t *testing.T) {
			const count = 200
			c := startClient(t, p.client, s, "stream-error", "--count", strconv.Itoa(count), "--prefetch", "2", "--data", "out of items")
			got := c.onlyItems(t)
			s.expectSetup(t, "")
			if p.server.deviates(asServer, mayLoseCredit) && got.Error == hung {
				expectFewer(t, got, count)
			} else if p.deviates(errorOvertakesItems) && !p.client.deviates(asClient, ignoresCredit) {
				expectFewer(t, got, count)
				expectItemsThen(t, got, got.Items, applicationError, "out of items")
			} else {
				expectItemsThen(t, got, count, applicationError, "out of items")
			}
		})
		s.expectServes(t, p.client)
	})
}

// Items that do not fit our frames are cut into fragments, and others' are taken as they come.
//
// Conforms: fragmentation/payload
func TestStreamBig(t *testing.T) {
	eachPair(t, func(t *testing.T, p pair) {
		s := startServer(t, p)
		for _, c := range []struct {
			name, size, prefetch string
			count                int
		}{
			{"1 MiB", "1048576", "256", 3},
			{"with little credit", "300000", "2", 20},
			{"around our fragment length", strconv.Itoa(128<<10 - 9), "1", 5},
		} {
			t.Run(c.name, func(t *testing.T) {
				flags := []string{"--size", c.size, "--count", strconv.Itoa(c.count), "--prefetch", c.prefetch}
				expectItemsFrom(t, p, startClient(t, p.client, s, "stream-big", flags...).onlyItems(t), c.count)
				s.expectSetup(t, "")
			})
		}
		s.terminate(t)
	})
}
