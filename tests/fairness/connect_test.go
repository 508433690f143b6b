package fairness

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"

	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
)

// patience ends a test that would hang; it says nothing about how fast anything is.
const patience = 2 * time.Minute

func testContext(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// sockets gives both ends of a TCP connection over loopback.
func sockets(t *testing.T) (client, server net.Conn) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	if client, err = net.Dial("tcp", listener.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if server, err = listener.Accept(); err != nil {
		t.Fatal(errors.Join(err, client.Close()))
	}
	return client, server
}

// connect gives a client of a server with this handler, over a transport.
func connect(ctx context.Context, t *testing.T, client, server net.Conn, handler rsocket.Handler, opts ...rsocket.Option) *rsocket.Conn {
	t.Helper()
	served := make(chan error, 1)
	go func() {
		conn, err := rsocket.ServeConn(ctx, server, handler)
		if err == nil {
			<-conn.Done()
		}
		served <- err
	}()
	conn, err := rsocket.NewClientConn(ctx, client, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = conn.Close()
		if err := <-served; err != nil {
			t.Errorf("serving: %v", err)
		}
	})
	return conn
}
