package interop

import (
	"io"
	"net"
	"sync/atomic"
	"testing"
	"time"
)

// wire carries one connection to a server and counts what the server sends.
type wire struct {
	url   string
	sent  atomic.Int64
	ended chan struct{} // closed when the connection is over
}

func startWire(t *testing.T, s *server) *wire {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("listening for a client: %v", err)
	}
	url, target := s.by(t, listener.Addr())
	w := &wire{url: url, ended: make(chan struct{})}
	go func() {
		defer close(w.ended)
		client, err := listener.Accept()
		if err != nil {
			return // The test is over.
		}
		defer client.Close()
		server, err := net.Dial("tcp", target)
		if err != nil {
			return // The client is told by the end of its connection.
		}
		defer server.Close()
		w.carry(client, server)
	}()
	t.Cleanup(func() {
		_ = listener.Close()
		<-w.ended
	})
	return w
}

// carry lasts until either side ends the connection.
func (w *wire) carry(client, server net.Conn) {
	forth := make(chan struct{})
	go func() {
		defer close(forth)
		_, _ = io.Copy(server, client)
		_ = server.Close()
	}()
	_, _ = io.Copy(client, io.TeeReader(server, w))
	_ = client.Close()
	_ = server.Close()
	<-forth
}

// Write counts bytes.
func (w *wire) Write(p []byte) (int, error) {
	w.sent.Add(int64(len(p)))
	return len(p), nil
}

// server is the server as a client sees it that connects through the wire.
func (w *wire) server(s *server) *server { return &server{s.process, w.url, s.clientFlags} }

// sentByServer waits for the connection's end and tells how many bytes came from the server.
func (w *wire) sentByServer(t *testing.T) int64 {
	t.Helper()
	select {
	case <-w.ended:
	case <-time.After(waitBound):
		t.Fatalf("the connection has not ended in %v", waitBound)
	}
	return w.sent.Load()
}
