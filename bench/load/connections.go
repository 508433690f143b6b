package load

import (
	"errors"
	"fmt"
	"sync"
	"time"
)

// dials connects, makes a request and closes, again and again.
func (s *session) dials(t *tally) {
	var running sync.WaitGroup
	for i := range s.InFlight {
		running.Go(func() {
			for t.claim() {
				start := time.Now()
				conn, err := s.dialAndUse()
				if err != nil {
					t.failed(err)
					return
				}
				t.answered(i, time.Since(start))
				conn.Close()
			}
		})
	}
	running.Wait()
}

// dialing is how many connections are made at a time where many are.
const dialing = 32

// idle makes so many connections, uses each once and keeps them.
func (s *session) idle() Result {
	t := newTally(uint64(s.Connections), 0)
	var mu sync.Mutex
	var running sync.WaitGroup
	for i := range min(dialing, s.Connections) {
		running.Go(func() {
			for t.claim() {
				start := time.Now()
				conn, err := s.dialAndUse()
				if err != nil {
					t.failed(err)
					return
				}
				t.answered(i, time.Since(start))
				mu.Lock()
				s.conns = append(s.conns, conn)
				mu.Unlock()
			}
		})
	}
	running.Wait()
	return t.result()
}

// dialAndUse returns a connection on which a request has been answered.
func (s *session) dialAndUse() (Conn, error) {
	conn, err := s.contender.Dial(s.Settings)
	if err != nil {
		return nil, fmt.Errorf("connecting to %s: %w", s.Connect, err)
	}
	if err := s.askOnce(conn, conn.NewRequest(s.data)); err != nil {
		conn.Close()
		return nil, fmt.Errorf("the first request: %w", err)
	}
	return conn, nil
}

// askOnce makes one request and looks at all of its answer.
func (s *session) askOnce(conn Conn, request Request) error {
	var differs error
	err := conn.RequestResponse(request)(func(answer []byte) { differs = sameAnswer(s.data, answer, true) })
	return errors.Join(err, differs)
}
