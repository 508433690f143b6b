package soak

import (
	"context"
	"math/rand/v2"
	"net"
	"sync/atomic"
)

// firstAnswer is more than the first exchange of a connection takes.
const firstAnswer = 1_000

// cutter dials a server and takes each transport away again after some bytes, wherever in a frame that is.
type cutter struct {
	address string
	// most is the largest number of bytes that a transport carries in either direction. The first one carries more: until
	// the server has answered, it may not know the session.
	most int64
	// transports counts what was dialled.
	transports atomic.Int64
}

func (c *cutter) dial(ctx context.Context) (net.Conn, error) {
	var dialer net.Dialer
	nc, err := dialer.DialContext(ctx, "tcp", c.address)
	if err != nil {
		return nil, err
	}
	cut := &cutConn{Conn: nc}
	least := int64(0)
	if c.transports.Add(1) == 1 {
		least = firstAnswer
	}
	cut.readable.Store(least + rand.Int64N(c.most))
	cut.writable.Store(least + rand.Int64N(c.most))
	return cut, nil
}

// cutConn is a transport that ends after so many bytes.
type cutConn struct {
	net.Conn
	readable, writable atomic.Int64
}

func (c *cutConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p[:max(1, min(int64(len(p)), c.readable.Load()))])
	if c.readable.Add(-int64(n)) <= 0 {
		_ = c.Conn.Close()
	}
	return n, err
}

func (c *cutConn) Write(p []byte) (int, error) {
	left := c.writable.Load()
	if left >= int64(len(p)) {
		n, err := c.Conn.Write(p)
		c.writable.Add(-int64(n))
		return n, err
	}
	n, _ := c.Conn.Write(p[:max(0, left)])
	c.writable.Store(0)
	_ = c.Conn.Close()
	return n, net.ErrClosed
}
