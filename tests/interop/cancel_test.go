package interop

import "testing"

// Cancelling a request tells the server, at once and on a connection that lives on.
//
// Conforms: request-response/cancelled, request-response/responder-cancel-ends
func TestCancel(t *testing.T) {
	eachPair(t, func(t *testing.T, p pair) {
		s := startServer(t, p)
		c := startClient(t, p.client, s, "cancel", "--data", "after")
		s.expectSetup(t, "")
		s.expectLine(t, "hang")
		c.say(t, "go")
		results := c.results(t, 2)
		expectFailure(t, results[0], 0, "cancelled")
		expectEcho(t, results[1], "after", noMetadata)
		// The client is still connected, so what the server says now is said of CANCEL and not of the connection's end.
		// By the answered echo, a CANCEL would have been there before it.
		if p.deviates(sendsNoCancel) || p.deviates(hearsNoCancel) {
			s.expectNoLine(t)
		} else {
			s.expectLine(t, "cancelled")
		}
		c.closeInput(t)
		c.expectExit(t, 0)
		if p.deviates(sendsNoCancel) && !p.deviates(hearsNoCancel) {
			s.expectLine(t, "cancelled") // by the connection's end, at last
		}
		s.expectServes(t, p.client)
	})
}
