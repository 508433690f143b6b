package rsocket_test

import (
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
)

func TestReconnectorsWorkLikeConnections(t *testing.T) {
	heard := newTally()
	url := listenAndServe(t, "tcp://127.0.0.1:0", heard.counting())
	r := reconnector(t, url, rsocket.ReconnectPolicy{})
	waitConnected(t, r)
	ctx := testContext(t)
	assertAnswer(t, r, "response")

	answered := make(chan string, 1)
	err := r.RequestResponseFunc(rsocket.NewPayload("callback", ""), func(answer *rsocket.Payload, _ error) {
		answered <- answer.GetDataAsString()
	})
	if err != nil || await(t, answered) != "callback" {
		t.Errorf("RequestResponseFunc: %v", err)
	}
	if err := r.FireAndForget(ctx, rsocket.NewPayload("forgotten", "")); err != nil {
		t.Error(err)
	}
	eventually(t, "the fire-and-forget arrives", func() bool { return heard.of("forgotten") == 1 })
	if got, err := textsOf(r.RequestStream(ctx, rsocket.NewPayload("stream", ""))); !slices.Equal(got, []string{"stream"}) || err != nil {
		t.Errorf("RequestStream: %q, %v", got, err)
	}
	source := func(yield func(*rsocket.Payload, error) bool) {
		_ = yield(rsocket.NewPayload("one", ""), nil) && yield(rsocket.NewPayload("two", ""), nil)
	}
	if got, err := textsOf(r.RequestChannel(ctx, source)); !slices.Equal(got, []string{"one", "two"}) || err != nil {
		t.Errorf("RequestChannel: %q, %v", got, err)
	}
	channel, err := r.OpenChannel(ctx, rsocket.NewPayload("channel", ""))
	if err != nil {
		t.Fatal(err)
	}
	channel.CloseSend()
	if item, err := channel.Recv(ctx); err != nil || item.GetDataAsString() != "channel" {
		t.Errorf("OpenChannel: %v", err)
	}
	if _, err := channel.Recv(ctx); err != io.EOF {
		t.Errorf("OpenChannel: %v", err)
	}
	if err := r.MetadataPush(ctx, []byte("pushed")); err != nil {
		t.Error(err)
	}
	heard.assertNothingTwice(t)
}

func TestOptionsHoldForEachConnection(t *testing.T) {
	got := make(chan string, 2)
	server := startMortal(t, rsocket.Handler{
		Setup: func(_ context.Context, setup *rsocket.Setup, _ *rsocket.Conn) error {
			got <- setup.Payload.GetDataAsString()
			return nil
		},
	})
	r := reconnector(t, server.url, patientPolicy(), rsocket.WithSetupPayload(rsocket.NewPayload("me", "")))
	waitConnected(t, r)
	if text := await(t, got); text != "me" {
		t.Errorf("first: %q", text)
	}
	server.reset()
	if text := await(t, got); text != "me" {
		t.Errorf("again: %q", text)
	}
}

func TestAServerThatIsKilledAndStartedAgain(t *testing.T) {
	server := startMortal(t, rsocket.Handler{RequestResponse: echo})
	policy := patientPolicy()
	told := events(&policy)
	r := reconnector(t, server.url, policy)
	for range 3 {
		connected := awaitKind(t, told, rsocket.EventConnected)
		if connected.Conn == nil || connected.Conn != r.Conn() || connected.Err != nil {
			t.Errorf("the event of the connection: %+v", connected)
		}
		assertAnswer(t, r, "x")

		server.kill()
		lost := assertKinds(t, told, rsocket.EventLost, rsocket.EventRetrying)
		if lost[0].Conn != connected.Conn || !errors.Is(lost[0].Err, rsocket.ErrConnectionLost) {
			t.Errorf("the event of the loss: %+v", lost[0])
		}
		if lost[1].Attempt != 1 || !errors.Is(lost[1].Err, rsocket.ErrConnectionLost) || lost[1].Delay > time.Millisecond {
			t.Errorf("the event of the first attempt: %+v", lost[1])
		}
		_, err := ask(testContext(t), r, "nobody is there")
		assertNotConnected(t, err, err)
		if r.Conn() != nil || r.Err() != nil {
			t.Errorf("Conn %v, Err %v", r.Conn(), r.Err())
		}
		// The server stays away for some attempts.
		for attempt := 2; attempt < 5; attempt++ {
			retrying := awaitKind(t, told, rsocket.EventRetrying)
			if retrying.Attempt != attempt || retrying.Err == nil || retrying.Delay > 10*time.Millisecond {
				t.Errorf("attempt %d: %+v", attempt, retrying)
			}
		}
		server.start()
	}
	waitConnected(t, r)
	assertAnswer(t, r, "x")
}

