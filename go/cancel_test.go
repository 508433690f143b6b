package rsocket_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
)

func TestCancellationReachesTheHandler(t *testing.T) {
	for name, connect := range transports {
		t.Run(name, func(t *testing.T) {
			started, ended := make(chan struct{}, 1), make(chan error, 1)
			conn := connect(t, rsocket.Handler{RequestResponse: hang(started, ended)})
			ctx, cancel := context.WithCancel(testContext(t))
			result := make(chan error, 1)
			go func() {
				_, err := conn.RequestResponse(ctx, rsocket.NewPayload("", ""))
				result <- err
			}()
			await(t, started)
			cancel()
			if err := await(t, result); !errors.Is(err, context.Canceled) {
				t.Errorf("request: %v", err)
			}
			if err := await(t, ended); !errors.Is(err, context.Canceled) {
				t.Errorf("handler's cause: %v", err)
			}
		})
	}
}

// Conforms: unexpected/request-timeouts
func TestDeadlineCancels(t *testing.T) { overEach(t, deadlineCancels) }

func deadlineCancels(t *testing.T, connect connector) {
	started, ended := make(chan struct{}, 1), make(chan error, 1)
	conn := connect(t, rsocket.Handler{RequestResponse: hang(started, ended)})
	ctx, cancel := context.WithTimeout(testContext(t), 50*time.Millisecond)
	defer cancel()
	_, err := conn.RequestResponse(ctx, rsocket.NewPayload("", ""))
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("request: %v", err)
	}
	await(t, ended)
}

func TestEndedContextSendsNothing(t *testing.T) {
	conn := connectTCP(t, rsocket.Handler{RequestResponse: echo})
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := conn.RequestResponse(ctx, rsocket.NewPayload("", "")); !errors.Is(err, context.Canceled) {
		t.Errorf("request: %v", err)
	}
	if err := conn.FireAndForget(ctx, rsocket.NewPayload("", "")); !errors.Is(err, context.Canceled) {
		t.Errorf("fire-and-forget: %v", err)
	}
}

// Conforms: request-response/cancelled, request-response/requester-cancel-ends
func TestCancelIsOnTheWireAndALateAnswerIsIgnored(t *testing.T) {
	client, server := rawServer(t)
	ctx, cancel := context.WithCancel(testContext(t))
	result := make(chan error, 1)
	go func() {
		_, err := client.RequestResponse(ctx, rsocket.NewPayload("one", ""))
		result <- err
	}()
	server.frame() // SETUP
	server.frame() // the request
	cancel()
	if err := await(t, result); !errors.Is(err, context.Canceled) {
		t.Fatalf("request: %v", err)
	}
	if frame := server.frameOf(typeCancel); frame == nil || frame[3] != 1 {
		t.Fatalf("no CANCEL for stream 1: % x", frame)
	}
	server.send("\x00\x00\x00\x01\x28\x60late")
	answered := make(chan *rsocket.Payload, 1)
	go func() {
		answer, _ := client.RequestResponse(testContext(t), rsocket.NewPayload("two", ""))
		answered <- answer
	}()
	if frame := server.frame(); frame == nil || frame[3] != 3 {
		t.Fatalf("the second request: % x", frame)
	}
	server.send("\x00\x00\x00\x03\x28\x60in time")
	if answer := await(t, answered); answer.GetDataAsString() != "in time" {
		t.Fatalf("got %q", answer.GetDataAsString())
	}
}

// Requests that end by answer, cancellation and deadline at once: each ends, with its own outcome.
func TestManyCancellationsAmongAnswers(t *testing.T) {
	conn := connectTCP(t, rsocket.Handler{RequestResponse: echo})
	parent := testContext(t)
	var all sync.WaitGroup
	for worker := range 32 {
		all.Go(func() {
			for i := range 300 {
				ctx, cancel := context.WithCancel(parent)
				if i%3 == 0 {
					go cancel()
				}
				sent := rsocket.NewPayloadFromBytes(randomBytes(8+worker*300+i), nil)
				answer, err := conn.RequestResponse(ctx, sent)
				switch {
				case err == nil:
					assertSamePayload(t, answer, sent)
				case !errors.Is(err, context.Canceled):
					t.Error(err)
				}
				cancel()
			}
		})
	}
	all.Wait()
	if _, err := conn.RequestResponse(parent, rsocket.NewPayload("", "")); err != nil {
		t.Fatalf("afterwards: %v", err)
	}
}

func TestAHandlersContextDescends(t *testing.T) {
	observed := make(chan error, 1)
	conn := connectTCP(t, rsocket.Handler{
		RequestResponse: func(ctx context.Context, _ *rsocket.Payload) (*rsocket.Payload, error) {
			child, cancel := context.WithTimeout(ctx, time.Hour)
			defer cancel()
			if _, ok := child.Deadline(); !ok || ctx.Err() != nil || ctx.Value("absent") != nil {
				return nil, errors.New("not a proper context")
			}
			observed <- nil
			<-child.Done()
			observed <- child.Err()
			return nil, child.Err()
		},
	})
	ctx, cancel := context.WithCancel(testContext(t))
	go func() {
		await(t, observed)
		cancel()
	}()
	if _, err := conn.RequestResponse(ctx, rsocket.NewPayload("", "")); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if err := await(t, observed); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
}
