package rsocket

import (
	"context"
	"io"
	"sync"
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
	// arrived gets a value when something came to an empty inbox. Whoever takes waits on it.
	arrived chan struct{}
}

func (b *inbox) init(window int, grant func(n uint32)) {
	b.window, b.grant = window, grant
	b.arrived = make(chan struct{}, 1)
}

// put adds what arrived: an item, the end, or both. False when it had ended, and nothing was added.
func (b *inbox) put(item *Payload, end error) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.end != nil {
		return false
	}
	if item != nil {
		b.items, b.next = enqueue(b.items, b.next, item)
	}
	b.end = end
	b.wake()
	return true
}

// fail ends the inbox at once: what waits is dropped. False when it had ended.
func (b *inbox) fail(end error) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.end != nil {
		return false
	}
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
	select {
	case b.arrived <- struct{}{}:
	default:
	}
}

// take returns the next item, or why there is none: io.EOF after the last one. What came before the end of ctx goes ahead
// of it: an error of the peer ends a handler's context as well.
func (b *inbox) take(ctx context.Context) (*Payload, error) {
	for ended := false; ; {
		item, more, end := b.tryTake()
		if item != nil {
			if more > 0 {
				b.grant(more)
			}
			return item, nil
		}
		if end != nil {
			return nil, end
		}
		if ended {
			return nil, ctx.Err()
		}
		select {
		case <-b.arrived:
		case <-ctx.Done():
			ended = true
		}
	}
}

// yieldAll yields the items until they end, the loop leaves or ctx ends; an error is the last thing that is yielded.
func (b *inbox) yieldAll(ctx context.Context, yield func(*Payload, error) bool) {
	for {
		item, err := b.take(ctx)
		if err == io.EOF {
			return
		}
		if !yield(item, err) || err != nil {
			return
		}
	}
}

// tryTake takes an item if there is one, and tells how many to ask for now.
func (b *inbox) tryTake() (item *Payload, more uint32, end error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.next == len(b.items) {
		if b.end != nil {
			b.wake() // For whoever else waits.
		}
		return nil, 0, b.end
	}
	item = b.items[b.next]
	b.items[b.next] = nil
	b.next++
	if b.next == len(b.items) {
		b.items, b.next = b.items[:0], 0
	}
	b.taken++
	if !b.manual && b.end == nil && 2*b.taken >= b.window {
		more, b.taken = uint32(b.taken), 0
	}
	return item, more, nil
}