func TestClosingTheConnectionOfAReconnectorMakesItDialAgain(t *testing.T) {
	url := listenAndServe(t, "tcp://127.0.0.1:0", rsocket.Handler{RequestResponse: echo})
	policy := patientPolicy()
	told := events(&policy)
	r := reconnector(t, url, policy)
	first := waitConnected(t, r)
	_ = first.Close()
	lost := assertKinds(t, told, rsocket.EventConnected, rsocket.EventLost, rsocket.EventRetrying, rsocket.EventConnected)
	if !errors.Is(lost[1].Err, rsocket.ErrClosed) {
		t.Errorf("lost: %v", lost[1].Err)
	}
	if second := waitConnected(t, r); second == first {
		t.Error("the same connection")
	}
	assertAnswer(t, r, "x")
}

func TestARejectedSetupEndsAReconnector(t *testing.T) {
	for _, code := range []rsocket.ErrorCode{rsocket.CodeInvalidSetup, rsocket.CodeUnsupportedSetup, rsocket.CodeRejectedSetup} {
		t.Run(code.String(), func(t *testing.T) {
			dialled := newTally()
			url := listenAndServe(t, "tcp://127.0.0.1:0", rsocket.Handler{
				Setup: func(_ context.Context, setup *rsocket.Setup, _ *rsocket.Conn) error {
					dialled.note(setup.Payload)
					return rsocket.NewError(code, "not you")
				},
			})
			policy := patientPolicy()
			policy.RetryUnsent = true
			told := events(&policy)
			r := reconnector(t, url, policy)
			await(t, r.Done())
			got := assertKinds(t, told, rsocket.EventConnected, rsocket.EventLost, rsocket.EventGaveUp)
			for name, err := range map[string]error{"lost": got[1].Err, "gave up": got[2].Err, "Err": r.Err()} {
				var known *rsocket.Error
				if !errors.Is(err, rsocket.ErrRejectedSetup) || !errors.As(err, &known) || known.Code != code || known.Message != "not you" {
					t.Errorf("%s: %v", name, err)
				}
			}
			_, err := ask(testContext(t), r, "x")
			assertNotConnected(t, err, rsocket.ErrRejectedSetup)
			_, err = r.WaitConnected(testContext(t))
			assertNotConnected(t, err, rsocket.ErrRejectedSetup)
			if err := r.Close(); err != nil {
				t.Error(err)
			}
			if !errors.Is(r.Err(), rsocket.ErrRejectedSetup) {
				t.Errorf("Err after Close: %v", r.Err())
			}
			if times := dialled.of(""); times != 1 {
				t.Errorf("the server was asked %d times", times)
			}
		})
	}
}

func TestARejectedSetupIsTriedAgainIfThePolicySaysSo(t *testing.T) {
	var mu sync.Mutex
	left := 3 // rejections
	url := listenAndServe(t, "tcp://127.0.0.1:0", rsocket.Handler{
		Setup: func(context.Context, *rsocket.Setup, *rsocket.Conn) error {
			mu.Lock()
			defer mu.Unlock()
			if left--; left >= 0 {
				return errors.New("too early")
			}
			return nil
		},
		RequestResponse: echo,
	})
	policy := patientPolicy()
	policy.RetryRejectedSetup = true
	r := reconnector(t, url, policy)
	eventually(t, "the server lets the client in", func() bool {
		_, err := ask(testContext(t), r, "x")
		return err == nil
	})
}

