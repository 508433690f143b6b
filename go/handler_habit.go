package rsocket

import (
	"sync"
	"time"
)

// A handler that takes less than a goroutine costs is called by the reader itself, as the runtime lets a system call have
// the processor until it turns out to take long. Handlers that take longer have goroutines, which run at the same time.
const (
	// quickHandler is what handlers may take, in the mean, to be called by the reader, and lateHandler what they may take
	// to be called by it still.
	quickHandler = 2 * time.Microsecond
	lateHandler  = 2 * quickHandler
	// slowHandler is what one call counts at most, as the system interrupts some; and what handlers are taken for as long
	// as they are not known.
	slowHandler = 8 * lateHandler
	// habitWeight is how many timed calls the mean is of, about.
	habitWeight = 16
	// When one has blocked the reader, so many of the next calls have goroutines: each time more, until none has blocked
	// for several times as many.
	minHandlerPause   = 10_000
	maxHandlerPause   = 1_000_000
	handlerPauseGrows = 4
)

// handlerHabit learns whether a connection's handlers are quick.
type handlerHabit struct {
	mu    sync.Mutex
	mean  time.Duration
	quick bool
	// pause is how many calls the next pause has, left how many are left of this one, and calm how many there were since.
	pause, left, calm int
}

func newHandlerHabit() handlerHabit {
	return handlerHabit{mean: slowHandler, pause: minHandlerPause}
}

// note adds how long a call took.
func (h *handlerHabit) note(took time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.mean += (min(took, slowHandler) - h.mean) / habitWeight
	h.quick = h.mean <= quickHandler || h.quick && h.mean <= lateHandler
}

// blocked notes that a call held the reader up.
func (h *handlerHabit) blocked() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.left, h.calm = h.pause, 0
	h.pause = min(h.pause*handlerPauseGrows, maxHandlerPause)
}

// isQuick is whether the reader may call the handlers of so many requests that have come.
func (h *handlerHabit) isQuick(calls int) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.left > 0 {
		h.left -= calls
		return false
	}
	if h.calm += calls; h.calm >= handlerPauseGrows*h.pause {
		h.calm, h.pause = 0, max(h.pause/handlerPauseGrows, minHandlerPause)
	}
	return h.quick
}
