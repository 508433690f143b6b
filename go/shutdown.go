package rsocket

import (
	"context"
)

// Shutdown ends the connection once what is under way has ended: new requests of either side are refused, with
// [ErrConnectionClosing] here and REJECTED there, and when the last open request has its outcome and the last answer
// is written, the connection is closed. When ctx ends first, the rest is cut off as by [Conn.Close], and ctx's error
// is returned.
func (c *Conn) Shutdown(ctx context.Context) error {
	c.queue.mu.Lock()
	c.queue.draining = true
	if c.queue.drained == nil {
		c.queue.drained = make(chan struct{})
	}
	drained := c.queue.drained
	c.queue.mu.Unlock()
	c.draining.Store(true)
	c.noteProgress()
	defer c.Close()
	select {
	case <-drained:
		return nil
	case <-c.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// noteProgress tells a shutdown when nothing is under way any more. It is called when something has ended.
func (c *Conn) noteProgress() {
	c.queue.mu.Lock()
	defer c.queue.mu.Unlock()
	c.queue.noteDrained(c.answering.Load())
}

// noteDrained is noteProgress with the lock held.
func (q *queue) noteDrained(answering int64) {
	if !q.draining || q.drained == nil || answering > 0 {
		return
	}
	// A request that was refused may have left an empty batch behind.
	waiting := q.batch != nil && len(q.batch.commands) > 0
	if waiting || q.calls.open.Load() > 0 || q.flushing || q.kicked {
		return
	}
	select {
	case <-q.drained:
	default:
		close(q.drained)
	}
}
