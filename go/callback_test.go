package rsocket_test

import (
	"context"
	"log/slog"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
)

func TestCallbacksGetAnswersAndErrors(t *testing.T) { overEach(t, callbacksGetAnswersAndErrors) }

func callbacksGetAnswersAndErrors(t *testing.T, connect connector) {
	conn := connect(t, rsocket.Handler{
		RequestResponse: func(_ context.Context, request *rsocket.Payload) (*rsocket.Payload, error) {
			if request.GetDataAsString() == "fail" {
				return nil, rsocket.NewError(rsocket.CodeInvalid, "as you wish")
			}
			return request, nil
		},
	})
	const n = 500
	var answered, failed atomic.Int64
	var all sync.WaitGroup
	for i := range n {
		text := "answer"
		if i%2 == 0 {
			text = "fail"
		}
		all.Add(1)
		err := conn.RequestResponseFunc(rsocket.NewPayload(text, ""), func(answer *rsocket.Payload, err error) {
			defer all.Done()
			if err != nil {
				failed.Add(1)
			} else if answer.GetDataAsString() == "answer" {
				answered.Add(1)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	all.Wait()
	if answered.Load() != n/2 || failed.Load() != n/2 {
		t.Errorf("%d answered, %d failed", answered.Load(), failed.Load())
	}
}

func TestCallbacksNeedNoGoroutineEach(t *testing.T) {
	client, server := rawServer(t)
	server.frame() // SETUP
	before := runtime.NumGoroutine()
	const n = 1000
	for range n {
		err := client.RequestResponseFunc(rsocket.NewPayload("", ""), func(*rsocket.Payload, error) {})
		if err != nil {
			t.Fatal(err)
		}
	}
	for range n {
		server.frame()
	}
	if now := runtime.NumGoroutine(); now > before+10 {
		t.Errorf("%d goroutines before, %d with %d requests open", before, now, n)
	}
}

func TestACallbackCanRequest(t *testing.T) {
	conn := connectTCP(t, rsocket.Handler{RequestResponse: echo})
	done := make(chan struct{})
	var again func(left int)
	again = func(left int) {
		if left == 0 {
			close(done)
			return
		}
		err := conn.RequestResponseFunc(rsocket.NewPayload("", ""), func(_ *rsocket.Payload, err error) {
			if err != nil {
				t.Error(err)
			}
			again(left - 1)
		})
		if err != nil {
			t.Error(err)
		}
	}
	again(1000)
	await(t, done)
}

// warnings counts what a logger is warned of.
type warnings struct {
	slog.Handler
	count atomic.Int64
}

func (w *warnings) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelWarn }

func (w *warnings) Handle(context.Context, slog.Record) error {
	w.count.Add(1)
	return nil
}

// What callbacks submit goes out together after them, unless it is so much that they would wait for themselves.
func TestCallbacksThatSubmitMuchAreNotHeldUp(t *testing.T) {
	// They are copied, stay where they are, and leave in fragments.
	for size, chains := range map[int]int{2 << 10: 256, 4 << 10: 256, 100 << 10: 16, 300 << 10: 8} {
		t.Run(strconv.Itoa(size), func(t *testing.T) { callbacksThatSubmitMuchAreNotHeldUp(t, size, chains) })
	}
}

func callbacksThatSubmitMuchAreNotHeldUp(t *testing.T, size, chains int) {
	warned := warnings{Handler: slog.DiscardHandler}
	short := func(context.Context, *rsocket.Payload) (*rsocket.Payload, error) { return nil, nil }
	conn := connectTCP(t, rsocket.Handler{RequestResponse: short}, rsocket.WithLogger(slog.New(&warned)))
	const rounds = 20
	request := rsocket.NewPayloadFromBytes(make([]byte, size), nil)
	var all sync.WaitGroup
	var again func(left int)
	again = func(left int) {
		err := conn.RequestResponseFunc(request, func(_ *rsocket.Payload, err error) {
			if err != nil {
				t.Error(err)
			}
			if left == 0 {
				all.Done()
				return
			}
			again(left - 1)
		})
		if err != nil {
			t.Error(err)
		}
	}
	all.Add(chains)
	for range chains {
		again(rounds)
	}
	all.Wait()
	// On a busy machine a callback may lose its processor, for long enough to seem blocked.
	if blocked := warned.count.Load(); blocked > rounds/2 {
		t.Errorf("callbacks were blocked %d times in %d rounds", blocked, rounds)
	}
}

// Requests of callbacks leave in groups, not with the last callback only: the peer works while others are made.
func TestRequestsOfCallbacksLeaveBeforeTheLastCallback(t *testing.T) {
	warned := warnings{Handler: slog.DiscardHandler}
	// A keepalive would take them along.
	client, server := rawServer(t, rsocket.WithLogger(slog.New(&warned)), rsocket.WithKeepalive(time.Hour, 2*time.Hour),
		rsocket.WithLimits(rsocket.Limits{MaxBlockedCallbacks: 1}))
	server.frame() // SETUP
	request := rsocket.NewPayload("", "")

	// No other reader will step in for a callback that waits, as one has already for this one. Its long answer makes the
	// reader take all of the next ones together.
	release := make(chan struct{})
	defer close(release)
	err := client.RequestResponseFunc(request, func(*rsocket.Payload, error) { <-release })
	if err != nil {
		t.Fatal(err)
	}
	server.send(answerTo(server.frame(), strings.Repeat("a", 8<<10)))
	eventually(t, "the first callback blocks", func() bool { return warned.count.Load() == 1 })

	const n = 200
	arrived, over := make(chan struct{}), make(chan struct{})
	ended := 0 // Callbacks run one after the other.
	for range n {
		err := client.RequestResponseFunc(request, func(*rsocket.Payload, error) {
			if ended++; ended == n {
				await(t, arrived)
				close(over)
				return
			}
			if err := client.RequestResponseFunc(request, func(*rsocket.Payload, error) {}); err != nil {
				t.Error(err)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	// Beside these, one stays open, so that no request is a lone one, which leaves at once.
	if err := client.RequestResponseFunc(request, func(*rsocket.Payload, error) {}); err != nil {
		t.Fatal(err)
	}
	var answers []string
	for range n {
		answers = append(answers, answerTo(server.frame(), ""))
	}
	server.frame()
	server.send(answers...)
	server.frame()
	close(arrived)
	await(t, over)
}

// A callback that waits for another answer on the same connection can only return if somebody else reads it.
func TestABlockedCallbackDoesNotStopTheConnection(t *testing.T) {
	conn := connectTCP(t, rsocket.Handler{RequestResponse: echo})
	ctx := testContext(t)
	var all sync.WaitGroup
	for range 20 {
		all.Add(1)
		err := conn.RequestResponseFunc(rsocket.NewPayload("outer", ""), func(_ *rsocket.Payload, err error) {
			defer all.Done()
			if err != nil {
				t.Error(err)
			}
			if _, err := conn.RequestResponse(ctx, rsocket.NewPayload("inner", "")); err != nil {
				t.Error(err)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	all.Wait()
	if _, err := conn.RequestResponse(ctx, rsocket.NewPayload("after", "")); err != nil {
		t.Error(err)
	}
}

func TestBlockedCallbacksAreBounded(t *testing.T) {
	const limit = 3
	conn := connectTCP(t, rsocket.Handler{RequestResponse: echo},
		rsocket.WithLimits(rsocket.Limits{MaxBlockedCallbacks: limit}))
	release := make(chan struct{})
	var blocked atomic.Int64
	var all sync.WaitGroup
	for range 2 * limit {
		all.Add(1)
		err := conn.RequestResponseFunc(rsocket.NewPayload("", ""), func(*rsocket.Payload, error) {
			defer all.Done()
			blocked.Add(1)
			<-release
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	// One more than the limit blocks: the reader that is not replaced any more.
	eventually(t, "as many callbacks as allowed are blocked", func() bool { return blocked.Load() == limit+1 })
	close(release)
	all.Wait()
	if _, err := conn.RequestResponse(testContext(t), rsocket.NewPayload("", "")); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

func TestClientOfTheOriginalAPI(t *testing.T) {
	if err := rsocket.Init(); err != nil {
		t.Fatal(err)
	}
	got := make(chan *rsocket.Payload, 1)
	url := listenAndServe(t, "tcp://127.0.0.1:0", rsocket.Handler{
		RequestResponse: echo,
		FireAndForget:   func(_ context.Context, request *rsocket.Payload) { got <- request },
	})
	client := rsocket.NewClient()
	if client.IsConnected() {
		t.Error("connected before it connected")
	}
	if err := client.RequestResponse(rsocket.NewPayload("", ""), func(*rsocket.Payload, error) {}); err == nil {
		t.Error("a request without a connection worked")
	}
	if err := client.ConnectTCP(url[len("tcp://"):]); err != nil {
		t.Fatal(err)
	}
	if !client.IsConnected() {
		t.Error("not connected")
	}
	if err := client.ConnectTCP(url); err == nil {
		t.Error("connected twice")
	}
	answers := make(chan string, 1)
	err := client.RequestResponse(rsocket.NewPayload("hello", ""), func(answer *rsocket.Payload, _ error) {
		answers <- answer.GetDataAsString()
	})
	if err != nil {
		t.Fatal(err)
	}
	if answer := await(t, answers); answer != "hello" {
		t.Errorf("got %q", answer)
	}
	if err := client.FireAndForget(rsocket.NewPayload("forget", "")); err != nil {
		t.Fatal(err)
	}
	if request := await(t, got); request.GetDataAsString() != "forget" {
		t.Errorf("got %q", request.GetDataAsString())
	}
	if err := client.Close(); err != nil {
		t.Fatal(err)
	}
	if client.IsConnected() {
		t.Error("connected after Close")
	}
	if err := client.ConnectTCP(url); err != nil {
		t.Errorf("connecting again: %v", err)
	}
	_ = client.Close()
}
