package rsocket_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
)

// stuckFirst is a reconnector whose first connection is stuck (stuckClient), and whose next ones go to url once they may.
// cut ends the first one.
func stuckFirst(t *testing.T, url string, policy rsocket.ReconnectPolicy) (r *rsocket.Reconnector, first *rsocket.Conn, cut func(), may chan<- struct{}) {
	t.Helper()
	stuck, far := stuckClient(t)
	gate := make(chan struct{})
	dials := 0
	r = dialling(t, policy, func(ctx context.Context) (*rsocket.Conn, error) {
		if dials++; dials == 1 {
			return stuck, nil
		}
		select {
		case <-gate:
			return rsocket.Dial(ctx, url)
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	})
	waitConnected(t, r)
	return r, stuck, func() { _ = far.Close() }, gate
}

// forms are the ways to make a request whose loss is noticed; each returns its outcome.
var forms = map[string]func(ctx context.Context, r rsocket.Requester, text string) error{
	"RequestResponse": func(ctx context.Context, r rsocket.Requester, text string) error {
		_, err := ask(ctx, r, text)
		return err
	},
	"RequestStream": func(ctx context.Context, r rsocket.Requester, text string) error {
		got, err := textsOf(r.RequestStream(ctx, rsocket.NewPayload(text, "")))
		if err == nil && (len(got) != 1 || got[0] != text) {
			err = fmt.Errorf("got %q", got)
		}
		return err
	},
	"RequestResponseFunc": func(_ context.Context, r rsocket.Requester, text string) error {
		outcome := make(chan error, 1)
		if err := r.RequestResponseFunc(rsocket.NewPayload(text, ""), func(_ *rsocket.Payload, err error) { outcome <- err }); err != nil {
			return err
		}
		return <-outcome
	},
}

// What was not sent is sent on the next connection, once, where that is allowed, and fails where it is not.
func TestUnsentRequestsAreSentAgainOnlyWhereAllowed(t *testing.T) {
	same := func(ctx context.Context) context.Context { return ctx }
	cases := map[string]struct {
		policy bool
		mark   func(context.Context) context.Context
		again  bool
	}{
		"by default":                {false, same, false},
		"allowed by the policy":     {true, same, true},
		"allowed for this request":  {false, rsocket.AllowRetry, true},
		"forbidden for this one":    {true, rsocket.ForbidRetry, false},
		"forbidden and allowed now": {false, func(ctx context.Context) context.Context { return rsocket.AllowRetry(rsocket.ForbidRetry(ctx)) }, true},
	}
	for name, test := range cases {
		for form, request := range forms {
			if form == "RequestResponseFunc" && test.policy != test.again {
				continue // It has no context that could say so.
			}
			if form == "RequestResponseFunc" && !test.policy && test.again {
				continue
			}
			t.Run(name+"/"+form, func(t *testing.T) {
				got := newTally()
				url := listenAndServe(t, "tcp://127.0.0.1:0", got.counting())
				policy := patientPolicy()
				policy.RetryUnsent = test.policy
				r, first, cut, may := stuckFirst(t, url, policy)
				outcome := make(chan error, 1)
				go func() { outcome <- request(test.mark(testContext(t)), r, "x") }()
				waitUntilSubmitted(t, first, 1)
				cut()
				if !test.again {
					assertNotConnected(t, await(t, outcome), rsocket.ErrConnectionLost)
				}
				close(may)
				if test.again {
					if err := await(t, outcome); err != nil {
						t.Errorf("got %v", err)
					}
				}
				waitConnected(t, r)
				assertAnswer(t, r, "last")
				want := 0
				if test.again {
					want = 1
				}
				if times := got.of("x"); times != want {
					t.Errorf("it was processed %d times, want %d", times, want)
				}
			})
		}
	}
}

// The same without any connection: requests wait, or fail at once.
func TestRequestsWithoutAConnectionWaitOnlyWhereAllowed(t *testing.T) {
	more := map[string]func(ctx context.Context, r rsocket.Requester, text string) error{
		"FireAndForget": func(ctx context.Context, r rsocket.Requester, text string) error {
			return r.FireAndForget(ctx, rsocket.NewPayload(text, ""))
		},
		"MetadataPush": func(ctx context.Context, r rsocket.Requester, text string) error {
			return r.MetadataPush(ctx, []byte(text))
		},
		"OpenStream": func(ctx context.Context, r rsocket.Requester, text string) error {
			stream, err := r.OpenStream(ctx, rsocket.NewPayload(text, ""))
			if err == nil {
				_, err = stream.Recv(ctx)
			}
			return err
		},
		"RequestChannel": func(ctx context.Context, r rsocket.Requester, text string) error {
			_, err := textsOf(r.RequestChannel(ctx, func(yield func(*rsocket.Payload, error) bool) {
				yield(rsocket.NewPayload(text, ""), nil)
			}))
			return err
		},
	}
	for _, all := range []map[string]func(context.Context, rsocket.Requester, string) error{forms, more} {
		for form, request := range all {
			t.Run(form, func(t *testing.T) {
				got := newTally()
				handler := got.counting()
				handler.MetadataPush = func(_ context.Context, metadata []byte) {
					got.note(rsocket.NewPayloadFromBytes(metadata, nil))
				}
				url := listenAndServe(t, "tcp://127.0.0.1:0", handler)
				policy := patientPolicy()
				for _, policy.RetryUnsent = range []bool{false, true} {
					gate := make(chan struct{})
					r := dialling(t, policy, func(ctx context.Context) (*rsocket.Conn, error) {
						select {
						case <-gate:
							return rsocket.Dial(ctx, url)
						case <-ctx.Done():
							return nil, ctx.Err()
						}
					})
					if !policy.RetryUnsent {
						err := request(testContext(t), r, "refused")
						assertRetrySafe(t, err, rsocket.ErrNotConnected, true)
						continue
					}
					outcome := make(chan error, 1)
					go func() { outcome <- request(testContext(t), r, "waits") }()
					close(gate)
					if err := await(t, outcome); err != nil {
						t.Errorf("got %v", err)
					}
					eventually(t, "it arrives", func() bool { return got.of("waits") == 1 })
				}
				if times := got.of("refused"); times != 0 {
					t.Errorf("it was processed %d times", times)
				}
			})
		}
	}
}

// What may have been sent is never repeated, whatever is allowed.
func TestSentRequestsAreNotRepeated(t *testing.T) {
	for form, request := range forms {
		t.Run(form, func(t *testing.T) {
			got := newTally()
			arrived := make(chan struct{}, 2)
			server := startMortal(t, rsocket.Handler{
				RequestResponse: func(ctx context.Context, request *rsocket.Payload) (*rsocket.Payload, error) {
					if request.GetDataAsString() == "x" {
						got.note(request)
						arrived <- struct{}{}
						<-ctx.Done()
					}
					return request, ctx.Err()
				},
				RequestStream: func(ctx context.Context, request *rsocket.Payload) iter.Seq2[*rsocket.Payload, error] {
					return func(yield func(*rsocket.Payload, error) bool) {
						got.note(request)
						yield(request, nil)
						arrived <- struct{}{}
						<-ctx.Done()
					}
				},
			})
			policy := patientPolicy()
			policy.RetryUnsent = true
			r := reconnector(t, server.url, policy)
			first := waitConnected(t, r)
			outcome := make(chan error, 1)
			go func() { outcome <- request(rsocket.AllowRetry(testContext(t)), r, "x") }()
			await(t, arrived)
			server.reset()
			err := await(t, outcome)
			assertRetrySafe(t, err, rsocket.ErrConnectionLost, false)
			if errors.Is(err, rsocket.ErrNotConnected) {
				t.Errorf("as if it had not been sent: %v", err)
			}
			await(t, first.Done())
			assertAnswer(t, r, "last")
			if times := got.of("x"); times != 1 {
				t.Errorf("it was processed %d times", times)
			}
		})
	}
}

// A stream that has yielded something ends with its connection, and so does a channel.
func TestStreamsAndChannelsEndWithTheirConnection(t *testing.T) {
	opened := newTally()
	server := startMortal(t, rsocket.Handler{
		RequestStream: func(ctx context.Context, request *rsocket.Payload) iter.Seq2[*rsocket.Payload, error] {
			opened.note(request)
			return func(yield func(*rsocket.Payload, error) bool) {
				for yield(request, nil) && ctx.Err() == nil {
				}
			}
		},
		RequestChannel: func(ctx context.Context, requests iter.Seq2[*rsocket.Payload, error]) iter.Seq2[*rsocket.Payload, error] {
			return func(yield func(*rsocket.Payload, error) bool) {
				for item, err := range requests {
					if err != nil {
						return
					}
					opened.note(item)
					if !yield(item, nil) {
						return
					}
				}
			}
		},
		RequestResponse: echo,
	})
	policy := patientPolicy()
	policy.RetryUnsent = true
	r := reconnector(t, server.url, policy)
	ctx := testContext(t)
	waitConnected(t, r)
	taken := 0
	var end error
	for _, err := range r.RequestStream(ctx, rsocket.NewPayload("stream", "")) {
		if err != nil {
			end = err
			break
		}
		if taken++; taken == 3 {
			server.reset()
		}
	}
	if taken < 3 {
		t.Errorf("%d items", taken)
	}
	assertRetrySafe(t, end, rsocket.ErrConnectionLost, false)

	var channel *rsocket.Channel
	eventually(t, "a channel is opened on the next connection", func() bool {
		var err error
		channel, err = r.OpenChannel(ctx, rsocket.NewPayload("channel", ""))
		if err == nil {
			_, err = channel.Recv(ctx)
		}
		return err == nil
	})
	server.reset()
	_, err := channel.Recv(ctx)
	assertRetrySafe(t, err, rsocket.ErrConnectionLost, false)
	if err := channel.Send(ctx, rsocket.NewPayload("late", "")); !errors.Is(err, rsocket.ErrConnectionLost) {
		t.Errorf("Send: %v", err)
	}
	waitConnected(t, r)
	assertEventuallyAnswers(t, r)
	if streams := opened.of("stream"); streams != 1 {
		t.Errorf("the stream was opened %d times", streams)
	}
}

// A channel is not sent again once items may have been taken from its source.
func TestAnUnsentChannelIsNotSentAgain(t *testing.T) {
	got := newTally()
	policy := patientPolicy()
	policy.RetryUnsent = true
	r, first, cut, may := stuckFirst(t, listenAndServe(t, "tcp://127.0.0.1:0", got.counting()), policy)
	close(may)
	outcome := make(chan error, 1)
	go func() {
		_, err := textsOf(r.RequestChannel(testContext(t), func(yield func(*rsocket.Payload, error) bool) {
			_ = yield(rsocket.NewPayload("one", ""), nil) && yield(rsocket.NewPayload("two", ""), nil)
		}))
		outcome <- err
	}()
	waitUntilSubmitted(t, first, 1)
	cut()
	assertRetrySafe(t, await(t, outcome), rsocket.ErrConnectionLost, true)
	assertAnswer(t, r, "last")
	if got.of("one") != 0 || got.of("two") != 0 {
		t.Error("it was sent again")
	}
}

func TestWaitingRequestsHeedTheirContext(t *testing.T) {
	policy := patientPolicy()
	policy.RetryUnsent = true
	r := dialling(t, policy, func(ctx context.Context) (*rsocket.Conn, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	})
	ctx, cancel := context.WithCancel(testContext(t))
	outcomes := make(chan error, 10)
	payload := rsocket.NewPayload("x", "")
	go func() { _, err := r.RequestResponse(ctx, payload); outcomes <- err }()
	go func() { outcomes <- r.FireAndForget(ctx, payload) }()
	go func() { outcomes <- r.MetadataPush(ctx, nil) }()
	go func() { _, err := r.OpenStream(ctx, payload); outcomes <- err }()
	go func() { _, err := textsOf(r.RequestStream(ctx, payload)); outcomes <- err }()
	go func() { _, err := r.OpenChannel(ctx, payload); outcomes <- err }()
	go func() { _, err := r.WaitConnected(ctx); outcomes <- err }()
	cancel()
	for range 7 {
		err := await(t, outcomes)
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		assertRetrySafe(t, err, rsocket.ErrNotConnected, true)
	}

	// A request that may not wait says that its context has ended, like that of a connection.
	if _, err := r.RequestResponse(rsocket.ForbidRetry(ctx), payload); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestNilRequestsFailWithoutAConnection(t *testing.T) {
	r := dialling(t, rsocket.ReconnectPolicy{RetryUnsent: true}, func(ctx context.Context) (*rsocket.Conn, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	})
	ctx := testContext(t)
	_, response := r.RequestResponse(ctx, nil)
	_, stream := r.OpenStream(ctx, nil)
	_, channel := r.OpenChannel(ctx, nil)
	for name, err := range map[string]error{
		"RequestResponse":               response,
		"OpenStream":                    stream,
		"OpenChannel":                   channel,
		"FireAndForget":                 r.FireAndForget(ctx, nil),
		"RequestResponseFunc":           r.RequestResponseFunc(nil, func(*rsocket.Payload, error) {}),
		"RequestResponseFunc, callback": r.RequestResponseFunc(rsocket.NewPayload("", ""), nil),
	} {
		if !errors.Is(err, rsocket.ErrInvalidArgument) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Failures that are not the connection's are the request's own: nothing waits because of them.
func TestOtherFailuresDoNotWait(t *testing.T) {
	policy := patientPolicy()
	policy.RetryUnsent = true
	r := reconnector(t, listenAndServe(t, "tcp://127.0.0.1:0", rsocket.Handler{}), policy,
		rsocket.WithLimits(rsocket.Limits{MaxPayloadLen: 10}))
	waitConnected(t, r)
	_, err := ask(testContext(t), r, "short")
	assertRetrySafe(t, err, rsocket.ErrRejected, true)
	if _, err := ask(testContext(t), r, "much too long"); !errors.Is(err, rsocket.ErrPayloadTooLarge) {
		t.Errorf("got %v", err)
	}
	outcome := make(chan error, 1)
	err = r.RequestResponseFunc(rsocket.NewPayload("much too long", ""), func(_ *rsocket.Payload, err error) { outcome <- err })
	if !errors.Is(err, rsocket.ErrPayloadTooLarge) {
		t.Errorf("got %v", err)
	}
}

func TestLateCallbacksAreBounded(t *testing.T) {
	policy := patientPolicy()
	policy.RetryUnsent = true
	gate := make(chan struct{})
	url := listenAndServe(t, "tcp://127.0.0.1:0", rsocket.Handler{RequestResponse: echo})
	r := dialling(t, policy, func(ctx context.Context) (*rsocket.Conn, error) {
		<-gate
		return rsocket.Dial(ctx, url, rsocket.WithLimits(rsocket.Limits{MaxPayloadLen: 10}))
	})
	const bound = 4096
	var answers, failures atomic.Int64
	done := make(chan struct{})
	for i := range bound {
		text := "x"
		if i%1024 == 0 {
			text = "too long for this one"
		}
		err := r.RequestResponseFunc(rsocket.NewPayload(text, ""), func(_ *rsocket.Payload, err error) {
			switch {
			case err == nil:
				answers.Add(1)
			case errors.Is(err, rsocket.ErrPayloadTooLarge):
				failures.Add(1)
			default:
				t.Error(err)
			}
			if answers.Load()+failures.Load() == bound {
				close(done)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	err := r.RequestResponseFunc(rsocket.NewPayload("x", ""), func(*rsocket.Payload, error) {})
	if !errors.Is(err, rsocket.ErrTooManyRequests) {
		t.Errorf("one more: %v", err)
	}
	close(gate)
	await(t, done)
	if failures.Load() != bound/1024 {
		t.Errorf("%d failed", failures.Load())
	}
}

func TestLateCallbacksEndWithTheReconnector(t *testing.T) {
	policy := patientPolicy()
	policy.RetryUnsent = true
	r := dialling(t, policy, func(ctx context.Context) (*rsocket.Conn, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	})
	outcomes := make(chan error, 3)
	for range 3 {
		err := r.RequestResponseFunc(rsocket.NewPayload("x", ""), func(_ *rsocket.Payload, err error) {
			_ = r.Close() // It may.
			outcomes <- err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	_ = r.Close()
	for range 3 {
		assertNotConnected(t, await(t, outcomes), rsocket.ErrClosed)
	}
	err := r.RequestResponseFunc(rsocket.NewPayload("x", ""), func(*rsocket.Payload, error) { t.Error("called") })
	assertNotConnected(t, err, rsocket.ErrClosed)
}

// A server that dies again and again under load processes nothing twice, and every request that is answered once.
func TestNothingIsProcessedTwice(t *testing.T) {
	got := newTally()
	server := startMortal(t, got.counting())
	policy := patientPolicy()
	policy.RetryUnsent = true
	r := reconnector(t, server.url, policy)
	ctx, stop := context.WithCancel(testContext(t))
	var all sync.WaitGroup
	var answered sync.Map
	for worker := range 8 {
		all.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				for form, request := range forms {
					text := fmt.Sprint(form, worker, i)
					err := request(testContext(t), r, text)
					switch {
					case err == nil:
						answered.Store(text, true)
					case errors.Is(err, rsocket.ErrNotConnected):
						t.Errorf("not sent again: %v", err)
					case !errors.Is(err, rsocket.ErrConnectionLost):
						t.Errorf("got %v", err)
					}
				}
			}
		})
	}
	for life := range 20 {
		before := waitConnected(t, r)
		assertEventuallyAnswers(t, r)
		if life%2 == 0 {
			server.reset()
		} else {
			server.kill()
			server.start()
		}
		await(t, before.Done())
	}
	stop()
	all.Wait()
	// assertEventuallyAnswers asks with the same text each time.
	got.mu.Lock()
	delete(got.times, "x")
	got.mu.Unlock()
	got.assertNothingTwice(t)
	answered.Range(func(text, _ any) bool {
		if times := got.of(text.(string)); times != 1 {
			t.Errorf("%q was answered and processed %d times", text, times)
		}
		return true
	})
}

// A peer that closes the connection takes no more requests; those that may wait go to the next connection.
func TestRequestsOfAClosingConnectionGoToTheNextOne(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	accept := func() rawPeer {
		accepted, err := listener.Accept()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = accepted.Close() })
		return rawPeer{t, accepted}
	}
	policy := patientPolicy()
	policy.RetryUnsent = true
	r := reconnector(t, "tcp://"+listener.Addr().String(), policy)
	server := accept()
	first := waitConnected(t, r)
	server.frame() // SETUP
	held := make(chan error, 1)
	go func() {
		_, err := ask(testContext(t), r, "held")
		held <- err
	}()
	server.frame()
	server.send("\x00\x00\x00\x00\x2c\x00\x00\x00\x01\x02bye")
	commands := 3 // held, and the two that wait
	eventually(t, "new requests are refused", func() bool {
		commands += 2 // a request, and perhaps its cancellation
		ctx, cancel := context.WithTimeout(rsocket.ForbidRetry(testContext(t)), 20*time.Millisecond)
		defer cancel()
		_, err := ask(ctx, r, "new")
		return errors.Is(err, rsocket.ErrNotConnected) && errors.Is(err, rsocket.ErrConnectionClosing)
	})
	waiting := make(chan error, 2)
	go func() {
		_, err := ask(testContext(t), r, "waits")
		waiting <- err
	}()
	err = r.RequestResponseFunc(rsocket.NewPayload("waits", ""), func(_ *rsocket.Payload, err error) { waiting <- err })
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the one with the callback is late", func() bool { return r.LateRequests() == 1 })
	server.send("\x00\x00\x00\x01\x28\x60last")
	if err := await(t, held); err != nil {
		t.Errorf("the request under way: %v", err)
	}
	if submitted := first.SubmittedCommands(); submitted > commands {
		t.Errorf("the closing connection was asked %d times, not %d", submitted, commands)
	}
	_ = server.Close()
	next := accept()
	next.frame() // SETUP
	for range 2 {
		if frame := next.frame(); string(frame[6:]) != "waits" {
			t.Errorf("got % x", frame)
		}
	}
	next.send("\x00\x00\x00\x01\x28\x60ok", "\x00\x00\x00\x03\x28\x60ok")
	for range 2 {
		if err := await(t, waiting); err != nil {
			t.Errorf("a request that waits: %v", err)
		}
	}
}

// A stream that was not sent heeds its context while it waits to be sent again.
func TestAnUnsentStreamHeedsItsContextWhileItWaits(t *testing.T) {
	policy := patientPolicy()
	policy.RetryUnsent = true
	told := events(&policy)
	r, first, cut, _ := stuckFirst(t, "tcp://127.0.0.1:1", policy)
	ctx, cancel := context.WithCancel(testContext(t))
	outcome := make(chan error, 1)
	go func() {
		_, err := textsOf(r.RequestStream(ctx, rsocket.NewPayload("x", "")))
		outcome <- err
	}()
	waitUntilSubmitted(t, first, 1)
	cut()
	awaitKind(t, told, rsocket.EventLost)
	cancel()
	if err := await(t, outcome); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// Requests with callbacks that wait go to the connection after the next one, if that one takes none.
func TestLateCallbacksWaitForAConnectionThatTakesThem(t *testing.T) {
	got := newTally()
	url := listenAndServe(t, "tcp://127.0.0.1:0", got.counting())
	policy := patientPolicy()
	policy.RetryUnsent = true
	gate := make(chan struct{})
	dials := 0
	r := dialling(t, policy, func(ctx context.Context) (*rsocket.Conn, error) {
		<-gate
		conn, err := rsocket.Dial(ctx, url)
		if dials++; dials == 1 && err == nil {
			err = conn.Close()
		}
		return conn, err
	})
	const many = 10
	answers := make(chan error, many)
	for i := range many {
		err := r.RequestResponseFunc(rsocket.NewPayload(fmt.Sprint(i), ""), func(_ *rsocket.Payload, err error) { answers <- err })
		if err != nil {
			t.Fatal(err)
		}
	}
	close(gate)
	for range many {
		if err := await(t, answers); err != nil {
			t.Error(err)
		}
	}
	got.assertNothingTwice(t)
}
