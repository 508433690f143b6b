package rsocket

import (
	"net"
	"sync"
	"time"
)

// layerBuffer holds what is to be written; an idle connection has none.
type layerBuffer struct {
	bytes []byte
}

// layerBuffers have room for what a layer makes of two chunks.
var layerBuffers = sync.Pool{New: func() any { return &layerBuffer{make([]byte, 0, 2*layerChunk+layerChunk/4)} }}

// Write writes frames, cut anywhere. When it runs into its deadline, what it has taken is written before anything else,
// also by a Write of nothing.
func (c *layeredConn) Write(p []byte) (int, error) {
	buffers := net.Buffers{p}
	if _, err := c.WriteBuffers(&buffers); err != nil {
		return len(p) - len(buffers[0]), err
	}
	return len(p), nil
}

// WriteBuffers is Write for several buffers. What was taken is gone from them, except that one remains, be it empty, for a
// Write to go on with.
func (c *layeredConn) WriteBuffers(buffers *net.Buffers) (int64, error) {
	if err := c.ensureOpen(); err != nil {
		return 0, err
	}
	c.sending.Lock()
	defer c.sending.Unlock()
	// What was taken before and not written goes first, so that little waits.
	if err := c.flush(); err != nil {
		return 0, err
	}
	var taken int64
	for {
		n, err := c.fill(buffers)
		taken += n
		if err == nil {
			err = c.flush()
		}
		if done := len(*buffers) == 0 || len(*buffers) == 1 && len((*buffers)[0]) == 0; done || err != nil {
			return taken, err
		}
	}
}

// fill has the layer take bytes until there is enough to write.
func (c *layeredConn) fill(buffers *net.Buffers) (taken int64, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for taken < layerChunk && len(*buffers) > 0 {
		first := (*buffers)[0]
		n, err := c.send(first[:min(len(first), layerChunk)])
		taken += int64(n)
		(*buffers)[0] = first[n:]
		if err != nil {
			return taken, err
		}
		if n == len(first) {
			if len(*buffers) == 1 {
				break
			}
			*buffers = (*buffers)[1:]
		}
	}
	return taken, nil
}

// send has the layer take bytes, all or none. Where the peer has ended the layer they lead nowhere, as on any transport;
// it is for the reader to tell, after what was received before. The lock is held.
func (c *layeredConn) send(p []byte) (int, error) {
	switch {
	case c.failure != nil:
		return len(p), nil
	case c.layer == nil:
		return 0, net.ErrClosed
	}
	output, err := c.layer.Send(p)
	// A message under way is sent to its end.
	c.note(output, nil, nil)
	if err != nil && !c.closedByPeer {
		return 0, layerFailure(err)
	}
	return len(p), nil
}

// flush writes what the layer has for the transport.
func (c *layeredConn) flush() error {
	c.writing.Lock()
	defer c.writing.Unlock()
	return c.writeOut()
}

// writeOut is flush; writing is held.
func (c *layeredConn) writeOut() error {
	for {
		if len(c.pending) == 0 && !c.takeOut() {
			return nil
		}
		n, err := c.Conn.Write(c.pending)
		c.pending = c.pending[n:]
		if err != nil {
			return err
		}
	}
}

// takeOut takes what is to be written; false when there is nothing.
func (c *layeredConn) takeOut() bool {
	if c.taken != nil && cap(c.taken.bytes) <= 4*layerChunk {
		c.taken.bytes = c.taken.bytes[:0]
		layerBuffers.Put(c.taken)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.taken, c.out, c.answers = c.out, nil, 0
	if c.taken == nil {
		return false
	}
	c.pending = c.taken.bytes
	return true
}

// answer writes what the layer said by itself. The deadline is the user's for the user's writes.
func (c *layeredConn) answer() {
	c.writing.Lock()
	defer c.writing.Unlock()
	c.mu.Lock()
	c.answering = false
	c.mu.Unlock()
	c.deadlines.Lock()
	if !c.writeDeadline.IsZero() {
		_ = c.Conn.SetWriteDeadline(time.Time{})
	}
	c.deadlines.Unlock()
	_ = c.writeOut() // What follows fails too.
	c.deadlines.Lock()
	if !c.writeDeadline.IsZero() {
		_ = c.Conn.SetWriteDeadline(c.writeDeadline)
	}
	c.deadlines.Unlock()
}
