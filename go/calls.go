package rsocket

import (
	"context"
	"math/bits"
	"slices"
	"sync"
	"sync/atomic"
)

// call is one request of this side that waits for its answer.
//
// Exactly one of completion, cancellation and the end of the connection claims it; the others come late and find the
// token gone. Calls are reused, and the token changes with every use, so a late one cannot touch the next request.
type call struct {
	// token names the request while nobody has claimed it, else 0.
	token atomic.Uint64
	// opening is the call's command.
	opening opening
	// done gets a value when the blocking form has its outcome.
	done chan struct{}
	// callback is set in the callback form.
	callback ResponseCallback

	payload *Payload
	err     error
}

// claim makes the caller the one who ends the request.
func (c *call) claim(token uint64) bool {
	return c.token.CompareAndSwap(token, 0)
}

// wait returns true when the outcome is there, and false when ctx ended first and the caller has claimed the call.
func (c *call) wait(ctx context.Context, token uint64) bool {
	canceled := ctx.Done()
	if canceled == nil {
		<-c.done
		return true
	}
	select {
	case <-c.done:
		return true
	case <-canceled:
		if c.claim(token) {
			return false
		}
		<-c.done // The outcome was faster.
		return true
	}
}

const (
	// firstCalls is how many places for calls a connection begins with. They are doubled when all are taken.
	firstCalls = 4
	// Tokens above this name payloads, not calls: see submit.go.
	maxGeneration = 1<<30 - 1
	indexMask     = 1<<32 - 1
)

// callSlot is a place for an open call. Its index is part of the call's token.
type callSlot struct {
	generation uint32
	// One of the two is set while the place is taken.
	call   atomic.Pointer[call]
	stream atomic.Pointer[Stream]
}

// callTable names open calls by dense indices with generations: token = generation<<32 | index.
//
// It is changed under the submission queue's lock. Readers find a token's call without the lock: the chunks never
// move, and the engine gives a token back only after the lock was held to hand it in.
type callTable struct {
	// chunks have the places: firstCalls of them, and each further one as many as those before it together.
	chunks atomic.Pointer[[][]callSlot]
	free   []uint32
	max    int
	// open counts the calls; read without the lock as a hint.
	open atomic.Int64
	// pool keeps calls for reuse. It belongs to one connection because tokens do.
	pool sync.Pool
}

// newCall returns a call that nobody has claimed yet, without a name.
func (t *callTable) newCall() *call {
	if reused, ok := t.pool.Get().(*call); ok {
		return reused
	}
	return &call{done: make(chan struct{}, 1)}
}

// recycle takes back a call whose outcome has been read.
func (t *callTable) recycle(c *call) {
	c.payload, c.err, c.callback = nil, nil, nil
	t.pool.Put(c)
}

// add names a call. False when too many are open.
func (t *callTable) add(c *call) (token uint64, ok bool) {
	slot, token := t.newToken()
	if slot == nil {
		return 0, false
	}
	c.token.Store(token)
	slot.call.Store(c)
	return token, true
}

// addStream names a stream. False when too many requests are open.
func (t *callTable) addStream(s *Stream) bool {
	slot, token := t.newToken()
	if slot == nil {
		return false
	}
	s.token = token
	slot.stream.Store(s)
	return true
}

// newToken takes a free place.
func (t *callTable) newToken() (*callSlot, uint64) {
	if len(t.free) == 0 && !t.grow() {
		return nil, 0
	}
	last := len(t.free) - 1
	index := t.free[last]
	t.free = t.free[:last]
	slot := t.slot(index)
	slot.generation = slot.generation%maxGeneration + 1
	t.open.Add(1)
	return slot, uint64(slot.generation)<<32 | uint64(index)
}

// findStream is the open stream with this token, or nil.
func (t *callTable) findStream(token uint64) *Stream {
	slot := t.slot(uint32(token & indexMask))
	if slot == nil {
		return nil
	}
	if s := slot.stream.Load(); s != nil && s.token == token {
		return s
	}
	return nil
}

// grow makes room for as many calls again as there are, or for the first ones.
func (t *callTable) grow() bool {
	var chunks [][]callSlot
	first, size := 0, firstCalls
	if old := t.chunks.Load(); old != nil {
		chunks = *old
		first = firstCalls << (len(chunks) - 1)
		size = first
	}
	if first >= t.max {
		return false
	}
	grown := append(slices.Clip(chunks), make([]callSlot, size))
	t.chunks.Store(&grown)
	for index := min(first+size, t.max) - 1; index >= first; index-- {
		t.free = append(t.free, uint32(index))
	}
	return true
}

// slot is the place with this index, or nil.
func (t *callTable) slot(index uint32) *callSlot {
	chunks := t.chunks.Load()
	if chunks == nil {
		return nil
	}
	chunk := bits.Len32(index / firstCalls)
	if chunk >= len(*chunks) {
		return nil
	}
	// The index of a chunk's first place is 0 or the chunk's length, which is a power of two.
	places := (*chunks)[chunk]
	return &places[int(index)&(len(places)-1)]
}

// take claims the call with this token for the caller, or returns nil when somebody else has. The index stays in use
// until it is released.
func (t *callTable) take(token uint64) *call {
	slot := t.slot(uint32(token & indexMask))
	if slot == nil {
		return nil
	}
	c := slot.call.Load()
	if c == nil || !c.claim(token) {
		return nil
	}
	return c
}

// release frees the index of a claimed token.
func (t *callTable) release(token uint64) {
	index := uint32(token & indexMask)
	slot := t.slot(index)
	slot.call.Store(nil)
	slot.stream.Store(nil)
	t.free = append(t.free, index)
	t.open.Add(-1)
}

// takeAll claims every open call, and tells every open stream.
func (t *callTable) takeAll() (taken []*call, streams []*Stream) {
	chunks := t.chunks.Load()
	if chunks == nil {
		return nil, nil
	}
	for _, chunk := range *chunks {
		for i := range chunk {
			if s := chunk[i].stream.Load(); s != nil {
				streams = append(streams, s)
			}
			c := chunk[i].call.Load()
			if c == nil {
				continue
			}
			if token := c.token.Load(); token != 0 && c.claim(token) {
				taken = append(taken, c)
			}
		}
	}
	return taken, streams
}
