package rsocket

import (
	"context"
	"sync"
)

// room bounds the payloads that wait in the engine to be sent in fragments. It is given out in order: a long payload
// waits for those before it, and shorter ones do not slip past it for ever.
type room struct {
	mu sync.Mutex
	// max bytes may be in use, beyond the first payload.
	max, used int
	// waiting are those that found too little room, the first one first.
	waiting []*roomWaiter
	// closed: there is room for anything, as nothing is sent any more.
	closed bool
}

type roomWaiter struct {
	size int
	// admitted is closed when the room is the waiter's.
	admitted chan struct{}
}

// acquire takes room for a payload, when it is its turn.
func (r *room) acquire(ctx context.Context, size int) error {
	r.mu.Lock()
	if len(r.waiting) == 0 && r.fits(size) {
		r.used += size
		r.mu.Unlock()
		return nil
	}
	waiter := &roomWaiter{size, make(chan struct{})}
	r.waiting = append(r.waiting, waiter)
	r.mu.Unlock()
	select {
	case <-waiter.admitted:
		return nil
	case <-ctx.Done():
		r.leave(waiter)
		return ctx.Err()
	}
}

// release gives room back.
func (r *room) release(size int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.used -= size
	r.admit()
}

// close lets everybody in.
func (r *room) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	r.admit()
}

// leave takes back what a waiter asked for, or already has.
func (r *room) leave(waiter *roomWaiter) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i, other := range r.waiting {
		if other == waiter {
			r.waiting = append(r.waiting[:i], r.waiting[i+1:]...)
			r.admit()
			return
		}
	}
	r.used -= waiter.size
	r.admit()
}

// admit gives room to those whose turn it is; the lock is held.
func (r *room) admit() {
	for len(r.waiting) > 0 && r.fits(r.waiting[0].size) {
		r.used += r.waiting[0].size
		close(r.waiting[0].admitted)
		r.waiting = r.waiting[1:]
	}
}

func (r *room) fits(size int) bool {
	return r.closed || r.used == 0 || r.used+size <= r.max
}
