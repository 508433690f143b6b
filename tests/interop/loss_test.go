package interop

import (
	"strconv"
	"testing"
)

const inflight = 20

// startInflight starts a client with requests that the server has and never answers.
func startInflight(t *testing.T, p pair) (*server, *client) {
	t.Helper()
	s := startServer(t, p)
	flags := []string{"--count", strconv.Itoa(inflight)}
	if p.over == quic {
		// A program that is killed says nothing, and nothing says so in its place: its silence tells.
		flags = append(flags, "--keepalive-interval", "200ms", "--keepalive-lifetime", "2s")
	}
	c := startClient(t, p.client, s, "loss", flags...)
	s.expectSetup(t, "")
	if r := c.nextReport(t); r.Inflight != inflight {
		t.Fatalf("%s: printed %+v, want inflight %d", c.name, r, inflight)
	}
	s.expectLines(t, inflight, "hang")
	return s, c
}

// When the server is gone, every request in flight fails, and soon.
func TestServerLost(t *testing.T) {
	eachPair(t, func(t *testing.T, p pair) {
		s, c := startInflight(t, p)
		s.kill(t)
		for _, got := range c.finish(t, inflight) {
			if p.deviates(hangsAfterLoss) {
				expectHung(t, got)
			} else {
				expectLocalFailure(t, got)
			}
		}
	})
}

// When a client is gone, its handlers are told that nobody waits for them, and other clients notice nothing.
func TestClientLost(t *testing.T) {
	eachPair(t, func(t *testing.T, p pair) {
		s, c := startInflight(t, p)
		c.kill(t)
		if !p.deviates(hearsNoCancel) {
			s.expectLines(t, inflight, "cancelled")
		}
		s.expectServes(t, p.client)
	})
}