func TestAReconnectorGivesUpAfterMaxAttempts(t *testing.T) {
	refused := errors.New("nobody is there")
	policy := patientPolicy()
	policy.MaxAttempts = 3
	told := events(&policy)
	dials := 0
	r := dialling(t, policy, func(context.Context) (*rsocket.Conn, error) {
		dials++
		return nil, refused
	})
	await(t, r.Done())
	got := assertKinds(t, told, rsocket.EventRetrying, rsocket.EventRetrying, rsocket.EventGaveUp)
	if got[0].Attempt != 2 || got[1].Attempt != 3 || got[2].Attempt != 3 || dials != 3 {
		t.Errorf("%d dials, attempts %d, %d, %d", dials, got[0].Attempt, got[1].Attempt, got[2].Attempt)
	}
	for _, err := range []error{got[0].Err, got[1].Err, got[2].Err, r.Err()} {
		if !errors.Is(err, refused) {
			t.Errorf("got %v", err)
		}
	}
	_, err := ask(testContext(t), r, "x")
	assertNotConnected(t, err, refused)
	if _, err := ask(rsocket.AllowRetry(testContext(t)), r, "x"); !errors.Is(err, refused) {
		t.Errorf("a request that may wait: %v", err)
	}
}

func TestADialThatCannotWorkEndsAReconnector(t *testing.T) {
	for name, dial := range map[string]func(context.Context) (*rsocket.Conn, error){
		"invalid argument": func(ctx context.Context) (*rsocket.Conn, error) { return rsocket.Dial(ctx, "nowhere") },
		"nothing":          func(context.Context) (*rsocket.Conn, error) { return nil, nil },
	} {
		t.Run(name, func(t *testing.T) {
			r := dialling(t, patientPolicy(), dial)
			await(t, r.Done())
			if !errors.Is(r.Err(), rsocket.ErrInvalidArgument) {
				t.Errorf("got %v", r.Err())
			}
		})
	}
}

