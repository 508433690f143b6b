package interop

import "testing"

// Metadata that is pushed arrives whole, on a connection that lives on.
//
// Conforms: metadata-push/stream-0, unexpected/push-on-stream
func TestMetadataPush(t *testing.T) {
	eachPair(t, func(t *testing.T, p pair) {
		s := startServer(t, p)
		for _, c := range []struct {
			name  string
			flags []string
			data  []byte
		}{
			{"text", []string{"--data", "hello"}, []byte("hello")},
			{"nothing", []string{"--data", ""}, nil},
			{"20 kB", []string{"--size", "20000"}, pattern(0, 20000)},
		} {
			t.Run(c.name, func(t *testing.T) {
				got := startClient(t, p.client, s, "push", c.flags...).itemsThenEcho(t, "")
				expectItems(t, got, 1)
				s.expectSetup(t, "")
				if p.deviates(pushesOnStream) {
					s.expectNoLine(t) // by the answered echo, it would have been there before it
				} else {
					s.expectLine(t, "push "+digest(c.data))
				}
			})
		}
		s.expectServes(t, p.client)
	})
}
