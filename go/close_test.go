package rsocket_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
)

// startMany starts n requests that nobody answers, in both forms, and returns where their errors come.
func startMany(t testing.TB, conn *rsocket.Conn, n int) <-chan error {
	t.Helper()
	errs := make(chan error, n)
	for i := range n {
		if i%2 == 0 {
			go func() {
				_, err := conn.RequestResponse(context.Background(), rsocket.NewPayload("hang", ""))
				errs <- err
			}()
			continue
		}
		err := conn.RequestResponseFunc(rsocket.NewPayload("hang", ""), func(_ *rsocket.Payload, err error) { errs <- err })
		if err != nil {
			errs <- err
		}
	}
	return errs
}

func TestRequestsEndWhenThePeerDies(t *testing.T) {
	client, server := rawServer(t)
	errs := startMany(t, client, 100)
	for range 101 { // with SETUP
		server.frame()
	}
	_ = server.Close()
	for range 100 {
		err := await(t, errs)
		var known *rsocket.Error
		if !errors.Is(err, rsocket.ErrConnectionLost) || !errors.As(err, &known) || known.Origin != rsocket.OriginTransport {
			t.Fatalf("got %v", err)
		}
	}
	await(t, client.Done())
	if _, err := client.RequestResponse(testContext(t), rsocket.NewPayload("", "")); !errors.Is(err, rsocket.ErrConnectionLost) {
		t.Errorf("afterwards: %v", err)
	}
	if !errors.Is(client.Err(), rsocket.ErrConnectionLost) {
		t.Errorf("Err: %v", client.Err())
	}
}

func TestRequestsEndWhenThePeerResets(t *testing.T) {
	client, server := rawServer(t)
	errs := startMany(t, client, 10)
	server.frame()
	_ = server.Conn.(*net.TCPConn).SetLinger(0)
	_ = server.Close()
	for range 10 {
		if err := await(t, errs); !errors.Is(err, rsocket.ErrConnectionLost) {
			t.Fatalf("got %v", err)
		}
	}
}

func TestRequestsEndOnClose(t *testing.T) { overEach(t, requestsEndOnClose) }

func requestsEndOnClose(t *testing.T, connect connector) {
	started, ended := make(chan struct{}, 100), make(chan error, 100)
	conn := connect(t, rsocket.Handler{RequestResponse: hang(started, ended)})
	errs := startMany(t, conn, 100)
	for range 100 {
		await(t, started)
	}
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
	for range 100 {
		if err := await(t, errs); !errors.Is(err, rsocket.ErrClosed) {
			t.Fatalf("got %v", err)
		}
		await(t, ended)
	}
	if err := conn.Close(); err != nil {
		t.Errorf("again: %v", err)
	}
	if _, err := conn.RequestResponse(testContext(t), rsocket.NewPayload("", "")); !errors.Is(err, rsocket.ErrClosed) {
		t.Errorf("afterwards: %v", err)
	}
	if err := conn.RequestResponseFunc(rsocket.NewPayload("", ""), func(*rsocket.Payload, error) {
		t.Error("the callback of a refused request was called")
	}); !errors.Is(err, rsocket.ErrClosed) {
		t.Errorf("afterwards: %v", err)
	}
	if err := conn.FireAndForget(testContext(t), rsocket.NewPayload("", "")); !errors.Is(err, rsocket.ErrClosed) {
		t.Errorf("afterwards: %v", err)
	}
}

// Conforms: error/connection-close-sender
func TestCloseTellsThePeer(t *testing.T) {
	client, server := rawServer(t)
	server.frame() // SETUP
	_ = client.Close()
	frame := server.frameOf(typeError)
	if frame == nil || string(frame[6:10]) != "\x00\x00\x01\x02" {
		t.Fatalf("no CONNECTION_CLOSE: % x", frame)
	}
	if rest := server.frame(); rest != nil {
		t.Fatalf("more after it: % x", rest)
	}
}

