package rsocket

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go/internal/ffi"
)

const (
	// farewellTimeout is how long a peer is given to read why it is not talked to any more.
	farewellTimeout = time.Second
	// layerChunk is what a layer is given at once, as it is copied on the way.
	layerChunk = 64 << 10
	// maxAnswers bounds what a layer has answered to a peer that does not read; then it is not read from either.
	maxAnswers = 64 << 10
	// handshakeBuffer is what is read of a handshake at once.
	handshakeBuffer = 2 << 10
)

// layeredConn is a transport whose bytes are length-prefixed frames, over one whose bytes are a layer's. The handshake
// takes place with the first Read or Write, or before.
//
// The layer is entered under mu; whoever waits for the transport does not hold it.
type layeredConn struct {
	net.Conn

	mu sync.Mutex
	// layer is nil once it is freed.
	layer *ffi.Layer
	// plain was received and has not been read.
	plain []byte
	// out is to be written; nil for nothing. It holds a chunk of a Write at most, and so many bytes of answers.
	out     *layerBuffer
	answers int
	// failure is why the layer does not go on.
	failure      error
	open         bool
	closedByPeer bool
	// answering: a goroutine is about to write what the layer has answered.
	answering bool

	// opening is held during the handshake, whose outcome is opened or the failure.
	opening sync.Mutex
	started bool
	opened  atomic.Bool

	reading sync.Mutex

	// sending is held during a Write.
	sending sync.Mutex

	// writing is held by who writes to the transport; pending is what of the taken buffer has not been written.
	writing sync.Mutex
	taken   *layerBuffer
	pending []byte

	// deadlines guards what the user has set for writing.
	deadlines     sync.Mutex
	writeDeadline time.Time

	// work is the goroutine that answers.
	work sync.WaitGroup
}

// newLayeredConn puts a layer over a transport. It owns both.
func newLayeredConn(nc net.Conn, layer *ffi.Layer) *layeredConn {
	return &layeredConn{Conn: nc, layer: layer}
}

// note keeps what a call for the layer brought, as far as it does not go into a buffer. The lock is held.
func (c *layeredConn) note(output ffi.LayerOutput, err error, into []byte) int {
	n := copy(into, output.Plain)
	c.plain = append(c.plain, output.Plain[n:]...)
	if len(output.Wire) > 0 {
		if c.out == nil {
			c.out = layerBuffers.Get().(*layerBuffer)
		}
		c.out.bytes = append(c.out.bytes, output.Wire...)
	}
	c.open, c.closedByPeer = output.Open, output.ClosedByPeer
	if err != nil && c.failure == nil {
		c.failure = layerFailure(err)
	}
	return n
}

// layerFailure is what a program is told of a layer's error.
func layerFailure(err error) error {
	var known *ffi.LayerError
	if errors.As(err, &known) && known.Result == ffi.ResultCutOff {
		return fmt.Errorf("%w: %s", io.ErrUnexpectedEOF, known.Message)
	}
	return err
}

// handshake opens the layer. It gives up when ctx ends or the time is over, and closes the transport then.
func (c *layeredConn) handshake(ctx context.Context, timeout time.Duration) error {
	ctx, cancel := contextWithTimeout(ctx, timeout)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { _ = c.Conn.Close() })
	err := c.ensureOpen()
	if !stop() {
		err = context.Cause(ctx)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("%w: %w", ErrHandshake, establishedError(err)), ignoreClosed(c.Close()))
	}
	return nil
}

// ignoreClosed is for closing what may be closed.
func ignoreClosed(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// ensureOpen waits until the handshake is over.
func (c *layeredConn) ensureOpen() error {
	if c.opened.Load() {
		return nil
	}
	c.opening.Lock()
	defer c.opening.Unlock()
	if c.opened.Load() {
		return nil
	}
	if err := c.start(); err != nil {
		return err
	}
	buffer := make([]byte, handshakeBuffer)
	for {
		if err := c.flush(); err != nil {
			return err
		}
		if c.isOpen() {
			c.opened.Store(true)
			return nil
		}
		n, err := c.Conn.Read(buffer)
		if n > 0 {
			_, err = c.receive(buffer[:n], nil)
		} else {
			err = c.ended(err)
		}
		if err != nil {
			return err
		}
	}
}

func (c *layeredConn) start() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.failure != nil:
		return c.failure
	case c.layer == nil:
		return net.ErrClosed
	case c.started:
		return nil
	}
	c.started = true
	output, err := c.layer.Start()
	c.note(output, err, nil)
	return c.failure
}

