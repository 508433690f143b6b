package interop

import "testing"

// KEEPALIVE holds a connection on which nothing else happens past the lifetime of either side.
//
// Conforms: keepalive/client-sends, keepalive/answered
func TestIdle(t *testing.T) {
	eachPair(t, func(t *testing.T, p pair) {
		s := startServer(t, p)
		c := startClient(t, p.client, s, "idle", "--data", "awake",
			"--keepalive-interval", "200ms", "--keepalive-lifetime", "2s", "--idle", "5s")
		expectEcho(t, c.only(t), "awake", noMetadata)
		s.expectSetup(t, "")
		s.expectNoLine(t) // one connection all along
		s.terminate(t)
	})
}
