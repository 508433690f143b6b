package load

import (
	"fmt"
	"sync"
	"time"
)

// senders is how many goroutines send in the callback form, however many requests are in flight. What they send while one of them writes
// goes out in the next write.
const senders = 4

// place is room for one request in flight. One request after the other uses it, so that a request allocates nothing here.
type place struct {
	seed    uint64
	data    []byte
	ask     func(func([]byte, error)) error
	started time.Time
	done    func([]byte, error)
}

func (s *session) callbacks(t *tally) error {
	var running sync.WaitGroup
	for i, conn := range s.conns {
		if _, ok := conn.(CallbackConn); !ok {
			return fmt.Errorf("%s has no callback form", s.contender.Name)
		}
		running.Go(func() { s.callbacksOn(t, i) })
	}
	running.Wait()
	return nil
}

func (s *session) callbacksOn(t *tally, index int) {
	conn := s.conns[index].(CallbackConn)
	free := make(chan *place, s.InFlight) // room for all, so that a callback never blocks
	for i := range s.InFlight {
		at := &place{seed: uint64(index*s.InFlight+i) << 32, data: s.data, ask: conn.RequestResponseFunc(s.requests[index])}
		at.done = func(answer []byte, err error) {
			took := time.Since(at.started)
			if err == nil {
				err = sameAnswer(at.data, answer, s.Check)
			}
			if err != nil {
				t.failed(err)
				t.over.Store(true)
			} else {
				t.answered(index, took)
			}
			free <- at
		}
		free <- at
	}
	var sending sync.WaitGroup
	for range min(senders, s.InFlight) {
		sending.Go(func() { s.sendFrom(t, s.conns[index], free) })
	}
	sending.Wait()
	for range s.InFlight {
		<-free
	}
}

// sendFrom sends a request whenever there is a free place, as long as requests shall be made.
func (s *session) sendFrom(t *tally, conn Conn, free chan *place) {
	for at := range free {
		if t.errors.Load() > 0 || !t.claim() {
			free <- at
			return
		}
		if s.Check {
			at.seed++
			at.data = Pattern(at.seed, s.Size)
			at.ask = conn.(CallbackConn).RequestResponseFunc(conn.NewRequest(at.data))
		}
		at.started = time.Now()
		if err := at.ask(at.done); err != nil {
			at.done(nil, err) // it was not sent, so nobody else calls it
		}
	}
}
