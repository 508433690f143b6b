package load

import (
	"sync/atomic"
	"time"
)

// tally is what the goroutines of a load share: whether to go on, and what came of it.
type tally struct {
	counted bool         // whether a number of requests ends the load, and not the time
	left    atomic.Int64 // requests that may still be made, if counted
	over    atomic.Bool

	latencies  [shards]latencies
	requests   atomic.Uint64 // those without a latency: items, and what was sent and not answered
	errors     atomic.Uint64
	firstError atomic.Pointer[error]
	started    time.Time
}

// shards is how many goroutines can note a latency without being in each other's way. (One for each of 1024 goroutines would be memory that
// counts as the library's.)
const shards = 16

// newTally starts a load: for so many requests if there are any, for so long otherwise.
func newTally(requests uint64, duration time.Duration) *tally {
	t := &tally{counted: requests > 0, started: time.Now()}
	t.left.Store(int64(requests))
	if !t.counted {
		time.AfterFunc(duration, func() { t.over.Store(true) })
	}
	return t
}

// claim reports whether one more request shall be made.
func (t *tally) claim() bool {
	if t.counted {
		return t.left.Add(-1) >= 0
	}
	return !t.over.Load()
}

func (t *tally) answered(goroutine int, took time.Duration) {
	t.latencies[goroutine%shards].record(took)
}

func (t *tally) failed(err error) {
	t.errors.Add(1)
	t.firstError.CompareAndSwap(nil, &err)
}

func (t *tally) result() Result {
	result := Result{Seconds: time.Since(t.started).Seconds(), Errors: t.errors.Load()}
	var all latencies
	for i := range t.latencies {
		all.add(&t.latencies[i])
	}
	result.Requests = all.total() + t.requests.Load()
	result.Latency = all.percentiles()
	if err := t.firstError.Load(); err != nil {
		result.FirstError = (*err).Error()
	}
	return result
}
