package rsocket

import (
	"context"
	"math"
	"sync"
)

// outlet sends items on a stream as the peer asks for them.
type outlet struct {
	conn *Conn

	mu sync.Mutex
	// stream is the stream's id, 0 until the engine has given it one.
	stream uint32
	credit uint64
	// held: an item is being sent in fragments, and the next one waits for its end. So a stream has no more than that
	// one in the engine.
	held bool
	// end is why nothing more can be sent; nil while something can.
	end error
	// changed is closed when credit came or the outlet ended; nil while nobody waits for that.
	changed chan struct{}
}

// add notes that the peer asked for n items more on this stream.
func (o *outlet) add(stream, n uint32) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.stream = stream
	o.credit = min(o.credit+uint64(n), math.MaxInt64)
	o.notify()
}

// close ends the outlet; false when it had ended.
func (o *outlet) close(end error) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.end != nil {
		return false
	}
	o.end = end
	o.notify()
	return true
}

// notify wakes whoever waits; the lock is held.
func (o *outlet) notify() {
	if o.changed != nil {
		close(o.changed)
		o.changed = nil
	}
}

// hold notes that an item is on its way in fragments, and letGo that it is not any more.
func (o *outlet) hold() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.held = true
}

func (o *outlet) letGo() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.held = false
	o.notify()
}

// acquire takes one item's credit, waiting for it, and tells the stream to send it on.
func (o *outlet) acquire(ctx context.Context) (stream uint32, err error) {
	o.mu.Lock()
	if o.end != nil || !o.maySend() {
		err = o.await(ctx, o.maySend)
	}
	if err == nil {
		o.credit--
	}
	stream = o.stream
	o.mu.Unlock()
	return stream, err
}

// maySend is whether an item may be sent now, unless the outlet has ended; the lock is held.
func (o *outlet) maySend() bool { return o.credit > 0 && !o.held }

// settle waits for an item that is on its way in fragments: an ERROR would take the place of what is left of it.
func (o *outlet) settle(ctx context.Context) {
	o.mu.Lock()
	defer o.mu.Unlock()
	_ = o.await(ctx, func() bool { return !o.held }) // Where the stream has ended, the ERROR goes nowhere.
}

// await waits until a condition holds, or says why it does not; the lock is held before and after.
func (o *outlet) await(ctx context.Context, holds func() bool) error {
	for {
		if o.end != nil {
			return o.end
		}
		if holds() {
			return nil
		}
		if o.changed == nil {
			o.changed = make(chan struct{})
		}
		changed := o.changed
		o.mu.Unlock()
		select {
		case <-changed:
			o.mu.Lock()
		case <-ctx.Done():
			o.mu.Lock()
			return ctx.Err()
		}
	}
}

// send sends an item when the peer has asked for it.
func (o *outlet) send(ctx context.Context, item *Payload) error {
	if err := o.conn.checkPayload(item); err != nil {
		return err
	}
	stream, err := o.acquire(ctx)
	if err != nil {
		return err
	}
	return o.conn.submitItem(ctx, stream, item, o)
}
