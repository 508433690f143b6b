package rsocket

import (
	"math"
	"net"
	"runtime"
	"sync/atomic"
	"time"
)

// Where a peer on the same machine answers within some microseconds, most of a round trip is the system waking threads that went to
// sleep meanwhile. So a reader looks for bytes again for a moment before it sleeps, as long as it finds that this pays. Over a network,
// or with a peer that takes its time, it does not.
const (
	// busyPollTime bounds one look.
	busyPollTime = 20 * time.Microsecond
	// busyPollTrial is how many reads there are from one look to the next of a reader for whom it does not pay.
	busyPollTrial = 64

	// A look that finds bytes pays for two that do not, the first one that does for some more. What has been paid for and not had is bounded.
	busyPollGain  = 2
	busyPollStart = 8
	busyPollMax   = 16
)

// busyPollers counts the readers of the process that look right now.
var busyPollers atomic.Int32

// startBusyPoll reports whether one more may look where no more than most should.
func startBusyPoll(most int32) bool {
	if busyPollers.Add(1) <= most {
		return true
	}
	busyPollers.Add(-1)
	return false
}

// busyPollHabit learns whether looking pays.
type busyPollHabit struct {
	credit int8
	reads  uint8
}

// isDue is whether to look before this read.
func (h *busyPollHabit) isDue() bool {
	if h.credit > 0 {
		return true
	}
	h.reads++
	return h.reads%busyPollTrial == 0
}

func (h *busyPollHabit) paid() {
	if h.credit == 0 {
		h.credit = busyPollStart
		return
	}
	h.credit = min(h.credit+busyPollGain, busyPollMax)
}

func (h *busyPollHabit) failed() {
	h.credit = max(h.credit-1, 0)
}

// busyPoll is the habit of a transport's reader.
type busyPoll struct {
	habit busyPollHabit
	// most is how many readers of the process may look at a time; 0 where this transport's cannot.
	most int32
	// arrived is nil before the first look.
	arrived *arrivedReader
}

// newBusyPoll is for a transport whose bytes are the connection's as they come from the system. Half of the process's processors look
// at most, so with a single one nobody does.
func newBusyPoll(nc net.Conn) busyPoll {
	if !canReadArrived(nc) {
		return busyPoll{}
	}
	return busyPoll{most: int32(min(runtime.GOMAXPROCS(0), math.MaxInt32) / 2)}
}

func (p *busyPoll) isDue() bool {
	return p.most > 0 && p.habit.isDue()
}

// read reads what arrives within a moment, on the clock now. When it returns 0, nc.Read says why, or waits.
func (p *busyPoll) read(nc net.Conn, space []byte, now func() int64) int {
	if p.arrived == nil {
		p.arrived = newArrivedReader(nc)
	}
	// Those whom the last turn of the reader woke go first: what they send may be what the peer waits for.
	runtime.Gosched()
	n, waiting := p.arrived.read(space)
	if !waiting {
		return n // A read that sleeps would have found it as well.
	}
	if !startBusyPoll(p.most) {
		return 0
	}
	defer busyPollers.Add(-1)
	for until := now() + int64(busyPollTime); now() < until; {
		if n, waiting = p.arrived.read(space); !waiting {
			p.habit.paid()
			return n
		}
	}
	p.habit.failed()
	return 0
}
