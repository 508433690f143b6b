package rsocket

import (
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go/internal/ffi"
)

func TestWhoeverSeesPlentyTakesTheFlushFromOneWhoGathers(t *testing.T) {
	var q queue
	if !q.becomeFlusher() || q.becomeFlusher() || q.takeFlush() {
		t.Fatal("want one flusher, who keeps the role while nothing is gathered")
	}
	lost := make(chan queueState)
	go func() {
		f := &flusher{answering: new(atomic.Int64)}
		for {
			q.mu.Lock()
			q.batch = new(batch)
			q.mu.Unlock()
			if _, state := q.take(f, true); state != queueHadWork {
				lost <- state
				return
			}
		}
	}()
	for !fillAndTakeFlush(&q) {
		runtime.Gosched()
	}
	if state := <-lost; state != queueTaken {
		t.Errorf("the flusher who gathered found state %d", state)
	}
	if q.batch == nil || len(q.batch.commands) != minGathered {
		t.Error("the one who gathered took the batch along")
	}
	if q.takeFlush() {
		t.Error("a second one took the role")
	}
}

// fillAndTakeFlush does so if somebody gathers right now.
func fillAndTakeFlush(q *queue) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.gathering {
		return false
	}
	q.batch.commands = make([]ffi.Command, minGathered)
	return q.isPlenty() && q.takeFlush()
}

func TestGatheredIsAShareOfTheOpenRequestsWithinBounds(t *testing.T) {
	for open, want := range map[int]int{0: minGathered, 1: minGathered, 3 * minGathered: minGathered, 90: 30, 1 << 20: maxGathered} {
		if got := gathered(open); got != want {
			t.Errorf("%d open: %d gathered, want %d", open, got, want)
		}
	}
}

func TestABatchIsPlentyByAnyOfItsBounds(t *testing.T) {
	few, many := make([]ffi.Command, minGathered-1), make([]ffi.Command, minGathered)
	for name, c := range map[string]struct {
		batch batch
		want  bool
	}{
		"nothing":        {batch{}, false},
		"few commands":   {batch{commands: few}, false},
		"many commands":  {batch{commands: many}, true},
		"many bytes":     {batch{bytes: make([]byte, maxBatchBytes/4)}, true},
		"long payloads":  {batch{burden: burden{other: maxBatchExternal}}, true},
		"in fragments":   {batch{burden: burden{fragmented: 1}}, true},
		"a long payload": {batch{burden: burden{other: maxBatchExternal - 1}}, false},
	} {
		if got := c.batch.isPlenty(0); got != c.want {
			t.Errorf("%s: plenty: %v", name, got)
		}
	}
}

func TestLongPayloadsOfCallbacksAreHeldBackUntilTheyArePlenty(t *testing.T) {
	var c Conn
	q := &c.queue
	q.corked = true
	payload := NewPayloadFromBytes(make([]byte, 4<<10), nil)
	for token := range uint64(minGathered - 1) {
		l := load{size: payload.Len()}
		if err := q.lockForLoad(t.Context(), &l); err != nil {
			t.Fatal(err)
		}
		q.add(&ffi.Command{}, payload, &l, token)
		c.unlockAndFlushSoon()
	}
	if q.flushing || q.isPlenty() || len(q.batch.externals) != minGathered-1 {
		t.Errorf("%d payloads are left to wait, flushing: %v", len(q.batch.externals), q.flushing)
	}
}
