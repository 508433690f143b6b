package rsocket

import (
	"crypto/tls"
	"errors"
	"net"
	"os"
	"slices"
	"sync"
	"time"
)

const (
	// maxHeld bounds the records that wait for one write.
	maxHeld = 256 << 10
	// tlsCloseTimeout bounds how long a connection that is closed waits for room to say so.
	tlsCloseTimeout = 100 * time.Millisecond
)

// tlsConn is TLS over a transport. crypto/tls writes each record by itself; here the records of a batch are encrypted into
// memory and written together, which for many small frames is several times faster. And because encrypting does not
// block, a write that runs into its deadline can be continued, which crypto/tls rules out.
type tlsConn struct {
	*tls.Conn
	wire *tlsWire
	// owed: the first byte of what is written next has been encrypted.
	owed bool
	// rest is what remains of buffers that have been taken.
	rest [1][]byte
}

func newTLSClient(nc net.Conn, config *tls.Config) *tlsConn {
	wire := newTLSWire(nc)
	return &tlsConn{Conn: tls.Client(wire, config), wire: wire}
}

func newTLSServer(nc net.Conn, config *tls.Config) *tlsConn {
	wire := newTLSWire(nc)
	return &tlsConn{Conn: tls.Server(wire, config), wire: wire}
}

// Write writes bytes. When it runs into its deadline, the bytes that it counts as not written are for the next call to
// begin with; that some of them are encrypted already is for this side to know.
func (c *tlsConn) Write(p []byte) (int, error) {
	whole := len(p)
	if c.owed && whole > 0 {
		p, c.owed = p[1:], false
	}
	buffers := net.Buffers{p}
	_, err := c.WriteBuffers(&buffers)
	if err == nil {
		return whole, nil
	}
	if rest := len(buffers[0]); rest > 0 || whole == 0 {
		return whole - rest, err
	}
	c.owed = true
	return whole - 1, err
}

// WriteBuffers is Write for several buffers. One goroutine at a time calls it.
func (c *tlsConn) WriteBuffers(buffers *net.Buffers) (int64, error) {
	var written int64
	for {
		n, err := c.encrypt(buffers)
		written += n
		if err == nil {
			err = c.wire.flush()
		}
		if done := len(*buffers) == 1 && len((*buffers)[0]) == 0; done || err != nil {
			return written, err
		}
	}
}

// encrypt makes records of some of the buffers. One remains: when all have been taken, an empty one.
func (c *tlsConn) encrypt(buffers *net.Buffers) (int64, error) {
	c.wire.collect(true)
	defer c.wire.collect(false)
	var taken int64
	for c.wire.heldLen() < maxHeld {
		chunk, scratch := c.next(buffers)
		if len(*buffers) == 0 {
			c.rest[0] = nil
			*buffers = c.rest[:]
		}
		_, err := c.Conn.Write(chunk)
		recycleChunk(scratch)
		if err != nil {
			return taken, err
		}
		taken += int64(len(chunk))
		if len(*buffers) == 1 && len((*buffers)[0]) == 0 {
			break
		}
	}
	return taken, nil
}

// next is what to encrypt at once.
func (c *tlsConn) next(buffers *net.Buffers) ([]byte, *[chunkSize]byte) {
	if first := (*buffers)[0]; len(first) > maxHeld {
		(*buffers)[0] = first[maxHeld:]
		return first[:maxHeld], nil
	}
	return gather(buffers)
}

// NetConn is the transport below TLS.
func (c *tlsConn) NetConn() net.Conn {
	return c.wire.Conn
}

// SetDeadline sets the transport's deadlines. crypto/tls does not get to set them (tlsWire).
func (c *tlsConn) SetDeadline(t time.Time) error { return c.wire.Conn.SetDeadline(t) }

// SetReadDeadline sets the transport's deadline.
func (c *tlsConn) SetReadDeadline(t time.Time) error { return c.wire.Conn.SetReadDeadline(t) }

// SetWriteDeadline sets the transport's deadline.
func (c *tlsConn) SetWriteDeadline(t time.Time) error { return c.wire.Conn.SetWriteDeadline(t) }

// CloseWrite tells the peer that nothing follows, in the words of TLS and in those of the transport.
func (c *tlsConn) CloseWrite() error {
	err := c.Conn.CloseWrite()
	if half, ok := c.wire.Conn.(interface{ CloseWrite() error }); ok && err == nil {
		return half.CloseWrite()
	}
	return err
}

// Close ends reads and writes, and says so where there is room for it at once.
func (c *tlsConn) Close() error {
	_ = c.wire.Conn.SetWriteDeadline(time.Now().Add(tlsCloseTimeout))
	return c.Conn.Close()
}

// tlsWire is the transport as crypto/tls sees it.
type tlsWire struct {
	net.Conn

	mu sync.Mutex
	// held are records that are not written yet, and pooled is where their memory came from.
	held   []byte
	pooled *[]byte
	// collecting: those of a batch are being added.
	collecting bool
	// writing: somebody writes to the transport, and afterwards what is held by then.
	writing bool
	written sync.Cond
}

func newTLSWire(nc net.Conn) *tlsWire {
	w := &tlsWire{Conn: nc}
	w.written.L = &w.mu
	return w
}

// SetWriteDeadline does nothing: the deadlines of writes are the flusher's, and crypto/tls would replace them by ones of
// several seconds in order to close.
func (w *tlsWire) SetWriteDeadline(time.Time) error { return nil }

// Write takes records. Those of a batch are held; others, such as of a handshake, are written unless some are before them.
func (w *tlsWire) Write(records []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.collecting || w.writing || len(w.held) > 0 {
		w.hold(records)
		return len(records), nil
	}
	w.writing = true
	defer w.doneWriting()
	n, err := w.writeUnlocked(records)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		// The deadline was the flusher's, and these records go with what it writes next.
		// The flusher may have added some meanwhile, which come after.
		w.held = append(slices.Clone(records[n:]), w.held...)
		return len(records), nil
	}
	return n, err
}

func (w *tlsWire) hold(records []byte) {
	if w.held == nil {
		w.pooled = heldBuffers.Get().(*[]byte)
		w.held = (*w.pooled)[:0]
	}
	w.held = append(w.held, records...)
}

func (w *tlsWire) collect(collecting bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.collecting = collecting
}

func (w *tlsWire) heldLen() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.held)
}

// flush writes what is held. What it does not get to write stays held.
func (w *tlsWire) flush() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for w.writing {
		w.written.Wait()
	}
	w.writing = true
	defer w.doneWriting()
	for len(w.held) > 0 {
		taken, pooled := w.held, w.pooled
		w.held, w.pooled = nil, nil
		n, err := w.writeUnlocked(taken)
		if err != nil {
			w.held = append(taken[n:], w.held...)
			return err
		}
		recycleHeld(taken, pooled)
	}
	return nil
}

func (w *tlsWire) writeUnlocked(records []byte) (int, error) {
	w.mu.Unlock()
	defer w.mu.Lock()
	return w.Conn.Write(records)
}

func (w *tlsWire) doneWriting() {
	w.writing = false
	w.written.Broadcast()
}

var heldBuffers = sync.Pool{New: func() any { return new([]byte) }}

func recycleHeld(buffer []byte, pooled *[]byte) {
	if pooled != nil && cap(buffer) <= 2*maxHeld {
		*pooled = buffer
		heldBuffers.Put(pooled)
	}
}
