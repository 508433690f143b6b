package load

import (
	"fmt"
	"sync"
)

// fireAndForget sends from so many goroutines. At the end a request on each connection is answered, behind all that was sent before it, so
// that the time is the time that the server took to read them.
func (s *session) fireAndForget(t *tally) error {
	var running sync.WaitGroup
	for i := range s.InFlight * len(s.conns) {
		at := i % len(s.conns)
		conn, ok := s.conns[at].(FireAndForgetConn)
		if !ok {
			return fmt.Errorf("%s has no fire-and-forget", s.contender.Name)
		}
		running.Go(func() {
			sent := uint64(0)
			for t.claim() {
				if err := conn.FireAndForget(s.requests[at]); err != nil {
					t.failed(err)
					break
				}
				sent++
			}
			t.requests.Add(sent)
		})
	}
	running.Wait()
	for i, conn := range s.conns {
		if err := s.askOnce(conn, s.requests[i]); err != nil {
			t.failed(fmt.Errorf("the request behind the fire-and-forgets: %w", err))
		}
	}
	return nil
}
