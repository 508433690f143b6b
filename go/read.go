package rsocket

import (
	"math/bits"
	"sync"

	"github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go/internal/ffi"
)

const (
	// idleBuffer is what an idle connection holds to read into; a busy one takes a readBuffer from a pool, and a longer
	// one for a frame that does not fit. It keeps a keptBuffer at most between frames.
	idleBuffer = 512
	readBuffer = 64 << 10
	keptBuffer = 128 << 10
	// maxEvents is what one turn of the reader can hear.
	maxEvents = 1024
	// calmReads is how many small reads in a row make a connection idle again.
	calmReads = 64
)

// reader holds received bytes until they are whole frames. One goroutine at a time has the role; it changes hands
// between batches when a callback blocks (callbacks.go).
type reader struct {
	// buffer[first:last] is received and not taken by the engine.
	buffer      []byte
	first, last int
	// pooled is what goes back to the pool, if buffer came from there.
	pooled *[]byte
	// calm counts small reads in a row.
	calm int
	// link is where the bytes come from.
	link *link
	// handOver: the client wants to go on with another connection over this transport.
	handOver bool
}

// readScratch is what a turn of the reader needs and an idle connection does not hold.
type readScratch struct {
	events   [maxEvents]ffi.Event
	turn     ffi.Turn
	progress ffi.Progress
}

var (
	readScratches = sync.Pool{New: func() any { return new(readScratch) }}
	// readBuffers has a pool for readBuffer and each of its doubles, up to 16 MiB.
	readBuffers [9]sync.Pool
)

// read is a connection's first reader. Whoever starts a connection calls it, or has a goroutine do so.
func (c *Conn) read() {
	defer c.work.Done()
	c.readLoop(0)
}

// readLoop reads until the transport ends or another goroutine takes over. term counts the goroutines that had the
// role.
func (c *Conn) readLoop(term uint64) {
	if !c.callbacks.run(term) {
		return
	}
	for !c.isClosed() {
		from := c.reader.link
		n, err := from.nc.Read(c.reader.space())
		c.reader.received(n)
		if n > 0 && !c.receive(term) {
			return
		}
		if err != nil {
			c.linkFailed(from, transportError("read", err))
			c.nextLink(from)
		}
	}
	c.drainTransport()
}

// receive hands received bytes to the engine, and out what follows; false when another goroutine reads on.
func (c *Conn) receive(term uint64) bool {
	s := readScratches.Get().(*readScratch)
	defer readScratches.Put(s)
	for {
		bytes := c.reader.unread()
		s.turn = ffi.Turn{Now: c.now(), Received: bytes, Events: s.events[:]}
		arena, _, result := c.engine.drive(&s.turn, &s.progress, c.reader.link)
		if result == resultStale {
			return true
		}
		if result != ffi.ResultOK {
			c.terminate(engineFailure(result))
			return true
		}
		used, heard, flags := s.progress.ReceivedUsed, s.progress.EventsLen, s.progress.Flags
		c.handleEvents(s.events[:heard], bytes, arena, &c.callbacks)
		c.reader.taken(used, s.progress.ReceivedNeeded)
		if flags&ffi.ProgressMoreOutput != 0 {
			c.kick()
		}
		if c.reader.handOver {
			c.handOver()
			return true
		}
		if !c.callbacks.run(term) {
			return false
		}
		if c.isClosed() || used == len(bytes) || heard == 0 && used == 0 {
			return true
		}
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
}

// space is where the next bytes go: never empty.
func (r *reader) space() []byte {
	if r.buffer == nil {
		r.buffer = make([]byte, idleBuffer)
	}
	if r.last == len(r.buffer) {
		r.compact()
	}
	return r.buffer[r.last:]
}

// received notes that n bytes came in.
func (r *reader) received(n int) {
	r.last += n
	if n < idleBuffer/2 {
		r.calm++
	} else {
		r.calm = 0
	}
}

func (r *reader) unread() []byte {
	return r.buffer[r.first:r.last]
}

// taken notes that the engine is done with some bytes, and makes room for the frame that it needs next.
func (r *reader) taken(used, needed int) {
	r.first += used
	if r.first == r.last {
		r.first, r.last = 0, 0
	}
	r.resize(needed)
}

// resize fits the buffer to what goes on. A frame's announced length is believed only as fast as it arrives: the
// buffer at most doubles.
func (r *reader) resize(needed int) {
	held := r.last - r.first
	switch {
	case len(r.buffer) < readBuffer && r.calm == 0:
		r.change(readBuffer)
	case needed > len(r.buffer) && held*2 >= len(r.buffer):
		r.change(2 * len(r.buffer))
	case held == 0 && len(r.buffer) > idleBuffer && r.calm >= calmReads:
		r.change(idleBuffer)
	case held == 0 && len(r.buffer) > keptBuffer:
		r.change(readBuffer)
	}
}

// change gets a buffer of another size, a power of two.
func (r *reader) change(size int) {
	class := bufferClass(size)
	if class < 0 || class >= len(readBuffers) {
		r.move(make([]byte, size), nil)
		return
	}
	pooled, ok := readBuffers[class].Get().(*[]byte)
	if !ok {
		made := make([]byte, size)
		pooled = &made
	}
	r.move(*pooled, pooled)
}

// bufferClass is the index of a size's pool; negative below readBuffer.
func bufferClass(size int) int {
	return bits.Len(uint(size/readBuffer)) - 1
}

// compact moves the bytes to the front, and grows a buffer that is full all the same.
func (r *reader) compact() {
	if r.first > 0 {
		r.last = copy(r.buffer, r.buffer[r.first:r.last])
		r.first = 0
		return
	}
	r.change(2 * len(r.buffer))
}

// move changes the buffer and keeps its bytes.
func (r *reader) move(to []byte, pooled *[]byte) {
	r.last = copy(to, r.unread())
	r.first = 0
	r.giveBack()
	r.buffer, r.pooled = to, pooled
}

func (r *reader) giveBack() {
	if r.pooled != nil {
		readBuffers[bufferClass(len(*r.pooled))].Put(r.pooled)
		r.pooled = nil
	}
	r.buffer = nil
}
