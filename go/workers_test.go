package rsocket_test

import (
	"context"
	"errors"
	"iter"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
)

func TestHandlersThatWaitForEachOtherAllRun(t *testing.T) {
	const requests = 200
	var all sync.WaitGroup
	all.Add(requests)
	meet := func(context.Context, *rsocket.Payload) (*rsocket.Payload, error) {
		all.Done()
		all.Wait()
		return nil, nil
	}
	conn := connectTCP(t, rsocket.Handler{RequestResponse: meet})
	errs := startMany(t, conn, requests)
	for range requests {
		if err := await(t, errs); err != nil {
			t.Fatal(err)
		}
	}
}

func TestFireAndForgetsThatWaitForEachOtherAreAllHandled(t *testing.T) {
	const requests = 200
	var all sync.WaitGroup
	all.Add(requests)
	conn := connectTCP(t, rsocket.Handler{
		FireAndForget: func(context.Context, *rsocket.Payload) {
			all.Done()
			all.Wait()
		},
	})
	for range requests {
		if err := conn.FireAndForget(testContext(t), rsocket.NewPayload("", "")); err != nil {
			t.Fatal(err)
		}
	}
	done := make(chan bool)
	go func() { all.Wait(); done <- true }()
	await(t, done)
}

// Both requests are one read of the server's.
func TestAnAnswerDoesNotWaitForTheNextHandler(t *testing.T) {
	started, ended := make(chan struct{}, 1), make(chan error, 1)
	blocks := hang(started, ended)
	url := listenAndServe(t, "tcp://127.0.0.1:0", rsocket.Handler{
		RequestResponse: func(ctx context.Context, request *rsocket.Payload) (*rsocket.Payload, error) {
			if request.GetDataAsString() == "block" {
				return blocks(ctx, request)
			}
			return echo(ctx, request)
		},
	})
	peer := rawClient(t, url)
	peer.send(setupFrame, requestFrame(1, "answer"), requestFrame(3, "block"))
	if answer := peer.frame(); answer == nil || !strings.HasSuffix(string(answer), "answer") {
		t.Fatalf("got %q", answer)
	}
	await(t, started)
	_ = peer.Close()
	await(t, ended)
}

func TestAHandlerThatEndsItsGoroutineFailsItsRequestAndNoOther(t *testing.T) {
	var handled atomic.Int64
	conn := connectTCP(t, rsocket.Handler{
		RequestResponse: func(_ context.Context, request *rsocket.Payload) (*rsocket.Payload, error) {
			if handled.Add(1)%2 == 0 {
				runtime.Goexit()
			}
			return request, nil
		},
		RequestStream: func(context.Context, *rsocket.Payload) iter.Seq2[*rsocket.Payload, error] {
			return func(func(*rsocket.Payload, error) bool) { runtime.Goexit() }
		},
	})
	errs := startMany(t, conn, 100)
	failed := 0
	for range 100 {
		if err := await(t, errs); errors.Is(err, rsocket.ErrApplication) {
			failed++
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if failed != 50 {
		t.Errorf("%d requests failed", failed)
	}
	for _, err := range conn.RequestStream(testContext(t), rsocket.NewPayload("", "")) {
		if !errors.Is(err, rsocket.ErrApplication) {
			t.Errorf("the stream: %v", err)
		}
	}
	if err := conn.Shutdown(testContext(t)); err != nil {
		t.Errorf("Shutdown: %v", err)
	}
}
