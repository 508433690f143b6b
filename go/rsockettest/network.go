package rsockettest

import (
	"context"
	"errors"
	"net"
	"sync"
)

// ErrRefused is why [Network.Dial] fails while the network refuses.
var ErrRefused = errors.New("rsockettest: connection refused")

// Network is where servers listen and clients dial in memory, and where a test puts faults between them. It is a
// [net.Listener]. All methods may be called from any goroutine.
type Network struct {
	arrivals chan net.Conn
	closed   chan struct{}
	close    sync.Once

	mu       sync.Mutex
	refusing bool
	cutAfter int64
	readSize int
	dialled  int
	// stalled is closed when the network moves again; nil while it does.
	stalled chan struct{}
	// open are the transports that have not been cut or closed.
	open map[*pipe]struct{}
}

// NewNetwork makes a network without faults.
func NewNetwork() *Network {
	return &Network{
		arrivals: make(chan net.Conn),
		closed:   make(chan struct{}),
		open:     make(map[*pipe]struct{}),
	}
}

// Dial makes a transport to whoever accepts on the network.
func (n *Network) Dial(ctx context.Context) (net.Conn, error) {
	near, far, err := n.connect()
	if err != nil {
		return nil, err
	}
	select {
	case n.arrivals <- far:
		return near, nil
	case <-n.closed:
		err = net.ErrClosed
	case <-ctx.Done():
		err = ctx.Err()
	}
	return nil, errors.Join(err, near.Close(), far.Close())
}

func (n *Network) connect() (near, far *pipe, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.refusing {
		return nil, nil, ErrRefused
	}
	n.dialled++
	near, far = newPipe(n)
	near.cutAfter(n.cutAfter)
	for _, end := range []*pipe{near, far} {
		end.readSize.Store(int64(n.readSize))
		n.open[end] = struct{}{}
	}
	return near, far, nil
}

// Accept gives the next transport that was dialled.
func (n *Network) Accept() (net.Conn, error) {
	select {
	case nc := <-n.arrivals:
		return nc, nil
	case <-n.closed:
		return nil, net.ErrClosed
	}
}

// Close ends Accept and Dial. Transports go on.
func (n *Network) Close() error {
	n.close.Do(func() { close(n.closed) })
	return nil
}

// Addr is the network's own kind of address.
func (n *Network) Addr() net.Addr { return address{} }

// Dialled is how many transports there have been.
func (n *Network) Dialled() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.dialled
}

// Cut ends all transports, with whatever is under way on them. Both sides see errors, as with a network that is gone.
func (n *Network) Cut() {
	n.mu.Lock()
	open := n.open
	n.open = make(map[*pipe]struct{})
	n.mu.Unlock()
	for end := range open {
		end.cut()
	}
}

// CutAfter ends each transport that is dialled from now on when its client has read or written so many bytes, in the
// middle of a frame or not. 0 stops that.
func (n *Network) CutAfter(bytes int) {
	n.mu.Lock()
	n.cutAfter = int64(bytes)
	n.mu.Unlock()
}

// SetRefusing makes [Network.Dial] fail with [ErrRefused] from now on, or not any more.
func (n *Network) SetRefusing(refusing bool) {
	n.mu.Lock()
	n.refusing = refusing
	n.mu.Unlock()
}

// SetReadSize makes each Read give at most so many bytes, on transports that are dialled from now on; 0 for any number.
func (n *Network) SetReadSize(bytes int) {
	n.mu.Lock()
	n.readSize = bytes
	n.mu.Unlock()
}

// Stall holds up every byte, without an error to anybody, until [Network.Unstall].
func (n *Network) Stall() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.stalled == nil {
		n.stalled = make(chan struct{})
	}
}

// Unstall lets bytes move again.
func (n *Network) Unstall() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.stalled != nil {
		close(n.stalled)
		n.stalled = nil
	}
}

// moving is closed, or nil, when bytes move.
func (n *Network) moving() <-chan struct{} {
	if n == nil {
		return nil
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.stalled
}

func (n *Network) forget(end *pipe) {
	if n == nil {
		return
	}
	n.mu.Lock()
	delete(n.open, end)
	n.mu.Unlock()
}

// address is where everything in memory is.
type address struct{}

func (address) Network() string { return "memory" }
func (address) String() string  { return "memory" }
