package rsocket

import (
	"testing"
	"time"
)

func noteMany(h *handlerHabit, calls int, took time.Duration) {
	for range calls {
		h.note(took)
	}
}

func TestHandlersAreQuickOnceTheyAreKnownToBe(t *testing.T) {
	h := newHandlerHabit()
	if h.isQuick(1) {
		t.Error("unknown handlers are taken for quick ones")
	}
	noteMany(&h, 100, quickHandler/2)
	if !h.isQuick(1) {
		t.Error("quick handlers are not taken for such")
	}
	noteMany(&h, 1, time.Second)
	if !h.isQuick(1) {
		t.Error("one interruption is taken for a habit")
	}
	noteMany(&h, 10, time.Second)
	if h.isQuick(1) {
		t.Error("slow handlers are taken for quick ones")
	}
	noteMany(&h, 100, (quickHandler+lateHandler)/2)
	if h.isQuick(1) {
		t.Error("what is quick enough to stay is quick enough to come back")
	}
}

// The more often handlers block, the longer they are left to the workers; one that calms down is forgiven.
func TestHandlersThatBlockAreLeftToWorkers(t *testing.T) {
	h := newHandlerHabit()
	noteMany(&h, 100, 0)
	// paused counts the calls until the reader makes them again.
	paused := func() (calls int) {
		for !h.isQuick(1) {
			calls++
		}
		return calls
	}
	for want := minHandlerPause; want < maxHandlerPause; want *= handlerPauseGrows {
		h.blocked()
		if got := paused(); got != want {
			t.Fatalf("a pause of %d calls, want %d", got, want)
		}
	}
	h.blocked()
	if got := paused(); got != maxHandlerPause {
		t.Errorf("a pause of %d calls, want %d", got, maxHandlerPause)
	}
	for range 20 {
		h.isQuick(handlerPauseGrows * maxHandlerPause)
	}
	h.blocked()
	if got := paused(); got != minHandlerPause {
		t.Errorf("after a long calm a pause of %d calls, want %d", got, minHandlerPause)
	}
}
