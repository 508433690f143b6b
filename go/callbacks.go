package rsocket

import (
	"sync"
	"time"
)

// blockedAfter is how long a callback may take before the connection is read by another goroutine. It is noticed after
// that time again at most, so that no callback's start and end have to be timed.
const blockedAfter = 10 * time.Millisecond

// endedCall is a request whose callback has to run.
type endedCall struct {
	callback ResponseCallback
	payload  *Payload
	err      error
}

func (e endedCall) run() {
	e.callback(e.payload, e.err)
}

// callbackRunner runs callbacks on the reader, one after the other. When one blocks, a watchdog starts another reader
// that goes on with the rest; the blocked one leaves when its callback returns.
type callbackRunner struct {
	conn *Conn
	mu   sync.Mutex
	// ended[next:] are still to run.
	ended []endedCall
	next  int
	// term counts the goroutines that had the reader's role.
	term uint64
	// started counts the callbacks that ran, and running is whether the last of them still does.
	started uint64
	running bool
	// blocked counts the readers that were left behind in a callback.
	blocked int
	// The watchdog, while it is awake, looks every blockedAfter; seen is how many had started when it looked last. It is nil
	// before the first callback.
	watchdog *time.Timer
	awake    bool
	seen     uint64
}

// add queues a callback. Only the reader does, between runs.
func (r *callbackRunner) add(ended endedCall) {
	r.ended = append(r.ended, ended)
}

// run runs what is queued; false when another goroutine has taken over from the one of this term.
func (r *callbackRunner) run(term uint64) bool {
	if len(r.ended) == 0 {
		return true
	}
	r.conn.cork()
	for {
		ended, state := r.advance(term)
		switch state {
		case callbacksDone:
			r.conn.uncork()
			return true
		case callbacksTaken:
			return false
		}
		ended.run()
	}
}

// callbacksState is what the reader finds when a callback has returned.
type callbacksState int

const (
	// callbackLeft: there is another one to run.
	callbackLeft callbacksState = iota
	// callbacksDone: there is none.
	callbacksDone
	// callbacksTaken: the reader's role went on without this goroutine.
	callbacksTaken
)

// advance ends a callback's run, and takes the next one to run.
func (r *callbackRunner) advance(term uint64) (endedCall, callbacksState) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.term != term {
		r.blocked--
		return endedCall{}, callbacksTaken
	}
	if r.next == len(r.ended) {
		clear(r.ended)
		r.ended, r.next = r.ended[:0], 0
		r.running = false
		return endedCall{}, callbacksDone
	}
	ended := r.ended[r.next]
	r.ended[r.next] = endedCall{}
	r.next++
	r.started++
	r.running = true
	if !r.awake {
		r.awake = true
		r.seen = r.started
		r.wakeWatchdog()
	}
	return ended, callbackLeft
}

// wakeWatchdog has it look in a while; the lock is held.
func (r *callbackRunner) wakeWatchdog() {
	if r.watchdog == nil {
		r.watchdog = time.AfterFunc(blockedAfter, r.check)
		return
	}
	r.watchdog.Reset(blockedAfter)
}

// check is the watchdog: it replaces a reader that is held up by the callback that it saw the last time.
func (r *callbackRunner) check() {
	r.mu.Lock()
	defer r.mu.Unlock()
	seen := r.seen
	r.seen = r.started
	if r.started == seen && !r.running {
		r.awake = false
		return
	}
	r.wakeWatchdog()
	if r.started != seen || r.blocked >= r.conn.limits.maxBlockedCallbacks {
		return
	}
	r.conn.work.Go(r.conn.uncork)
	r.blocked++
	r.running = false
	r.term++
	term := r.term
	r.conn.logger.Warn("a callback blocks the connection's reader; reading goes on without it", "after", blockedAfter)
	r.conn.work.Go(func() { r.conn.readLoop(term) })
}
