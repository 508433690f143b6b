package fairness

import (
	"net"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// pace is what the slow link carries each way, in bytes a second. Whoever writes waits for it, so that what is ahead
	// of a frame is with the library and not with the system.
	pace = 20 << 20
	// paceStep is what the link takes at once.
	paceStep = 4 << 10
	// paceLag is how far the link may fall behind and catch up: sleeping is not exact.
	paceLag = 5 * time.Millisecond
)

// paced is one end of a slow link.
type paced struct {
	net.Conn
	// sent counts the bytes that have left.
	sent atomic.Int64
	// frames hears of each frame that has begun to leave; may be nil.
	frames func(stream uint32, kind byte)

	mu sync.Mutex
	// free is when the link has sent what it was given.
	free time.Time
	scan scanner
}

func (p *paced) Write(data []byte) (written int, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(data) > 0 {
		step := data[:min(len(data), paceStep)]
		if earliest := time.Now().Add(-paceLag); p.free.Before(earliest) {
			p.free = earliest
		}
		p.free = p.free.Add(time.Duration(len(step)) * time.Second / pace)
		time.Sleep(time.Until(p.free))
		n, err := p.Conn.Write(step)
		written += n
		p.sent.Add(int64(n))
		if p.frames != nil {
			p.scan.feed(step[:n], p.frames)
		}
		if err != nil {
			return written, err
		}
		data = data[n:]
	}
	return written, nil
}

// scanner finds the frames in a stream of bytes that comes in pieces.
type scanner struct {
	// head collects a frame's length, stream and kind.
	head []byte
	// body is how much of a frame is still to come.
	body int
}

const (
	prefixLen = 3
	headLen   = prefixLen + 5
)

func (s *scanner) feed(data []byte, found func(stream uint32, kind byte)) {
	for len(data) > 0 {
		if skipped := min(s.body, len(data)); skipped > 0 {
			s.body -= skipped
			data = data[skipped:]
			continue
		}
		taken := min(headLen-len(s.head), len(data))
		s.head = append(s.head, data[:taken]...)
		data = data[taken:]
		if len(s.head) < headLen {
			return
		}
		length := int(s.head[0])<<16 | int(s.head[1])<<8 | int(s.head[2])
		stream := uint32(s.head[3])<<24 | uint32(s.head[4])<<16 | uint32(s.head[5])<<8 | uint32(s.head[6])
		found(stream, s.head[7]>>2)
		s.body = length + prefixLen - headLen
		s.head = s.head[:0]
	}
}
