package load

import (
	"fmt"
	"time"
)

// session is a client with its connections.
type session struct {
	Settings
	contender Contender
	conns     []Conn
	// What is sent, unless each request has data of its own.
	data     []byte
	requests []Request // for each connection
}

// open makes the connections and warms them up.
func open(contender Contender, settings Settings) (*session, error) {
	s := &session{Settings: settings, contender: contender, data: Pattern(1, settings.Size)}
	if s.Workload == Dial || s.Workload == Idle {
		return s, nil // connecting is what is measured
	}
	for range s.Connections {
		conn, err := s.dialAndUse()
		if err != nil {
			s.close()
			return nil, err
		}
		s.conns = append(s.conns, conn)
		s.requests = append(s.requests, conn.NewRequest(s.data))
	}
	if s.WarmUp == 0 {
		return s, nil
	}
	result, err := s.run(0, s.WarmUp)
	if err == nil && result.Errors > 0 {
		err = fmt.Errorf("%d errors, the first: %s", result.Errors, result.FirstError)
	}
	if err != nil {
		s.close()
		return nil, fmt.Errorf("warming up: %w", err)
	}
	return s, nil
}

// run does the workload: so many requests if there are any, for so long otherwise.
func (s *session) run(requests uint64, duration time.Duration) (Result, error) {
	switch s.Workload {
	case Mixed:
		return s.mixed(requests, duration)
	case Idle:
		return s.idle(), nil
	}
	t := newTally(requests, duration)
	var err error
	switch s.Workload {
	case RequestResponse:
		err = s.requestResponse(t)
	case FireAndForget:
		err = s.fireAndForget(t)
	case RequestStream:
		err = s.streams(t)
	case RequestChannel:
		err = s.channels(t)
	case Dial:
		s.dials(t)
	default:
		err = fmt.Errorf("unknown workload %q", s.Workload)
	}
	return t.result(), err
}

func (s *session) close() {
	for _, conn := range s.conns {
		conn.Close()
	}
}
