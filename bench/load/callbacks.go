package load

import (
	"fmt"
	"sync"
	"time"
)

// place is room for one request in flight: its callback makes the next one, so that a request allocates nothing here and no goroutine waits.
type place struct {
	session *session
	tally   *tally
	index   int // of the connection
	seed    uint64
	data    []byte
	ask     func(func([]byte, error)) error
	done    func([]byte, error)
	started time.Time
	free    *sync.WaitGroup
}

func (s *session) callbacks(t *tally) error {
	var places sync.WaitGroup
	for i, conn := range s.conns {
		calling, ok := conn.(CallbackConn)
		if !ok {
			return fmt.Errorf("%s has no callback form", s.contender.Name)
		}
		for j := range s.InFlight {
			at := &place{session: s, tally: t, index: i, seed: uint64(i*s.InFlight+j) << 32, data: s.data, free: &places}
			at.ask = calling.RequestResponseFunc(s.requests[i])
			at.done = at.answered
			places.Add(1)
			at.next(time.Now())
		}
	}
	places.Wait()
	return nil
}

// next makes a request, as long as requests shall be made.
func (p *place) next(now time.Time) {
	if p.tally.errors.Load() > 0 || !p.tally.claim() {
		p.free.Done()
		return
	}
	if p.session.Check {
		conn := p.session.conns[p.index]
		p.seed++
		p.data = Pattern(p.seed, p.session.Size)
		p.ask = conn.(CallbackConn).RequestResponseFunc(conn.NewRequest(p.data))
	}
	p.started = now
	if err := p.ask(p.done); err != nil {
		p.answered(nil, err) // it was not sent, so nobody else calls it
	}
}

func (p *place) answered(answer []byte, err error) {
	now := time.Now()
	if err == nil {
		err = sameAnswer(p.data, answer, p.session.Check)
	}
	if err != nil {
		p.tally.failed(err)
	} else {
		p.tally.answered(p.index, now.Sub(p.started))
	}
	p.next(now)
}
