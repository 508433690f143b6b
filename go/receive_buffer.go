package rsocket

import "unsafe"

const (
	// longFrame is the length above which a frame is received by itself, into memory that its payload can keep: a read
	// for each costs less then than a copy.
	longFrame = readBuffer / 2
	// minCeded is the least payload that can keep the memory that it came in.
	minCeded = longFrame / 2
)

// reader holds received bytes until they are whole frames. One goroutine at a time has the role; it changes hands
// between batches when a call of the reader blocks (inline.go).
type reader struct {
	// buffer[first:last] is received and not taken by the engine. Its length may be less than what there is, so that a
	// read ends where a long frame does.
	buffer      []byte
	first, last int
	// ceded: the buffer is a payload's.
	ceded bool
	// awaited is the length of the long frame that the buffer begins with, and frame that of the last one that came,
	// as long as nothing else does: the next one is likely to be like it.
	awaited, frame int
	// calm counts small reads in a row.
	calm int
	// link is where the bytes come from.
	link *link
	// handOver: the client wants to go on with another connection over this transport.
	handOver bool
	// renew: a new goroutine is to read on, with the small stack that is enough as a rule. A stack that has grown does not
	// shrink to that size again while somebody waits on it.
	renew bool
	// busy: there was something to do since the last renewal.
	busy bool
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
	if n >= idleBuffer/2 {
		r.calm = 0
		return
	}
	if r.calm++; r.calm == calmReads {
		r.renew = true
	}
}

// heard notes how many events some bytes had. Those of a keepalive have none: little happens, so the stack can be small.
func (r *reader) heard(events, bytes int) {
	switch {
	case events > 0:
		r.busy = true
	case bytes > 0 && r.busy:
		r.busy, r.renew = false, true
	}
}

func (r *reader) unread() []byte {
	return r.buffer[r.first:r.last]
}

// cede leaves the buffer to a payload that is at an offset of what is unread, if the payload is at least half of it, and
// the end of what was received: whoever has the payload may release it while the reader goes on.
func (r *reader) cede(offset, size int) (memory, bool) {
	before := r.first + offset
	if size < minCeded || 2*size < cap(r.buffer) || before > maxBefore || before+size != r.last {
		return 0, false
	}
	r.ceded = true
	return memoryOf(cap(r.buffer), before), true
}

// taken notes that the engine is done with some bytes, and makes room for the frame that it needs next.
func (r *reader) taken(used, needed int) {
	r.first += used
	if r.first == r.last {
		r.noteFrame()
		r.first, r.last = 0, 0
	}
	r.awaited = 0
	if needed > longFrame {
		r.awaited = needed
	}
	r.resize(needed)
}

// noteFrame looks at what has been taken, the whole buffer.
func (r *reader) noteFrame() {
	r.frame = 0
	if r.ceded || r.awaited == r.last {
		r.frame = r.last
	}
	if r.ceded {
		r.ceded = false
		r.buffer = nil
	}
}

// resize fits the buffer to what goes on.
func (r *reader) resize(needed int) {
	held := r.last - r.first
	switch {
	case r.awaited > 0 && r.believes(needed):
		r.fit(needed)
	case held == 0 && r.calm >= calmReads:
		r.fit(idleBuffer)
	case held == 0 && r.frame > longFrame && r.frame <= keptBuffer:
		r.fit(r.frame)
	case len(r.buffer) < readBuffer && (r.calm == 0 || r.frame > 0):
		r.change(readBuffer)
	case needed > len(r.buffer) && held*2 >= len(r.buffer):
		r.change(2 * len(r.buffer))
	case held == 0 && len(r.buffer) > keptBuffer:
		r.change(readBuffer)
	}
}

// believes tells whether to have memory for a frame that is announced. That is so for ordinary lengths and for the one
// before; otherwise a length is believed only as fast as it arrives: the buffer at most doubles.
func (r *reader) believes(needed int) bool {
	if needed <= max(readBuffer, min(r.frame, keptBuffer)) {
		return true
	}
	held := r.last - r.first
	return held*2 >= len(r.buffer) && needed <= 2*len(r.buffer)
}

// fit has the buffer end after so many bytes that are not taken yet, in memory of about that size.
func (r *reader) fit(size int) {
	if cap(r.buffer) < size || cap(r.buffer) > 2*size {
		r.change(size)
		return
	}
	r.moveToFront()
	r.buffer = r.buffer[:size]
}

// compact makes room in a buffer that is full to its end.
func (r *reader) compact() {
	if r.first > 0 {
		r.moveToFront()
		return
	}
	r.change(2 * len(r.buffer))
}

func (r *reader) moveToFront() {
	r.last = copy(r.buffer, r.unread())
	r.first = 0
}

// change gets a buffer of another size and keeps the bytes.
func (r *reader) change(size int) {
	to := newReceiveBuffer(size)
	r.last = copy(to, r.unread())
	r.first = 0
	r.giveBack()
	r.buffer = to
}

func (r *reader) giveBack() {
	if size := cap(r.buffer); size >= longFrame && size <= maxRecycled {
		recycleBytes(unsafe.Pointer(unsafe.SliceData(r.buffer)), len(r.buffer), uint32(size))
	}
	r.buffer = nil
}

// newReceiveBuffer makes one of this length.
func newReceiveBuffer(size int) []byte {
	if size < longFrame {
		return make([]byte, size)
	}
	if bytes, capacity := recycledBytes(size); bytes != nil {
		return unsafe.Slice((*byte)(bytes), capacity)[:size]
	}
	// Go's allocator rounds up to this, so that lengths that differ little can use each other's memory.
	const page = 8 << 10
	return make([]byte, size, (size+page-1)/page*page)
}
