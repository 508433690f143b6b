package rsocket

import (
	"sync"

	"github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go/internal/ffi"
)

const (
	// idleBuffer is what an idle connection holds to read into; a busy one takes a readBuffer, and for a long frame one
	// that it fills (receive_buffer.go). It keeps a keptBuffer at most between frames.
	idleBuffer = 512
	readBuffer = 64 << 10
	keptBuffer = 128 << 10
	// maxEvents is what one turn of the reader can hear.
	maxEvents = 1024
	// calmReads is how many small reads in a row make a connection idle again.
	calmReads = 64
)

// readScratch is what a turn of the reader needs and an idle connection does not hold.
type readScratch struct {
	events   [maxEvents]ffi.Event
	turn     ffi.Turn
	progress ffi.Progress
}

var readScratches = sync.Pool{New: func() any { return new(readScratch) }}

// read is a connection's first reader. Whoever starts a connection has a goroutine call it.
func (c *Conn) read() {
	defer c.work.Done()
	c.readLoop(0)
}

// readLoop reads until the transport ends or another goroutine takes over. term counts the goroutines that had the
// role.
func (c *Conn) readLoop(term uint64) {
	if !c.inline.run(term) {
		return
	}
	for !c.isClosed() {
		from := c.reader.link
		n, err := c.readFrom(from)
		c.reader.received(n)
		if n > 0 && !c.receive(term) {
			return
		}
		if c.reader.renew && err == nil {
			c.reader.renew = false
			c.work.Go(func() { c.readLoop(term) })
			return
		}
		if err != nil {
			c.linkFailed(from, transportError("read", err))
			c.nextLink(from)
		}
	}
	c.drainTransport()
}

// readFrom reads what comes next.
func (c *Conn) readFrom(l *link) (int, error) {
	if l.poll.isDue() {
		if n := l.poll.read(l.nc, c.reader.space(), c.now); n > 0 {
			return n, nil
		}
	}
	return l.nc.Read(c.reader.space())
}

// receive hands received bytes to the engine, and out what follows; false when another goroutine reads on.
func (c *Conn) receive(term uint64) bool {
	s := readScratches.Get().(*readScratch)
	defer readScratches.Put(s)
	for {
		bytes := c.reader.unread()
		s.turn.Now, s.turn.Received, s.turn.Events = c.now(), bytes, s.events[:]
		arena, _, result := c.engine.drive(&s.turn, &s.progress, c.reader.link)
		if result == resultStale {
			return true
		}
		if result != ffi.ResultOK {
			c.terminate(engineFailure(result))
			return true
		}
		used, heard, flags := s.progress.ReceivedUsed, s.progress.EventsLen, s.progress.Flags
		c.handleEvents(s.events[:heard], bytes, arena, &c.inline)
		c.reader.taken(used, s.progress.ReceivedNeeded)
		c.reader.heard(heard, used)
		if flags&ffi.ProgressMoreOutput != 0 {
			c.kickSoon()
		}
		if c.reader.handOver {
			c.handOver()
			return true
		}
		if !c.inline.run(term) {
			return false
		}
		if c.isClosed() || used == len(bytes) || heard == 0 && used == 0 {
			return true
		}
	}
}

// kickSoon is kick for the reader, which leaves the flush to a goroutine: it reads on, and its stack stays small.
func (c *Conn) kickSoon() {
	if c.becomeKicker() {
		c.handOverFlush()
	}
}

// drainTransport reads what a peer still sends on a connection that is over, so that the operating system does not
// answer it with a reset that would overtake our last frame. Then it closes everything. The deadline bounds it.
func (c *Conn) drainTransport() {
	from := c.reader.link
	for from != nil {
		c.reader.first, c.reader.last = 0, 0
		if _, err := from.nc.Read(c.reader.space()); err != nil {
			break
		}
	}
	from.close()
	c.hangUp()
	c.engine.free()
	c.reader.giveBack()
	c.queue.mu.Lock()
	c.queue.over = true
	c.queue.mu.Unlock()
	if c.server != nil {
		go c.server.end(c)
	}
}
