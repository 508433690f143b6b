package rsocket

import (
	"sync"
	"time"
)

const (
	// blockedAfter is how long a callback may take before the connection is read by another goroutine. It is noticed after
	// that time again at most, so that no callback's start and end have to be timed.
	blockedAfter = 10 * time.Millisecond
	// handlerBlockedAfter is the same for a handler. It is shorter as a handler may block, and a callback should not.
	handlerBlockedAfter = 2 * time.Millisecond
)

// endedCall is a request whose callback has to run.
type endedCall struct {
	callback ResponseCallback
	payload  *Payload
	err      error
}

func (e endedCall) run() {
	e.callback(e.payload, e.err)
}

// inlineCall is code of the user's that the reader runs: the callback of a request that has ended, or the handler of one
// that came.
type inlineCall struct {
	ended   endedCall
	handler handlerCall
}

func (i inlineCall) isHandler() bool { return i.ended.callback == nil }

// inlineRunner runs callbacks on the reader, one after the other, and handlers as long as they are quick
// (handler_habit.go): what they send goes out together, and nobody has to be woken. When one blocks, a watchdog starts
// another reader that goes on with the rest; the blocked one leaves when its call returns.
type inlineRunner struct {
	conn *Conn
	mu   sync.Mutex
	// ended[next:] are still to run, and then handlers[nextHandler:], which is nil for none.
	ended       []endedCall
	next        int
	handlers    *[]handlerCall
	nextHandler int
	// term counts the goroutines that had the reader's role.
	term uint64
	// started counts the calls that ran, running is whether the last of them still does, and handling that it is a handler.
	started  uint64
	running  bool
	handling bool
	// blocked counts the readers that were left behind in a callback.
	blocked int
	// The watchdog, while it is awake, looks every now and then; seen is how many had started when it looked last. It is
	// nil before the first call.
	watchdog *time.Timer
	awake    bool
	seen     uint64
}

// add queues a callback. Only the reader does, between runs.
func (r *inlineRunner) add(ended endedCall) {
	r.ended = append(r.ended, ended)
}

// addHandlers queues handlers, as add does.
func (r *inlineRunner) addHandlers(calls *[]handlerCall) {
	r.handlers = calls
}

// isIdle is whether nothing is queued. Only the reader asks.
func (r *inlineRunner) isIdle() bool {
	return len(r.ended) == 0 && r.handlers == nil
}

// run runs what is queued; false when another goroutine has taken over from the one of this term.
func (r *inlineRunner) run(term uint64) bool {
	if r.isIdle() {
		return true
	}
	r.conn.cork()
	var last inlineCall
	returned := true
	defer func() {
		if !returned { // It has ended its goroutine.
			r.replace(term, last)
		}
	}()
	for {
		next, state := r.advance(term, last)
		switch state {
		case inlineDone:
			r.conn.uncork()
			return true
		case inlineTaken:
			return false
		}
		last, returned = next, false
		if next.isHandler() {
			r.conn.handle(next.handler)
		} else {
			next.ended.run()
		}
		returned = true
	}
}

// inlineState is what the reader finds when a call has returned.
type inlineState int

const (
	// inlineLeft: there is another one to run.
	inlineLeft inlineState = iota
	// inlineDone: there is none.
	inlineDone
	// inlineTaken: the reader's role went on without this goroutine.
	inlineTaken
)

// advance ends the last call's run, and takes the next one to run.
func (r *inlineRunner) advance(term uint64, last inlineCall) (inlineCall, inlineState) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.term != term {
		r.leave(last)
		return inlineCall{}, inlineTaken
	}
	var next inlineCall
	switch {
	case r.next < len(r.ended):
		next.ended = r.ended[r.next]
		r.ended[r.next] = endedCall{}
		r.next++
	case r.handlers != nil && r.nextHandler < len(*r.handlers):
		next.handler = (*r.handlers)[r.nextHandler]
		r.nextHandler++
	default:
		r.forget()
		r.running = false
		return inlineCall{}, inlineDone
	}
	r.started++
	r.running, r.handling = true, next.isHandler()
	if !r.awake {
		r.awake = true
		r.seen = r.started
		r.wakeWatchdog()
	}
	return next, inlineLeft
}

// leave is for a goroutine that was left behind in its last call. The lock is held.
func (r *inlineRunner) leave(last inlineCall) {
	if !last.isHandler() {
		r.blocked--
	}
}

// forget empties what is queued. The lock is held.
func (r *inlineRunner) forget() {
	clear(r.ended)
	r.ended, r.next = r.ended[:0], 0
	if r.handlers != nil {
		recycleCalls(r.handlers)
		r.handlers, r.nextHandler = nil, 0
	}
}

// wakeWatchdog has it look in a while; the lock is held.
func (r *inlineRunner) wakeWatchdog() {
	after := blockedAfter
	if r.handling {
		after = handlerBlockedAfter
	}
	if r.watchdog == nil {
		r.watchdog = time.AfterFunc(after, r.check)
		return
	}
	r.watchdog.Reset(after)
}

// check is the watchdog: it replaces a reader that is held up by the call that it saw the last time.
func (r *inlineRunner) check() {
	r.mu.Lock()
	defer r.mu.Unlock()
	seen := r.seen
	r.seen = r.started
	if r.started == seen && !r.running {
		r.awake = false
		return
	}
	r.wakeWatchdog()
	switch {
	case r.started != seen:
	case r.handling:
		r.conn.logger.Debug("a handler blocks the connection's reader; reading goes on without it", "after", handlerBlockedAfter)
		r.takeOver()
	case r.blocked < r.conn.limits.maxBlockedCallbacks:
		r.conn.logger.Warn("a callback blocks the connection's reader; reading goes on without it", "after", blockedAfter)
		r.blocked++
		r.takeOver()
	}
}

// takeOver starts another reader. It leaves handlers to the workers, as they may all be waiting for the same. The lock is held.
func (r *inlineRunner) takeOver() {
	if r.handling {
		r.conn.workers.habit.blocked()
	}
	if r.handlers != nil {
		r.conn.giveToWorkers(r.handlers, r.nextHandler)
		r.handlers, r.nextHandler = nil, 0
	}
	r.running = false
	r.term++
	term := r.term
	r.conn.work.Go(r.conn.uncork)
	r.conn.work.Go(func() { r.conn.readLoop(term) })
}

// replace is for a call that has ended its goroutine, as tests do that fail.
func (r *inlineRunner) replace(term uint64, last inlineCall) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.term != term {
		r.leave(last)
		return
	}
	r.takeOver()
}
