package rsockettest

import (
	"errors"
	"math"
	"net"
	"sync"
	"sync/atomic"
)

// errCut is what a transport fails with that was cut.
var errCut = errors.New("rsockettest: the transport was cut")

// pipe is one end of a transport in memory.
type pipe struct {
	net.Conn
	// network is nil for a transport without faults.
	network *Network
	peer    *pipe
	// readSize is the most that a Read gives; 0 for any number.
	readSize atomic.Int64
	// readable and writable are the bytes after which the transport is cut.
	readable, writable atomic.Int64
	// gone is closed when this end is.
	gone    chan struct{}
	goneFor sync.Once
	wasCut  atomic.Bool
}

func newPipe(network *Network) (near, far *pipe) {
	left, right := net.Pipe()
	near, far = newEnd(left, network), newEnd(right, network)
	near.peer, far.peer = far, near
	return near, far
}

func newEnd(nc net.Conn, network *Network) *pipe {
	end := &pipe{Conn: nc, network: network, gone: make(chan struct{})}
	end.cutAfter(0)
	return end
}

// cutAfter sets after how many bytes in either direction the transport is cut; 0 for never.
func (p *pipe) cutAfter(bytes int64) {
	if bytes == 0 {
		bytes = math.MaxInt64
	}
	p.readable.Store(bytes)
	p.writable.Store(bytes)
}

// Read waits while the network is stalled.
func (p *pipe) Read(b []byte) (int, error) {
	most := min(int64(len(b)), p.readable.Load())
	if size := p.readSize.Load(); size > 0 {
		most = min(most, size)
	}
	n, err := p.Conn.Read(b[:most])
	p.awaitMoving()
	if p.readable.Add(-int64(n)) <= 0 {
		p.cutBoth()
	}
	return n, p.explain(err)
}

// Write waits while the network is stalled.
func (p *pipe) Write(b []byte) (int, error) {
	p.awaitMoving()
	most := min(int64(len(b)), p.writable.Load())
	n, err := p.Conn.Write(b[:most])
	if p.writable.Add(-int64(n)) <= 0 {
		p.cutBoth()
		err = errCut
	}
	return n, p.explain(err)
}

// Close is an orderly end: the peer reads to the end of what was written.
func (p *pipe) Close() error {
	p.leave()
	return p.Conn.Close()
}

// RemoteAddr is the network's own kind of address.
func (p *pipe) RemoteAddr() net.Addr { return address{} }

// LocalAddr is the network's own kind of address.
func (p *pipe) LocalAddr() net.Addr { return address{} }

// awaitMoving waits until the network is not stalled, or this end is closed.
func (p *pipe) awaitMoving() {
	for {
		moving := p.network.moving()
		if moving == nil {
			return
		}
		select {
		case <-moving:
		case <-p.gone:
			return
		}
	}
}

// cut ends this end as if the network were gone.
func (p *pipe) cut() {
	p.wasCut.Store(true)
	_ = p.Close()
}

func (p *pipe) cutBoth() {
	p.cut()
	p.peer.cut()
}

func (p *pipe) leave() {
	p.goneFor.Do(func() { close(p.gone) })
	p.network.forget(p)
}

// explain tells a cut from an orderly end.
func (p *pipe) explain(err error) error {
	if err != nil && p.wasCut.Load() {
		return errCut
	}
	return err
}
