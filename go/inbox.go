package rsocket

import (
	"context"
	"io"
	"sync"
	"sync/atomic"
)

// inbox holds the items that a peer has sent on a stream until the program takes them. What is taken is asked for
// again, in batches: the peer never has more than the window of credit, so the inbox is bounded by it.
type inbox struct {
	// grant asks the peer for n items more.
	grant func(n uint32)
	// window is how many items may be on their way or waiting.
	window int

	mu sync.Mutex
	// items[next:] wait to be taken.
	items []*Payload
	next  int
	// taken counts the items that have been taken and not asked for again.
	taken int
	// manual: the program grants by itself.
	manual bool
	// end is why nothing more comes, io.EOF for completion; nil while something may.
	end error
	// waiting: somebody found nothing, and waits for arrived, which gets a value then.
	waiting bool
	arrived chan struct{}

	// failed: what was received and not taken is dropped, also by a loop that has it already.
	failed atomic.Bool
}

func (b *inbox) init(window int, grant func(n uint32)) {
	b.window, b.grant = window, grant
	b.arrived = make(chan struct{}, 1)
}

// put adds what arrived: an item, the end, or both. False when it had ended, and nothing was added.
func (b *inbox) put(item *Payload, end error) bool {
	b.mu.Lock()
	if b.end != nil {
		b.mu.Unlock()
		return false
	}
	if item != nil {
		b.items, b.next = enqueue(b.items, b.next, item)
	}
	b.end = end
	if b.waiting {
		b.wake()
	}
	b.mu.Unlock()
	return true
}

// fail ends the inbox at once: what waits is dropped. False when it had ended.
func (b *inbox) fail(end error) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.end != nil {
		return false
	}
	b.failed.Store(true)
	b.items, b.next = nil, 0
	b.end = end
	b.wake()
	return true
}

// hasEnded reports whether nothing more can come.
func (b *inbox) hasEnded() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.end != nil
}

// wake tells the taker that there is something; the lock is held.
func (b *inbox) wake() {
	b.waiting = false
	select {
	case b.arrived <- struct{}{}:
	default:
	}
}

// take returns the next item, or why there is none: io.EOF after the last one. What came before the end of ctx goes ahead
// of it: an error of the peer ends a handler's context as well.
func (b *inbox) take(ctx context.Context) (*Payload, error) {
	b.mu.Lock()
	if err := b.await(ctx); err != nil {
		b.mu.Unlock()
		return nil, err
	}
	item := b.items[b.next]
	b.items[b.next] = nil
	b.next++
	if b.next == len(b.items) {
		b.items, b.next = b.items[:0], 0
	}
	more := b.noteTaken(1)
	b.mu.Unlock()
	if more > 0 {
		b.grant(more)
	}
	return item, nil
}

// await returns when there is an item, or why there is none; the lock is held before and after.
func (b *inbox) await(ctx context.Context) error {
	for ended := false; b.next == len(b.items); {
		switch {
		case b.end != nil:
			b.wake() // For whoever else waits.
			return b.end
		case ended:
			return ctx.Err()
		}
		b.waiting = true
		b.mu.Unlock()
		select {
		case <-b.arrived:
		case <-ctx.Done():
			ended = true
		}
		b.mu.Lock()
	}
	return nil
}

// noteTaken counts items and tells how many to ask for now; the lock is held.
func (b *inbox) noteTaken(n int) (more uint32) {
	b.taken += n
	if !b.manual && b.end == nil && 2*b.taken >= b.window {
		more, b.taken = uint32(b.taken), 0
	}
	return more
}

// yieldAll yields the items until they end, the loop leaves or ctx ends; an error is the last thing that is yielded. It takes
// all that is there at once, and asks for each as if it had been taken alone.
func (b *inbox) yieldAll(ctx context.Context, yield func(*Payload, error) bool) {
	var items []*Payload
	taken := 0 // and not noted
	for {
		var err error
		items, err = b.takeAll(ctx, items)
		if err != nil {
			if err != io.EOF {
				yield(nil, err)
			}
			return
		}
		for i, item := range items {
			if b.failed.Load() {
				break
			}
			items[i] = nil
			if taken++; 2*taken >= b.window {
				b.noteLooped(taken)
				taken = 0
			}
			if !yield(item, nil) {
				return
			}
		}
		clear(items)
	}
}

// takeAll takes what is there, without noting it, and leaves memory for what comes.
func (b *inbox) takeAll(ctx context.Context, spare []*Payload) ([]*Payload, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.await(ctx); err != nil {
		return nil, err
	}
	items := b.items[b.next:]
	b.items, b.next = spare[:0], 0
	return items, nil
}

// noteLooped notes what a loop has taken, and asks for more when it is time.
func (b *inbox) noteLooped(n int) {
	b.mu.Lock()
	more := b.noteTaken(n)
	b.mu.Unlock()
	if more > 0 {
		b.grant(more)
	}
}
