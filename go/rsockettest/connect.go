package rsockettest

import (
	"context"
	"errors"
	"testing"
	"time"

	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
)

// setupTime bounds the setup of a connection in memory; nothing is expected to take that long.
const setupTime = 30 * time.Second

// Connect gives both ends of a connection whose server answers with handler. The options are for both: [rsocket.WithHandler]
// lets the client answer too. Both ends are closed when the test ends. It does not return when there is no connection.
//
// The connection cannot be resumed, as there is nothing to dial: see [Serve] for that.
func Connect(t testing.TB, handler rsocket.Handler, opts ...rsocket.Option) (client, server *rsocket.Conn) {
	t.Helper()
	near, far := newPipe(nil)
	type outcome struct {
		conn *rsocket.Conn
		err  error
	}
	served := make(chan outcome, 1)
	go func() {
		conn, err := rsocket.ServeConn(context.Background(), far, handler, opts...)
		served <- outcome{conn, err}
	}()
	ctx, cancel := context.WithTimeout(context.Background(), setupTime)
	defer cancel()
	client, err := rsocket.NewClientConn(ctx, near, opts...)
	if err != nil {
		t.Fatalf("rsockettest: connecting: %v", errors.Join(err, far.Close()))
	}
	t.Cleanup(func() { _ = client.Close() })
	select {
	case outcome := <-served:
		if outcome.err != nil {
			t.Fatalf("rsockettest: serving: %v", outcome.err)
		}
		t.Cleanup(func() { _ = outcome.conn.Close() })
		return client, outcome.conn
	case <-ctx.Done():
		t.Fatalf("rsockettest: no setup within %v", setupTime)
		return nil, nil
	}
}

// Serve serves handler on a network of its own until the test ends. Dial with [Network.Connect].
func Serve(t testing.TB, handler rsocket.Handler, opts ...rsocket.Option) *Network {
	t.Helper()
	network := NewNetwork()
	server, err := rsocket.NewServer(handler, opts...)
	if err != nil {
		t.Fatalf("rsockettest: %v", err)
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(network) }()
	t.Cleanup(func() {
		_ = server.Close()
		if err := <-served; !errors.Is(err, rsocket.ErrServerClosed) {
			t.Errorf("rsockettest: the server ended with %v", err)
		}
	})
	return network
}

// Connect gives a client of the server on this network, which is closed when the test ends. It does not return when there
// is no connection. For [rsocket.WithResume], Dial of the options is to be [Network.Dial].
func (n *Network) Connect(t testing.TB, opts ...rsocket.Option) *rsocket.Conn {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), setupTime)
	defer cancel()
	nc, err := n.Dial(ctx)
	if err != nil {
		t.Fatalf("rsockettest: %v", err)
	}
	conn, err := rsocket.NewClientConn(ctx, nc, opts...)
	if err != nil {
		t.Fatalf("rsockettest: connecting: %v", err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}
