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
	// timed: the connection learns from it how long handlers take.
	timed bool
}

// workers call the handlers of request-responses, fire-and-forgets and metadata-pushes that the reader does not call
// itself (inline.go), in goroutines that take one call after the other.
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

	// arrived are calls that the reader has not placed; nil while there are none. Only the reader uses it.
	arrived *[]handlerCall
	habit   handlerHabit
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

// arrive notes a call, to be placed when the reader's turn ends.
func (w *workers) arrive(call handlerCall) {
	if w.arrived == nil {
		w.arrived = handlerCalls.Get().(*[]handlerCall)
		call.timed = true
	}
	*w.arrived = append(*w.arrived, call)
}

// placeCalls has the reader call the handlers that have arrived, or workers, as where callbacks go first, which may take their
// time. Only the reader calls it.
func (c *Conn) placeCalls() {
	w := &c.workers
	if w.arrived == nil {
		return
	}
	if !w.habit.isQuick(len(*w.arrived)) || !c.inline.isIdle() || c.reader.handOver {
		c.handOverCalls()
		return
	}
	c.inline.addHandlers(w.arrived)
	w.arrived = nil
}

// handOverCalls lets workers have what has arrived. Only the reader calls it.
func (c *Conn) handOverCalls() {
	if arrived := c.workers.arrived; arrived != nil {
		c.workers.arrived = nil
		c.giveToWorkers(arrived, 0)
	}
}

// giveToWorkers lets workers have calls[next:]. The memory of all of them is given with that.
func (c *Conn) giveToWorkers(calls *[]handlerCall, next int) {
	w := &c.workers
	w.mu.Lock()
	switch {
	case next == len(*calls):
	case w.calls == nil:
		w.calls, w.next, calls = calls, next, nil
	default:
		*w.calls, w.next = enqueue(*w.calls, w.next, (*calls)[next:]...)
	}
	start := w.noteWaiting()
	w.mu.Unlock()
	if calls != nil {
		recycleCalls(calls)
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
		call.request.answer(call.timed)
	case call.pushed:
		c.notify("metadata-push", call.timed, func() { c.handler.MetadataPush(c.context(), call.payload.GetMetadata()) })
	default:
		c.notify("fire-and-forget", call.timed, func() { c.handler.FireAndForget(c.context(), call.payload) })
	}
}

// unlockAndFlushAnswer ends the submission of an answer. While calls wait, it leaves the flush to the worker that is coming, or
// to whoever finds nothing more to do, unless there is plenty. Where the reader calls handlers, what came together is answered
// together.
func (c *Conn) unlockAndFlushAnswer() {
	q := &c.queue
	if q.corked {
		if !q.batch.isPlenty(maxBatchCommands) {
			q.mu.Unlock()
			return
		}
		c.unlockAndFlushAlone()
		return
	}
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
