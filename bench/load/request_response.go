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
		conn := s.conns[i%len(s.conns)]
		running.Go(func() { s.oneAfterTheOther(t, conn, i) })
	}
	running.Wait()
}

func (s *session) oneAfterTheOther(t *tally, conn Conn, goroutine int) {
	seed := uint64(goroutine) << 32
	data := Pattern(seed, s.Size)
	request := conn.RequestResponse(data)
	for t.claim() {
		if s.Check {
			seed++
			data = Pattern(seed, s.Size)
			request = conn.RequestResponse(data)
		}
		start := time.Now()
		answer, err := request()
		took := time.Since(start)
		if err == nil {
			err = sameAnswer(data, answer, s.Check)
		}
		if err != nil {
			t.failed(err)
			return
		}
		t.answered(goroutine, took)
	}
}