// Close from everywhere at once, under load: every request ends, nothing panics, nothing is left running.
func TestCloseUnderLoad(t *testing.T) {
	before := goroutinesOf()
	for range 20 {
		var all sync.WaitGroup
		func() {
			client, server := connectPipe(t, rsocket.Handler{RequestResponse: echo}, rsocket.Handler{RequestResponse: echo})
			for worker := range 8 {
				all.Go(func() {
					for i := 0; ; i++ {
						conn := client
						if (worker+i)%2 == 0 {
							conn = server
						}
						if _, err := conn.RequestResponse(context.Background(), rsocket.NewPayload("x", "")); err != nil {
							return
						}
						if i == 50 {
							go func() { _ = conn.Close() }()
						}
					}
				})
			}
			all.Wait()
			await(t, client.Done())
			await(t, server.Done())
		}()
	}
	eventually(t, "no goroutine is left", func() bool { return goroutinesOf() <= before })
}

func TestCloseFromACallback(t *testing.T) {
	conn := connectTCP(t, rsocket.Handler{RequestResponse: echo})
	if err := conn.RequestResponseFunc(rsocket.NewPayload("", ""), func(*rsocket.Payload, error) {
		_ = conn.Close()
	}); err != nil {
		t.Fatal(err)
	}
	await(t, conn.Done())
}

// Conforms: error/connection-error
func TestTheConnectionErrorOfThePeerIsTold(t *testing.T) {
	client, server := rawServer(t)
	errs := startMany(t, client, 4)
	server.frame()
	server.send("\x00\x00\x00\x00\x2c\x00\x00\x00\x01\x01out of order")
	for range 4 {
		err := await(t, errs)
		var known *rsocket.Error
		if !errors.As(err, &known) || known.Message != "out of order" || known.Code != rsocket.CodeConnectionError ||
			known.Origin != rsocket.OriginPeer || !errors.Is(err, rsocket.ErrConnectionLost) {
			t.Fatalf("got %v", err)
		}
	}
}

// Conforms: error/connection-close-receiver, error/connection-close-requests
func TestConnectionCloseOfThePeerLetsRequestsFinish(t *testing.T) {
	client, server := rawServer(t)
	errs := startMany(t, client, 1)
	server.frame() // SETUP
	server.frame() // the request
	server.send("\x00\x00\x00\x00\x2c\x00\x00\x00\x01\x02bye")
	eventually(t, "new requests are refused", func() bool {
		ctx, cancel := context.WithTimeout(testContext(t), 20*time.Millisecond)
		defer cancel()
		_, err := client.RequestResponse(ctx, rsocket.NewPayload("", ""))
		return errors.Is(err, rsocket.ErrConnectionClosing)
	})
	// Cancelled attempts of the loop above may have opened streams: answer the first one only, which is stream 1.
	server.send("\x00\x00\x00\x01\x28\x60last")
	if err := await(t, errs); err != nil {
		t.Fatalf("the request under way: %v", err)
	}
	await(t, client.Done())
	if err := client.Err(); !strings.Contains(err.Error(), "bye") {
		t.Errorf("Err: %v", err)
	}
}

func TestServeClosesConnectionsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	listener, err := rsocket.Listen(ctx, "tcp://127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	started, ended := make(chan struct{}, 1), make(chan error, 1)
	served := make(chan error, 1)
	go func() { served <- rsocket.Serve(ctx, listener, rsocket.Handler{RequestResponse: hang(started, ended)}) }()
	conn := dial(t, "tcp://"+listener.Addr().String())
	errs := startMany(t, conn, 1)
	await(t, started)
	cancel()
	await(t, ended)
	if err := await(t, served); !errors.Is(err, context.Canceled) {
		t.Errorf("Serve: %v", err)
	}
	if err := await(t, errs); err == nil {
		t.Error("the request was answered")
	}
	await(t, conn.Done())
}