// isOpen reports whether the handshake is over.
func (c *layeredConn) isOpen() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.open || c.closedByPeer
}

// Read reads frames.
func (c *layeredConn) Read(p []byte) (int, error) {
	if err := c.ensureOpen(); err != nil {
		return 0, err
	}
	c.reading.Lock()
	defer c.reading.Unlock()
	for len(p) > 0 {
		n, err := c.readPlain(p)
		if n > 0 || err != nil {
			return n, err
		}
		n, err = c.Conn.Read(p)
		if n == 0 {
			return 0, c.ended(err)
		}
		if n, err := c.receive(p[:n], p); n > 0 || err != nil {
			return n, err
		}
	}
	return 0, nil
}

// readPlain reads what was received before, or the end that follows it.
func (c *layeredConn) readPlain(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.plain) > 0 {
		n := copy(p, c.plain)
		c.plain = c.plain[n:]
		if len(c.plain) == 0 {
			c.plain = nil
		}
		return n, nil
	}
	switch {
	case c.failure != nil:
		return 0, c.failure
	case c.closedByPeer:
		return 0, io.EOF
	default:
		return 0, nil
	}
}

// receive hands the layer what the transport brought. What that was for the program goes into the buffer, which may be
// the same memory; an error comes once everything before it has been read.
func (c *layeredConn) receive(bytes, into []byte) (int, error) {
	c.mu.Lock()
	if c.layer == nil {
		c.mu.Unlock()
		return 0, net.ErrClosed
	}
	output, err := c.layer.Receive(bytes)
	c.answers += len(output.Wire)
	n := c.note(output, err, into)
	failure, last, more := c.failure, c.closedByPeer, n > 0 || len(c.plain) > 0
	waiting := c.out != nil
	// The handshake writes by itself. Nothing more is read before what ends the layer is written, nor before a peer has
	// read what it is answered; but while a Write waits: the peer may wait for the same.
	answer := waiting && c.opened.Load()
	inline := last || c.answers > maxAnswers
	if answer && !inline && failure == nil && !c.answering {
		c.answering = true
		c.work.Go(c.answer)
	}
	c.mu.Unlock()
	switch {
	case failure != nil && waiting:
		c.farewell()
	case answer && inline:
		c.answer()
	}
	if more {
		return n, nil
	}
	return 0, failure
}

// ended is the end of the transport, with what the layer says to it.
func (c *layeredConn) ended(err error) error {
	if !errors.Is(err, io.EOF) {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.layer == nil {
		return net.ErrClosed
	}
	if c.failure == nil {
		if err := c.layer.End(); err != nil {
			c.failure = layerFailure(err)
		} else {
			c.failure = io.EOF
		}
	}
	return c.failure
}

// farewell tells the peer why the layer does not go on, and waits until it has read that: closing a transport with
// unread bytes may reset it, and the peer would lose what was said last.
func (c *layeredConn) farewell() {
	_ = c.Conn.SetDeadline(time.Now().Add(farewellTimeout))
	if c.flush() != nil {
		return
	}
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok && half.CloseWrite() == nil {
		_, _ = io.Copy(io.Discard, c.Conn)
	}
}

// SetDeadline bounds reads and writes.
func (c *layeredConn) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

// SetWriteDeadline bounds writes.
func (c *layeredConn) SetWriteDeadline(t time.Time) error {
	c.deadlines.Lock()
	defer c.deadlines.Unlock()
	c.writeDeadline = t
	return c.Conn.SetWriteDeadline(t)
}

// CloseWrite ends what this side sends, in an orderly way.
func (c *layeredConn) CloseWrite() error {
	c.mu.Lock()
	if c.layer != nil && c.failure == nil {
		output, err := c.layer.Close()
		c.note(output, err, nil)
	}
	c.mu.Unlock()
	if err := c.flush(); err != nil {
		return err
	}
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

// Close closes the transport, which ends reads and writes.
func (c *layeredConn) Close() error {
	err := c.Conn.Close()
	c.work.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.layer != nil {
		c.layer.Free()
		c.layer = nil
	}
	return err
}
