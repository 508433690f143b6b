package rsocket

import (
	"sync"
	"time"
)

// blockedAfter is how long a callback may take before the connection is read by another goroutine.
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
	// running since that time, if a callback is running.
	running bool
	since   time.Time
	// blocked counts the readers that were left behind in a callback.
	blocked  int
	watchdog *time.Timer
}

func (r *callbackRunner) init(conn *Conn) {
	r.conn = conn
	r.watchdog = time.AfterFunc(time.Hour, r.check)
	r.watchdog.Stop()
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
	r.watchdog.Reset(blockedAfter)
	for {
		ended, ok := r.begin()
		if !ok {
			r.watchdog.Stop()
			r.conn.uncork()
			return true
		}
		ended.run()
		if !r.finish(term) {
			return false
		}
	}
}

// begin takes the next callback to run.
func (r *callbackRunner) begin() (endedCall, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.next == len(r.ended) {
		clear(r.ended)
		r.ended, r.next = r.ended[:0], 0
		return endedCall{}, false
	}
	ended := r.ended[r.next]
	r.ended[r.next] = endedCall{}
	r.next++
	r.running, r.since = true, time.Now()
	return ended, true
}

// finish ends a callback's run; false when the reader's role went on without it.
func (r *callbackRunner) finish(term uint64) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.term != term {
		r.blocked--
		return false
	}
	r.running = false
	return true
}

// check is the watchdog: it replaces a reader that is held up.
func (r *callbackRunner) check() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.running {
		return
	}
	held := time.Since(r.since)
	if held < blockedAfter || r.blocked >= r.conn.limits.MaxBlockedCallbacks {
		r.watchdog.Reset(blockedAfter)
		return
	}
	r.conn.work.Go(r.conn.uncork)
	r.blocked++
	r.running = false
	r.term++
	term := r.term
	r.conn.logger.Warn("a callback blocks the connection's reader; reading goes on without it", "for", held)
	r.conn.work.Go(func() { r.conn.readLoop(term) })
}
