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
		conn, ok := s.conns[i%len(s.conns)].(FireAndForgetConn)
		if !ok {
			return fmt.Errorf("%s has no fire-and-forget", s.contender.Name)
		}
		running.Go(func() {
			send, sent := conn.FireAndForget(Pattern(uint64(i), s.Size)), uint64(0)
			for t.claim() {
				if err := send(); err != nil {
					t.failed(err)
					break
				}
				sent++
			}
			t.requests.Add(sent)
		})
	}
	running.Wait()
	for _, conn := range s.conns {
		data := Pattern(0, s.Size)
		answer, err := conn.RequestResponse(data)()
		if err == nil {
			err = sameAnswer(data, answer, true)
		}
		if err != nil {
			t.failed(fmt.Errorf("the request behind the fire-and-forgets: %w", err))
		}
	}
	return nil
}
