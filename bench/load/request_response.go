package load

import (
	"sync"
	"time"
)

// requestResponse keeps so many requests in flight on each connection.
func (s *session) requestResponse(t *tally) error {
	if s.Form == Callback {
		return s.callbacks(t)
	}
	s.blocking(t)
	return nil
}

// blocking has a goroutine for each request in flight. One whose request fails makes no more: a load with errors is not worth its figures.
func (s *session) blocking(t *tally) {
	var running sync.WaitGroup
	for i := range s.InFlight * len(s.conns) {
		running.Go(func() { s.oneAfterTheOther(t, i) })
	}
	running.Wait()
}

func (s *session) oneAfterTheOther(t *tally, goroutine int) {
	at := goroutine % len(s.conns)
	conn, data, seed := s.conns[at], s.data, uint64(goroutine)<<32
	ask := conn.RequestResponse(s.requests[at])
	var differs error
	look := func(answer []byte) { differs = sameAnswer(data, answer, s.Check) }
	for start := time.Now(); t.claim(); {
		if s.Check {
			seed++
			data = Pattern(seed, s.Size)
			ask = conn.RequestResponse(conn.NewRequest(data))
		}
		err := ask(look)
		end := time.Now() // and the start of the next
		took := end.Sub(start)
		start = end
		if err == nil {
			err = differs
		}
		if err != nil {
			t.failed(err)
			return
		}
		t.answered(goroutine, took)
	}
}
