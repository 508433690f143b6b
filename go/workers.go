package rsocket

import (
	"sync"
	"sync/atomic"
)

// handlerCall is a request that a handler is to be called for.
type handlerCall struct {
	// request is one that is to be answered; otherwise payload is of one that has no answer.
	request *inboundRequest
	payload *Payload
	// pushed: it is a METADATA_PUSH.
	pushed bool
}

// workers call the handlers of request-responses, fire-and-forgets and metadata-pushes, in goroutines that take one call
// after the other.
//
// While calls wait there is one worker that has been started and has not come yet. Whoever takes a call and leaves others
// starts that one, so a handler that blocks holds up nobody: the one that is coming goes on with the rest. Where handlers are quick, it
// finds nothing left to do, and a goroutine has been started for many calls.
type workers struct {
	mu sync.Mutex
	// calls[next:] wait, in the order in which they came; nil while none do.
	calls *[]handlerCall
	next  int
	// coming: a worker has been started that has not come yet.
	coming bool
	// waiting counts the calls that wait; read without the lock as a hint.
	waiting atomic.Int64

	// arrived are calls that the reader has not handed over; nil while there are none. Only the reader uses it.
	arrived *[]handlerCall
}

// handlerCalls keeps the memory of calls that wait, which an idle connection does not hold.
var handlerCalls = sync.Pool{New: func() any {
	calls := make([]handlerCall, 0, maxEvents/4)
	return &calls
}}

func recycleCalls(calls *[]handlerCall) {
	if cap(*calls) <= maxEvents {
		clear(*calls)
		*calls = (*calls)[:0]
		handlerCalls.Put(calls)
	}
}

// arrive notes a call, to be handed over when the reader's turn ends.
func (w *workers) arrive(call handlerCall) {
	if w.arrived == nil {
		w.arrived = handlerCalls.Get().(*[]handlerCall)
	}
	*w.arrived = append(*w.arrived, call)
}

// handOverCalls lets workers have what has arrived. Only the reader calls it.
func (c *Conn) handOverCalls() {
	w := &c.workers
	arrived := w.arrived
	if arrived == nil {
		return
	}
	w.arrived = nil
	w.mu.Lock()
	if w.calls == nil {
		w.calls, arrived = arrived, nil
	} else {
		*w.calls = append(*w.calls, *arrived...)
	}
	start := w.noteWaiting()
	w.mu.Unlock()
	if arrived != nil {
		recycleCalls(arrived)
	}
	if start {
		c.startWorker()
	}
}

// noteWaiting reports whether the caller has to start a worker. Called with the lock held.
func (w *workers) noteWaiting() bool {
	waiting := 0
	if w.calls != nil {
		waiting = len(*w.calls) - w.next
	}
	w.waiting.Store(int64(waiting))
	if waiting == 0 || w.coming {
		return false
	}
	w.coming = true
	return true
}

// take is the next call, unless none waits, and whether the caller has to start another worker.
func (w *workers) take(comes bool) (call handlerCall, ok, start bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if comes {
		w.coming = false
	}
	if w.calls == nil {
		return handlerCall{}, false, false
	}
	call = (*w.calls)[w.next]
	(*w.calls)[w.next] = handlerCall{}
	if w.next++; w.next == len(*w.calls) {
		recycleCalls(w.calls)
		w.calls, w.next = nil, 0
	}
	return call, true, w.noteWaiting()
}

func (c *Conn) startWorker() {
	c.work.Add(1) // Whoever calls this is counted itself.
	go c.workOff()
}

// workOff is a worker: it calls handlers as long as calls wait. What they have answered goes out when there is no more to do,
// or plenty; and when a worker comes, as those before it may be held up.
func (c *Conn) workOff() {
	growStack()
	defer c.work.Done()
	returned := false
	defer func() {
		if !returned { // A handler has ended its goroutine.
			c.startWorker()
		}
	}()
	for comes := true; ; comes = false {
		call, ok, start := c.workers.take(comes)
		if start {
			c.startWorker()
		}
		if comes || !ok {
			c.flushAnswers()
		}
		if !ok {
			break
		}
		c.handle(call)
	}
	returned = true
}

// workerStack is about what a handler and the write of its answer take of a stack.
const workerStack = 5 << 10

// growStack gives a new goroutine the stack that it is going to need. Now that costs an allocation; later, what is on the stack
// has to be looked through and copied as well, and more than once.
//
//go:noinline
func growStack() byte {
	var room [workerStack]byte
	return room[stackIndex.Load()]
}

// stackIndex is 0. The compiler does not know that, and so makes the room.
var stackIndex atomic.Int32

func (c *Conn) handle(call handlerCall) {
	switch {
	case call.request != nil:
		call.request.answer()
	case call.pushed:
		c.notify("metadata-push", func() { c.handler.MetadataPush(c.context(), call.payload.GetMetadata()) })
	default:
		c.notify("fire-and-forget", func() { c.handler.FireAndForget(c.context(), call.payload) })
	}
}

// unlockAndFlushAnswer ends the submission of an answer. While calls wait, it leaves the flush to the worker that is coming, or
// to whoever finds nothing more to do, unless there is plenty.
func (c *Conn) unlockAndFlushAnswer() {
	q := &c.queue
	if c.workers.waiting.Load() > 0 && !q.isPlenty() {
		q.mu.Unlock()
		return
	}
	c.unlockAndFlush()
}

// flushAnswers lets out what workers have left to whoever comes later.
func (c *Conn) flushAnswers() {
	c.queue.mu.Lock()
	if c.queue.batch == nil {
		c.queue.mu.Unlock()
		return
	}
	c.unlockAndFlush()
}
