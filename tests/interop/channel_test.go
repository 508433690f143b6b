package interop

import (
	"strconv"
	"strings"
	"testing"
)

// Each item comes back, and the channel ends when both sides have completed it.
//
// Conforms: request-channel/both-complete, request-channel/ends-when-both-completed
func TestChannel(t *testing.T) {
	eachPair(t, func(t *testing.T, p pair) {
		s := startServer(t, p)
		for _, count := range []int{1, 1000} {
			t.Run(strconv.Itoa(count), func(t *testing.T) {
				expectItemsFrom(t, p, startClient(t, p.client, s, "channel", "--count", strconv.Itoa(count)).onlyItems(t), count)
				s.expectSetup(t, "")
			})
		}
		s.terminate(t)
	})
}

// Conforms: request-channel/request-n-any-time, flow/both-sides
func TestChannelCredit(t *testing.T) {
	const count = 1000
	eachPair(t, func(t *testing.T, p pair) {
		s := startServer(t, p)
		for _, prefetch := range []string{"1", "16"} {
			t.Run(prefetch, func(t *testing.T) {
				c := startClient(t, p.client, s, "channel", "--count", strconv.Itoa(count), "--prefetch", prefetch)
				got := c.onlyItems(t)
				s.expectSetup(t, "")
				want := count
				if p.deviates(mayLoseLastItem) && got.Items == count-1 {
					want = got.Items
				}
				expectItemsFrom(t, p, got, want)
			})
		}
		s.terminate(t)
	})
}

// The first item, of one byte less than a command line can carry, takes two of our frames both ways.
//
// Conforms: fragmentation/allowed
func TestChannelBig(t *testing.T) {
	const count = 3
	first := strings.Repeat("0123456789abcdef", 128<<10/16)[1:]
	eachPair(t, func(t *testing.T, p pair) {
		s := startServer(t, p)
		got := startClient(t, p.client, s, "channel", "--count", strconv.Itoa(count), "--data", first).onlyItems(t)
		s.expectSetup(t, "")
		expectItems(t, got, count)
		s.terminate(t)
	})
}

// A responder that wants no more items ends the requester's sending; its own items have all come, and its completion.
func TestChannelResponderCancels(t *testing.T) {
	const count = 1000
	eachPair(t, func(t *testing.T, p pair) {
		s := startServer(t, p)
		for _, taken := range []int{1, 3} {
			t.Run(strconv.Itoa(taken), func(t *testing.T) {
				c := startClient(t, p.client, s, "channel", "--count", strconv.Itoa(count),
					"--data", "cancel-after:"+strconv.Itoa(taken))
				if p.deviates(diesOfCancel) {
					c.expectExit(t, goPanicked)
				} else {
					expectItems(t, c.onlyItems(t), taken)
				}
				s.expectSetup(t, "")
			})
		}
		s.expectServes(t, p.client)
	})
}

// goPanicked is the exit code of a Go program that panics.
const goPanicked = 2
