package rsockettest_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"testing"
	"time"

	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
	"github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go/rsockettest"
)

const patience = 30 * time.Second

var handler = rsocket.Handler{
	RequestResponse: func(_ context.Context, request *rsocket.Payload) (*rsocket.Payload, error) {
		return request, nil
	},
	RequestStream: func(context.Context, *rsocket.Payload) iter.Seq2[*rsocket.Payload, error] {
		return func(yield func(*rsocket.Payload, error) bool) {
			for i := range 1000 {
				if !yield(rsocket.NewPayload(fmt.Sprint(i), ""), nil) {
					return
				}
			}
		}
	},
}

func testContext(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

func expectEcho(t *testing.T, conn *rsocket.Conn) {
	t.Helper()
	answer, err := conn.RequestResponse(testContext(t), rsocket.NewPayload("hello", "there"))
	if err != nil {
		t.Fatal(err)
	}
	if answer.GetDataAsString() != "hello" || answer.GetMetadataAsString() != "there" {
		t.Errorf("got %v", answer)
	}
}

func TestBothEndsOfAConnection(t *testing.T) {
	client, server := rsockettest.Connect(t, handler, rsocket.WithHandler(handler))
	expectEcho(t, client)
	expectEcho(t, server)
}

func TestManyClientsOfANetwork(t *testing.T) {
	network := rsockettest.Serve(t, handler)
	for range 10 {
		expectEcho(t, network.Connect(t))
	}
	if network.Dialled() != 10 {
		t.Errorf("%d transports", network.Dialled())
	}
}

func TestACutEndsTheConnections(t *testing.T) {
	network := rsockettest.Serve(t, handler)
	conn := network.Connect(t)
	expectEcho(t, conn)
	network.Cut()
	select {
	case <-conn.Done():
	case <-time.After(patience):
		t.Fatal("the connection goes on")
	}
	if !errors.Is(conn.Err(), rsocket.ErrConnectionLost) {
		t.Errorf("got %v", conn.Err())
	}
}

func TestAnEndAtEachByteIsSurvivedByResuming(t *testing.T) {
	network := rsockettest.Serve(t, handler, rsocket.WithResume(rsocket.ResumeOptions{}))
	conn := network.Connect(t, rsocket.WithResume(rsocket.ResumeOptions{
		Dial:    network.Dial,
		Backoff: rsocket.Backoff{Min: time.Millisecond, Max: 5 * time.Millisecond},
	}))
	expectEcho(t, conn)
	network.CutAfter(1_000) // Each transport that follows.
	network.Cut()
	next := 0
	for item, err := range conn.RequestStream(testContext(t), rsocket.NewPayload("", "")) {
		if err != nil {
			t.Fatal(err)
		}
		if item.GetDataAsString() != fmt.Sprint(next) {
			t.Fatalf("item %q in place of %d", item.GetDataAsString(), next)
		}
		next++
	}
	if next != 1000 || network.Dialled() < 5 {
		t.Errorf("%d items over %d transports", next, network.Dialled())
	}
	network.CutAfter(0)
}

func TestARefusingNetwork(t *testing.T) {
	network := rsockettest.Serve(t, handler)
	network.SetRefusing(true)
	if _, err := network.Dial(testContext(t)); !errors.Is(err, rsockettest.ErrRefused) {
		t.Errorf("got %v", err)
	}
	network.SetRefusing(false)
	expectEcho(t, network.Connect(t))
}

func TestAStalledNetworkHoldsUpRequestsUntilTheirTimeIsOver(t *testing.T) {
	network := rsockettest.Serve(t, handler)
	conn := network.Connect(t)
	expectEcho(t, conn)
	network.Stall()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := conn.RequestResponse(ctx, rsocket.NewPayload("", "")); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	network.Unstall()
	expectEcho(t, conn)
}

func TestReadsOfOneByte(t *testing.T) {
	network := rsockettest.Serve(t, handler)
	network.SetReadSize(1)
	expectEcho(t, network.Connect(t))
}

func TestAClosedNetworkIsNotDialled(t *testing.T) {
	network := rsockettest.NewNetwork()
	if err := network.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := network.Dial(testContext(t)); err == nil {
		t.Error("it was dialled")
	}
	if _, err := network.Accept(); err == nil {
		t.Error("it accepted")
	}
}

func TestDialHeedsItsContext(t *testing.T) {
	network := rsockettest.NewNetwork()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := network.Dial(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
