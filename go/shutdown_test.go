package rsocket_test

import (
	"context"
	"errors"
	"iter"
	"testing"
	"time"

	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
)

// gated answers when it is let through.
func gated(started chan<- struct{}, gate <-chan struct{}) rsocket.Handler {
	return rsocket.Handler{
		RequestResponse: func(ctx context.Context, request *rsocket.Payload) (*rsocket.Payload, error) {
			started <- struct{}{}
			select {
			case <-gate:
				return request, nil
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		},
		RequestStream: func(ctx context.Context, _ *rsocket.Payload) iter.Seq2[*rsocket.Payload, error] {
			return func(yield func(*rsocket.Payload, error) bool) {
				started <- struct{}{}
				select {
				case <-gate:
					yield(rsocket.NewPayload("last", ""), nil)
				case <-ctx.Done():
				}
			}
		},
	}
}

// startServerToStop serves and returns the server, a client of it and what Serve returned.
func startServerToStop(t *testing.T, at place, handler rsocket.Handler) (*rsocket.Server, *rsocket.Conn, <-chan error) {
	t.Helper()
	url, told := at(t)
	server, err := rsocket.NewServer(handler, told.server...)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := rsocket.Listen(testContext(t), url, told.server...)
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	return server, dial(t, urlOf(url, listener), told.client...), served
}

// Conforms: error/connection-close-sender, error/connection-close-requests
func TestShutdownLetsWhatRunsFinish(t *testing.T) { overEachListening(t, shutdownLetsWhatRunsFinish) }

func shutdownLetsWhatRunsFinish(t *testing.T, at place) {
	started, gate := make(chan struct{}, 2), make(chan struct{})
	server, conn, served := startServerToStop(t, at, gated(started, gate))
	ctx := testContext(t)
	answered, streamed := make(chan error, 1), make(chan error, 1)
	go func() {
		_, err := conn.RequestResponse(ctx, rsocket.NewPayload("x", ""))
		answered <- err
	}()
	go func() {
		n := 0
		for _, err := range conn.RequestStream(ctx, rsocket.NewPayload("x", "")) {
			if err != nil {
				streamed <- err
				return
			}
			n++
		}
		if n != 1 {
			streamed <- errors.New("the item is missing")
		}
		streamed <- nil
	}()
	await(t, started)
	await(t, started)
	stopped := make(chan error, 1)
	go func() { stopped <- server.Shutdown(ctx) }()
	if err := await(t, served); !errors.Is(err, rsocket.ErrServerClosed) {
		t.Errorf("Serve: %v", err)
	}
	// New requests are turned away without harm to those under way.
	eventually(t, "new requests are rejected", func() bool {
		short, cancel := context.WithCancel(ctx)
		defer cancel()
		result := make(chan error, 1)
		go func() {
			_, err := conn.RequestResponse(short, rsocket.NewPayload("new", ""))
			result <- err
		}()
		select {
		case err := <-result:
			return errors.Is(err, rsocket.ErrRejected)
		case <-started: // It came before the shutdown did.
			cancel()
			<-result
			return false
		}
	})
	close(gate)
	if err := await(t, answered); err != nil {
		t.Errorf("the request under way: %v", err)
	}
	if err := await(t, streamed); err != nil {
		t.Errorf("the stream under way: %v", err)
	}
	if err := await(t, stopped); err != nil {
		t.Errorf("Shutdown: %v", err)
	}
	await(t, conn.Done())
}

func TestShutdownIsCutByItsContext(t *testing.T) { overEachListening(t, shutdownIsCutByItsContext) }

func shutdownIsCutByItsContext(t *testing.T, at place) {
	started := make(chan struct{}, 1)
	server, conn, _ := startServerToStop(t, at, gated(started, nil))
	errs := startMany(t, conn, 1)
	await(t, started)
	ctx, cancel := context.WithCancel(testContext(t))
	stopped := make(chan error, 1)
	go func() { stopped <- server.Shutdown(ctx) }()
	cancel()
	if err := await(t, stopped); !errors.Is(err, context.Canceled) {
		t.Errorf("Shutdown: %v", err)
	}
	if err := await(t, errs); err == nil {
		t.Error("the request was answered")
	}
}

func TestShutdownOfAnIdleConnectionIsClose(t *testing.T) {
	client, server := connectPipe(t, rsocket.Handler{}, rsocket.Handler{RequestResponse: echo})
	ctx := testContext(t)
	if _, err := client.RequestResponse(ctx, rsocket.NewPayload("x", "")); err != nil {
		t.Fatal(err)
	}
	if err := client.Shutdown(ctx); err != nil {
		t.Fatal(err)
	}
	if err := client.Shutdown(ctx); err != nil {
		t.Errorf("again: %v", err)
	}
	await(t, client.Done())
	await(t, server.Done())
}

func TestRequestsOfAShuttingDownSideAreRefused(t *testing.T) {
	started, ended := make(chan struct{}, 1), make(chan error, 1)
	conn := connectTCP(t, rsocket.Handler{RequestResponse: hang(started, ended)})
	ctx, cancel := context.WithCancel(testContext(t))
	errs := make(chan error, 1)
	go func() {
		_, err := conn.RequestResponse(ctx, rsocket.NewPayload("x", ""))
		errs <- err
	}()
	await(t, started)
	stopped := make(chan error, 1)
	go func() { stopped <- conn.Shutdown(testContext(t)) }()
	eventually(t, "requests are refused", func() bool {
		err := conn.FireAndForget(testContext(t), rsocket.NewPayload("x", ""))
		return errors.Is(err, rsocket.ErrConnectionClosing)
	})
	var known *rsocket.Error
	if _, err := conn.RequestResponse(ctx, rsocket.NewPayload("x", "")); !errors.As(err, &known) || !known.RetrySafe() {
		t.Errorf("got %v", err)
	}
	cancel() // The last request under way ends.
	await(t, errs)
	if err := await(t, stopped); err != nil {
		t.Errorf("Shutdown: %v", err)
	}
}

// A request that was refused leaves nothing behind that a shutdown would wait for.
func TestRefusedRequestsDoNotHoldUpAShutdown(t *testing.T) {
	started, gate := make(chan struct{}, 1), make(chan struct{})
	conn := connectTCP(t, gated(started, gate), rsocket.WithKeepalive(time.Hour, 2*time.Hour))
	answered, stopped := make(chan error, 1), make(chan error, 1)
	go func() {
		_, err := conn.RequestResponse(testContext(t), rsocket.NewPayload("x", ""))
		answered <- err
	}()
	await(t, started)
	go func() { stopped <- conn.Shutdown(testContext(t)) }()
	eventually(t, "requests are refused", func() bool {
		err := conn.FireAndForget(testContext(t), rsocket.NewPayload("x", ""))
		return errors.Is(err, rsocket.ErrConnectionClosing)
	})
	close(gate)
	if err := await(t, answered); err != nil {
		t.Errorf("the request under way: %v", err)
	}
	if err := await(t, stopped); err != nil {
		t.Errorf("Shutdown: %v", err)
	}
}

func TestAClosedServerServesNoMore(t *testing.T) { overEachListening(t, aClosedServerServesNoMore) }

func aClosedServerServesNoMore(t *testing.T, at place) {
	server, conn, served := startServerToStop(t, at, rsocket.Handler{RequestResponse: echo})
	if _, err := conn.RequestResponse(testContext(t), rsocket.NewPayload("x", "")); err != nil {
		t.Fatal(err)
	}
	if err := server.Close(); err != nil {
		t.Fatal(err)
	}
	if err := await(t, served); !errors.Is(err, rsocket.ErrServerClosed) {
		t.Errorf("Serve: %v", err)
	}
	await(t, conn.Done())
	listener, err := rsocket.Listen(testContext(t), "tcp://127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Serve(listener); !errors.Is(err, rsocket.ErrServerClosed) {
		t.Errorf("Serve again: %v", err)
	}
}

// A connection is the server's before its first request is handled, so that a shutdown finds it.
func TestShutdownFindsTheNewestConnection(t *testing.T) {
	for range 1000 {
		started, gate := make(chan struct{}, 1), make(chan struct{})
		server, conn, served := startServerToStop(t, listening["tcp"], gated(started, gate))
		answered, stopped := make(chan error, 1), make(chan error, 1)
		go func() {
			_, err := conn.RequestResponse(testContext(t), rsocket.NewPayload("x", ""))
			answered <- err
		}()
		await(t, started)
		go func() { stopped <- server.Shutdown(testContext(t)) }()
		await(t, served)
		close(gate)
		if err := await(t, answered); err != nil {
			t.Fatalf("the request under way: %v", err)
		}
		if err := await(t, stopped); err != nil {
			t.Fatalf("Shutdown: %v", err)
		}
	}
}
