package rsocket_test

import (
	"context"
	"errors"
	"io"
	"iter"
	"net"
	"testing"
	"time"

	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
)

const longPayload = 1 << 20

func payloadOf(size int) *rsocket.Payload {
	return rsocket.NewPayloadFromBytes(make([]byte, size), nil)
}

// An ERROR takes the place of what a stream has waiting, so it waits for the items that the handler yielded before.
func TestLongItemsArriveBeforeTheErrorBehindThem(t *testing.T) {
	const items = 3
	conn := connectTCP(t, rsocket.Handler{
		RequestStream: func(context.Context, *rsocket.Payload) iter.Seq2[*rsocket.Payload, error] {
			return func(yield func(*rsocket.Payload, error) bool) {
				for range items {
					if !yield(payloadOf(longPayload), nil) {
						return
					}
				}
				yield(nil, rsocket.NewError(rsocket.CodeInvalid, "after them"))
			}
		},
	})
	arrived := 0
	for item, err := range conn.RequestStream(testContext(t), rsocket.NewPayload("", "")) {
		if err != nil {
			var failed *rsocket.Error
			if !errors.As(err, &failed) || failed.Message != "after them" {
				t.Errorf("the stream ended with %v", err)
			}
			break
		}
		if arrived++; item.Len() != longPayload {
			t.Errorf("item %d has %d bytes", arrived, item.Len())
		}
	}
	if arrived != items {
		t.Errorf("%d of %d items arrived", arrived, items)
	}
}

// What waits in fragments is bounded: more waits with its caller, and holds up nothing that is short.
func TestWhatWaitsInFragmentsIsBounded(t *testing.T) {
	const fit = 4
	near, far := net.Pipe()
	t.Cleanup(func() { _ = far.Close() })
	limits := rsocket.Limits{MaxQueuedBytes: fit * longPayload}
	client, err := rsocket.NewClientConn(testContext(t), near, rsocket.WithLimits(limits))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	for i := range fit {
		if err := client.FireAndForget(testContext(t), payloadOf(longPayload)); err != nil {
			t.Fatalf("payload %d: %v", i, err)
		}
	}
	short, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := client.FireAndForget(short, payloadOf(longPayload)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("one more: %v", err)
	}
	if err := client.FireAndForget(testContext(t), payloadOf(10)); err != nil {
		t.Errorf("a short one: %v", err)
	}
	go func() { _, _ = io.Copy(io.Discard, far) }()
	for i := range 2 * fit {
		if err := client.FireAndForget(testContext(t), payloadOf(longPayload)); err != nil {
			t.Fatalf("payload %d after the peer reads: %v", i, err)
		}
	}
}

// A long payload that the engine refuses leaves its room to others.
func TestLongPayloadsThatAreRefusedWaitNoLonger(t *testing.T) {
	never := func(ctx context.Context, _ *rsocket.Conn) { <-ctx.Done() }
	url := listenAndServe(t, "tcp://127.0.0.1:0", rsocket.Handler{RequestStream: streamOf}, rsocket.WithLease(never))
	conn := dial(t, url, rsocket.WithLease(never), rsocket.WithLimits(rsocket.Limits{MaxQueuedBytes: longPayload}))
	for range 3 {
		if _, err := conn.RequestResponse(testContext(t), payloadOf(longPayload)); !errors.Is(err, rsocket.ErrNoLease) {
			t.Fatalf("a request: %v", err)
		}
		for _, err := range conn.RequestStream(testContext(t), payloadOf(longPayload)) {
			if !errors.Is(err, rsocket.ErrNoLease) {
				t.Fatalf("a stream: %v", err)
			}
		}
	}
}

// A long payload whose request is withdrawn does as well, be it on its way or not.
func TestLongPayloadsThatAreWithdrawnWaitNoLonger(t *testing.T) {
	near, far := net.Pipe()
	t.Cleanup(func() { _ = far.Close() })
	client, err := rsocket.NewClientConn(testContext(t), near, rsocket.WithLimits(rsocket.Limits{MaxQueuedBytes: longPayload}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	canceled, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	for range 2 { // The second one waits for room.
		if _, err := client.RequestResponse(canceled, payloadOf(longPayload)); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("a request that nobody answers: %v", err)
		}
	}
	go func() { _, _ = io.Copy(io.Discard, far) }()
	for range 3 {
		if err := client.FireAndForget(testContext(t), payloadOf(longPayload)); err != nil {
			t.Fatalf("afterwards: %v", err)
		}
	}
}
