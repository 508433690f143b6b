package interop

import (
	"math"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// cut says after how many bytes a transport is taken away.
type cut struct {
	// least and most bound the bytes of either direction, which are chosen anew for each transport. The first one's count
	// from when the server has answered: before, it may not know the session.
	least, most int64
	// times is how many transports are taken away; the others live on. 0 is all of them.
	times int
	// delay is how long the way to the server takes, from the second transport on.
	delay time.Duration
}

// handshakes bounds what either side sends before the frames, in bytes.
var handshakes = map[transport]int64{ws: 1_000, secure: 6_000, wss: 7_000}

// after lets the handshakes pass.
func (c cut) after(over transport) cut {
	c.least += handshakes[over]
	c.most += handshakes[over]
	return c
}

// cutter carries transports to a server and takes each away again, wherever in a frame that is, without a word to either
// side but the operating system's.
type cutter struct {
	url    string
	target string
	cut    cut
	// transports counts those that reached the server.
	transports atomic.Int64
	// open are the connections at either end; nil when the test is over.
	mu   sync.Mutex
	open map[net.Conn]struct{}
	work sync.WaitGroup
}

func startCutter(t *testing.T, s *server, how cut) *cutter {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("listening for a client: %v", err)
	}
	url, target := s.by(t, listener.Addr())
	c := &cutter{
		url:    url,
		target: target,
		cut:    how,
		open:   make(map[net.Conn]struct{}),
	}
	c.work.Go(func() { c.accept(listener) })
	t.Cleanup(func() {
		_ = listener.Close()
		c.end()
		c.work.Wait()
	})
	return c
}

func (c *cutter) accept(listener net.Listener) {
	for {
		client, err := listener.Accept()
		if err != nil {
			return // The test is over.
		}
		c.work.Go(func() { c.carry(client) })
	}
}

// carry lasts until the transport has carried what it may, or either side ends it.
func (c *cutter) carry(client net.Conn) {
	defer client.Close()
	if c.transports.Load() > 0 {
		time.Sleep(c.cut.delay)
	}
	server, err := net.Dial("tcp", c.target)
	if err != nil {
		return // The client is told by the end of its connection.
	}
	defer server.Close()
	if !c.keep(client) || !c.keep(server) {
		return
	}
	defer c.forget(client, server)
	number := c.transports.Add(1)
	var known atomic.Bool // to the server, as its client's
	known.Store(number > 1)
	var both sync.WaitGroup
	pump := func(to, from net.Conn) {
		c.pump(to, from, number, func() bool { return known.Load() || from == server && known.CompareAndSwap(false, true) })
		_ = client.Close()
		_ = server.Close()
	}
	both.Go(func() { pump(server, client) })
	both.Go(func() { pump(client, server) })
	both.Wait()
}

// pump carries one direction until it has had its bytes, of which those count that come when counts says so.
func (c *cutter) pump(to, from net.Conn, number int64, counts func() bool) {
	left := int64(math.MaxInt64)
	if c.cut.times == 0 || number <= int64(c.cut.times) {
		left = c.cut.least + rand.Int64N(c.cut.most-c.cut.least)
	}
	buffer := make([]byte, 16<<10)
	for {
		n, err := from.Read(buffer)
		may := int64(n)
		if n > 0 && counts() {
			may = min(may, left)
			left -= may
		}
		if _, failed := to.Write(buffer[:may]); err != nil || failed != nil || left == 0 {
			return
		}
	}
}

// keep has a connection ended with the test; false where that is over.
func (c *cutter) keep(nc net.Conn) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open != nil {
		c.open[nc] = struct{}{}
	}
	return c.open != nil
}

func (c *cutter) forget(conns ...net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, nc := range conns {
		delete(c.open, nc)
	}
}

func (c *cutter) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for nc := range c.open {
		_ = nc.Close()
	}
	c.open = nil
}

// server is the server as a client sees it that connects through the cutter.
func (c *cutter) server(s *server) *server { return &server{s.process, c.url, s.clientFlags} }

// expectTransports asserts that there were so many transports at least.
func (c *cutter) expectTransports(t *testing.T, least int64) {
	t.Helper()
	if got := c.transports.Load(); got < least {
		t.Fatalf("there were %d transports, want %d at least", got, least)
	}
}