func TestReconnectorsCheckTheirArguments(t *testing.T) {
	dial := func(context.Context) (*rsocket.Conn, error) { return nil, io.EOF }
	for name, policy := range map[string]rsocket.ReconnectPolicy{
		"MaxAttempts": {MaxAttempts: -1},
		"DialTimeout": {DialTimeout: -1},
		"StableAfter": {StableAfter: -1},
		"Backoff":     {Backoff: rsocket.Backoff{Min: 2, Max: 1}},
	} {
		if _, err := rsocket.NewReconnectorFunc(dial, policy); !errors.Is(err, rsocket.ErrInvalidArgument) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := rsocket.NewReconnector("tcp://localhost:1", policy); !errors.Is(err, rsocket.ErrInvalidArgument) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := rsocket.NewReconnectorFunc(nil, rsocket.ReconnectPolicy{}); !errors.Is(err, rsocket.ErrInvalidArgument) {
		t.Errorf("no function: %v", err)
	}
	if _, err := rsocket.NewReconnector("localhost", rsocket.ReconnectPolicy{}); !errors.Is(err, rsocket.ErrInvalidArgument) {
		t.Errorf("URL: %v", err)
	}
	if _, err := rsocket.NewReconnector("tcp://localhost:1", rsocket.ReconnectPolicy{}, rsocket.WithFragmentLength(1)); !errors.Is(err, rsocket.ErrInvalidArgument) {
		t.Errorf("option: %v", err)
	}
}

// closeIsDone closes from several goroutines at once and checks what is left.
func closeIsDone(t *testing.T, r *rsocket.Reconnector) {
	t.Helper()
	closed := make(chan error, 3)
	for range 3 {
		go func() { closed <- r.Close() }()
	}
	for range 3 {
		if err := await(t, closed); err != nil {
			t.Errorf("Close: %v", err)
		}
	}
	if !errors.Is(r.Err(), rsocket.ErrClosed) {
		t.Errorf("Err: %v", r.Err())
	}
	if r.Conn() != nil {
		t.Error("there is a connection")
	}
	_, err := ask(rsocket.AllowRetry(testContext(t)), r, "x")
	assertNotConnected(t, err, rsocket.ErrClosed)
}

func TestCloseWhileDialling(t *testing.T) {
	dialling1, ended := make(chan struct{}), make(chan error, 1)
	r := dialling(t, rsocket.ReconnectPolicy{}, func(ctx context.Context) (*rsocket.Conn, error) {
		close(dialling1)
		<-ctx.Done()
		ended <- ctx.Err()
		return nil, ctx.Err()
	})
	await(t, dialling1)
	closeIsDone(t, r)
	if err := await(t, ended); !errors.Is(err, context.Canceled) {
		t.Errorf("the dial's context: %v", err)
	}
}

func TestCloseThatADialIgnoresClosesItsConnection(t *testing.T) {
	url := listenAndServe(t, "tcp://127.0.0.1:0", rsocket.Handler{})
	dialled, goOn := make(chan *rsocket.Conn, 1), make(chan struct{})
	policy := rsocket.ReconnectPolicy{}
	told := events(&policy)
	r := dialling(t, policy, func(context.Context) (*rsocket.Conn, error) {
		conn, err := rsocket.Dial(context.Background(), url)
		dialled <- conn
		<-goOn
		return conn, err
	})
	conn := await(t, dialled)
	closed := make(chan error, 1)
	go func() { closed <- r.Close() }()
	_, err := r.WaitConnected(rsocket.AllowRetry(testContext(t))) // Ends when Close has begun.
	assertNotConnected(t, err, rsocket.ErrClosed)
	close(goOn)
	if err := await(t, closed); err != nil {
		t.Error(err)
	}
	await(t, conn.Done())
	if len(told) != 0 {
		t.Errorf("an event: %+v", <-told)
	}
}

func TestCloseWhileBackingOff(t *testing.T) {
	policy := rsocket.ReconnectPolicy{Backoff: rsocket.Backoff{Min: time.Hour, Jitter: rsocket.NoJitter}}
	told := events(&policy)
	r := dialling(t, policy, func(context.Context) (*rsocket.Conn, error) { return nil, io.EOF })
	assertKinds(t, told, rsocket.EventRetrying)
	closeIsDone(t, r)
	if len(told) != 0 {
		t.Errorf("an event after Close: %+v", <-told)
	}
}

func TestCloseWhileConnectedTellsOfTheLoss(t *testing.T) {
	url := listenAndServe(t, "tcp://127.0.0.1:0", rsocket.Handler{})
	var policy rsocket.ReconnectPolicy
	told := events(&policy)
	r := reconnector(t, url, policy)
	waitConnected(t, r)
	closeIsDone(t, r)
	if lost := assertKinds(t, told, rsocket.EventConnected, rsocket.EventLost)[1]; !errors.Is(lost.Err, rsocket.ErrClosed) {
		t.Errorf("lost: %v", lost.Err)
	}
	if len(told) != 0 {
		t.Errorf("an event after Close: %+v", <-told)
	}
}

func TestCloseOfAReconnectorFromACallbackAndFromAHandler(t *testing.T) {
	for name, closing := range map[string]func(r *rsocket.Reconnector){
		"callback of an answer": func(r *rsocket.Reconnector) {
			_ = r.RequestResponseFunc(rsocket.NewPayload("x", ""), func(*rsocket.Payload, error) { _ = r.Close() })
		},
		"callback of a lost request": func(r *rsocket.Reconnector) {
			_ = r.RequestResponseFunc(rsocket.NewPayload("hang", ""), func(*rsocket.Payload, error) { _ = r.Close() })
			_ = r.Conn().Close()
		},
	} {
		t.Run(name, func(t *testing.T) {
			url := listenAndServe(t, "tcp://127.0.0.1:0", rsocket.Handler{
				RequestResponse: func(ctx context.Context, request *rsocket.Payload) (*rsocket.Payload, error) {
					if request.GetDataAsString() == "hang" {
						<-ctx.Done()
					}
					return request, ctx.Err()
				},
			})
			r := reconnector(t, url, patientPolicy())
			waitConnected(t, r)
			closing(r)
			await(t, r.Done())
		})
	}
	var r *rsocket.Reconnector
	made := make(chan struct{})
	url := listenAndServe(t, "tcp://127.0.0.1:0", rsocket.Handler{
		FireAndForget: func(ctx context.Context, request *rsocket.Payload) {
			_ = rsocket.ConnFromContext(ctx).FireAndForget(ctx, request)
		},
	})
	r = reconnector(t, url, patientPolicy(), rsocket.WithHandler(rsocket.Handler{
		FireAndForget: func(context.Context, *rsocket.Payload) {
			<-made
			_ = r.Close()
		},
	}))
	close(made)
	waitConnected(t, r)
	if err := r.FireAndForget(testContext(t), rsocket.NewPayload("close", "")); err != nil {
		t.Fatal(err)
	}
	await(t, r.Done())
}

// Close under load, while the server dies again and again: every request ends, and nothing is left running.
func TestCloseOfAReconnectorUnderLoad(t *testing.T) {
	before := goroutinesOf("Conn", "Reconnector", "eventQueue")
	for _, retry := range []bool{false, true} {
		server := startMortal(t, rsocket.Handler{RequestResponse: echo, RequestStream: streamOf})
		policy := patientPolicy()
		policy.RetryUnsent = retry
		policy.OnEvent = func(rsocket.ConnEvent) {}
		r := reconnector(t, server.url, policy)
		waitConnected(t, r)
		var all sync.WaitGroup
		for worker := range 8 {
			all.Go(func() {
				for r.Err() == nil {
					switch worker % 4 {
					case 0:
						_, _ = ask(context.Background(), r, "x")
					case 1:
						ended := make(chan struct{})
						if r.RequestResponseFunc(rsocket.NewPayload("x", ""), func(*rsocket.Payload, error) { close(ended) }) == nil {
							<-ended
						}
					case 2:
						_ = r.FireAndForget(context.Background(), rsocket.NewPayload("x", ""))
					case 3:
						for _, err := range r.RequestStream(context.Background(), rsocket.NewPayload("3", "")) {
							_ = err
						}
					}
				}
			})
		}
		for range 10 {
			waitConnected(t, r)
			assertEventuallyAnswers(t, r)
			server.reset()
		}
		closeIsDone(t, r)
		all.Wait()
		server.kill()
	}
	eventually(t, "no goroutine is left", func() bool { return goroutinesOf("Conn", "Reconnector", "eventQueue") <= before })
}

func assertEventuallyAnswers(t testing.TB, r rsocket.Requester) {
	t.Helper()
	eventually(t, "a request is answered", func() bool {
		_, err := ask(testContext(t), r, "x")
		return err == nil
	})
}

func TestShutdownOfAReconnectorLetsWhatRunsFinish(t *testing.T) {
	started, gate := make(chan struct{}, 1), make(chan struct{})
	url := listenAndServe(t, "tcp://127.0.0.1:0", gated(started, gate))
	r := reconnector(t, url, patientPolicy())
	waitConnected(t, r)
	answered, stopped := make(chan error, 1), make(chan error, 1)
	go func() {
		_, err := ask(testContext(t), r, "x")
		answered <- err
	}()
	await(t, started)
	go func() { stopped <- r.Shutdown(testContext(t)) }()
	eventually(t, "new requests are refused", func() bool {
		err := r.FireAndForget(rsocket.AllowRetry(testContext(t)), rsocket.NewPayload("x", ""))
		return errors.Is(err, rsocket.ErrNotConnected) && errors.Is(err, rsocket.ErrConnectionClosing)
	})
	close(gate)
	if err := await(t, answered); err != nil {
		t.Errorf("the request under way: %v", err)
	}
	if err := await(t, stopped); err != nil {
		t.Errorf("Shutdown: %v", err)
	}
	if !errors.Is(r.Err(), rsocket.ErrClosed) {
		t.Errorf("Err: %v", r.Err())
	}
	if err := r.Shutdown(testContext(t)); err != nil {
		t.Errorf("again: %v", err)
	}
}

func TestShutdownOfAReconnectorIsCutByItsContext(t *testing.T) {
	started := make(chan struct{}, 1)
	url := listenAndServe(t, "tcp://127.0.0.1:0", gated(started, nil))
	r := reconnector(t, url, patientPolicy())
	waitConnected(t, r)
	answered := make(chan error, 1)
	go func() {
		_, err := ask(testContext(t), r, "x")
		answered <- err
	}()
	await(t, started)
	ctx, cancel := context.WithCancel(testContext(t))
	cancel()
	if err := r.Shutdown(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Shutdown: %v", err)
	}
	if err := await(t, answered); !errors.Is(err, rsocket.ErrClosed) {
		t.Errorf("the request under way: %v", err)
	}
}

func TestShutdownWithoutAConnectionIsClose(t *testing.T) {
	policy := rsocket.ReconnectPolicy{Backoff: rsocket.Backoff{Min: time.Hour}}
	told := events(&policy)
	r := dialling(t, policy, func(context.Context) (*rsocket.Conn, error) { return nil, io.EOF })
	assertKinds(t, told, rsocket.EventRetrying)
	if err := r.Shutdown(testContext(t)); err != nil {
		t.Error(err)
	}
	await(t, r.Done())
}

// A hook that is busy delays neither the connection nor the reconnecting, and hears what it missed.
func TestABusyHookHoldsNothingUp(t *testing.T) {
	server := startMortal(t, rsocket.Handler{RequestResponse: echo})
	policy := patientPolicy()
	busy, told := make(chan struct{}), make(chan rsocket.ConnEvent, 1000)
	policy.OnEvent = func(event rsocket.ConnEvent) {
		<-busy
		told <- event
	}
	r := reconnector(t, server.url, policy)
	const lives = 60 // of three events each
	for range lives {
		first := waitConnected(t, r)
		assertAnswer(t, r, "x")
		server.reset()
		await(t, first.Done())
	}
	waitConnected(t, r)
	close(busy)
	_ = r.Close()
	close(told)
	missed, heard := 0, 0
	var last rsocket.ConnEvent
	for event := range told {
		missed += event.Missed
		heard++
		last = event
	}
	if missed == 0 || missed+heard != 3*lives+2 {
		t.Errorf("%d events missed and %d heard of %d", missed, heard, 3*lives+2)
	}
	if last.Kind != rsocket.EventLost || !errors.Is(last.Err, rsocket.ErrClosed) {
		t.Errorf("the last event: %+v", last)
	}
}

func TestEventKindsHaveNames(t *testing.T) {
	for kind, want := range map[rsocket.ConnEventKind]string{
		rsocket.EventConnected: "connected",
		rsocket.EventLost:      "lost",
		rsocket.EventRetrying:  "retrying",
		rsocket.EventGaveUp:    "gave up",
		0:                      "event 0",
	} {
		if got := kind.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// The text of an error says all of what happened, once.
func TestErrNotConnectedSaysWhy(t *testing.T) {
	r := dialling(t, rsocket.ReconnectPolicy{Backoff: rsocket.Backoff{Min: time.Hour}}, func(context.Context) (*rsocket.Conn, error) {
		return nil, &net.OpError{Op: "dial", Err: errors.New("no route")}
	})
	eventually(t, "the dial's error is the reason", func() bool {
		_, err := ask(testContext(t), r, "x")
		assertRetrySafe(t, err, rsocket.ErrNotConnected, true)
		return strings.Contains(err.Error(), "no route") && strings.Count(err.Error(), "not connected") == 1
	})
}
