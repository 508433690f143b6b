package rsocket_test

import (
	"context"
	"errors"
	"iter"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
)

// mortalServer is a server that a test kills, without a word to its clients, and starts again at the same address.
type mortalServer struct {
	t       testing.TB
	handler rsocket.Handler
	url     string
	// server is nil while it is dead.
	server   *rsocket.Server
	listener net.Listener
	served   chan error

	mu    sync.Mutex
	conns []net.Conn
}

func startMortal(t testing.TB, handler rsocket.Handler) *mortalServer {
	t.Helper()
	s := &mortalServer{t: t, handler: handler, url: "tcp://127.0.0.1:0"}
	s.start()
	t.Cleanup(func() { s.kill() })
	return s
}

// start listens at the address of the life before.
func (s *mortalServer) start() {
	s.t.Helper()
	var listener net.Listener
	eventually(s.t, "the address is free again", func() (listening bool) {
		var err error
		listener, err = rsocket.Listen(context.Background(), s.url)
		return err == nil
	})
	server, err := rsocket.NewServer(s.handler)
	if err != nil {
		s.t.Fatal(err)
	}
	s.url = "tcp://" + listener.Addr().String()
	s.server, s.listener, s.served = server, listener, make(chan error, 1)
	go func() { s.served <- server.Serve(recordingListener{listener, s}) }()
}

// kill stops listening and resets every connection. Killing a dead server does nothing.
func (s *mortalServer) kill() {
	s.t.Helper()
	if s.server == nil {
		return
	}
	_ = s.listener.Close()
	if err := await(s.t, s.served); !errors.Is(err, net.ErrClosed) {
		s.t.Errorf("Serve: %v", err)
	}
	s.reset()
	_ = s.server.Close()
	s.server = nil
}

// reset ends the connections that there are.
func (s *mortalServer) reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, nc := range s.conns {
		_ = nc.(*net.TCPConn).SetLinger(0)
		_ = nc.Close()
	}
	s.conns = nil
}

// recordingListener tells a mortalServer of its connections.
type recordingListener struct {
	net.Listener
	server *mortalServer
}

func (l recordingListener) Accept() (net.Conn, error) {
	nc, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	l.server.mu.Lock()
	defer l.server.mu.Unlock()
	l.server.conns = append(l.server.conns, nc)
	return nc, nil
}

// patientPolicy tries again fast and for ever.
func patientPolicy() rsocket.ReconnectPolicy {
	return rsocket.ReconnectPolicy{
		Backoff:     rsocket.Backoff{Min: time.Millisecond, Max: 10 * time.Millisecond},
		StableAfter: 1,
	}
}

func reconnector(t testing.TB, url string, policy rsocket.ReconnectPolicy, opts ...rsocket.Option) *rsocket.Reconnector {
	t.Helper()
	r, err := rsocket.NewReconnector(url, policy, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return r
}

// dialling is a reconnector over a function of the test.
func dialling(t testing.TB, policy rsocket.ReconnectPolicy, dial func(context.Context) (*rsocket.Conn, error)) *rsocket.Reconnector {
	t.Helper()
	r, err := rsocket.NewReconnectorFunc(dial, policy)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return r
}

func waitConnected(t testing.TB, r *rsocket.Reconnector) *rsocket.Conn {
	t.Helper()
	conn, err := r.WaitConnected(testContext(t))
	if err != nil {
		t.Fatalf("not connected: %v", err)
	}
	return conn
}

// events makes policy tell its events to the channel that is returned.
func events(policy *rsocket.ReconnectPolicy) <-chan rsocket.ConnEvent {
	told := make(chan rsocket.ConnEvent, 1000)
	policy.OnEvent = func(event rsocket.ConnEvent) { told <- event }
	return told
}

// awaitKind reads on until an event of this kind.
func awaitKind(t testing.TB, from <-chan rsocket.ConnEvent, kind rsocket.ConnEventKind) rsocket.ConnEvent {
	t.Helper()
	for {
		if event := await(t, from); event.Kind == kind {
			return event
		}
	}
}

// assertKinds reads events and compares their kinds.
func assertKinds(t testing.TB, from <-chan rsocket.ConnEvent, want ...rsocket.ConnEventKind) []rsocket.ConnEvent {
	t.Helper()
	var got []rsocket.ConnEvent
	var kinds []rsocket.ConnEventKind
	for range want {
		event := await(t, from)
		got, kinds = append(got, event), append(kinds, event.Kind)
	}
	if !slices.Equal(kinds, want) {
		t.Fatalf("got the events %v, want %v", kinds, want)
	}
	return got
}

func ask(ctx context.Context, r rsocket.Requester, text string) (string, error) {
	answer, err := r.RequestResponse(ctx, rsocket.NewPayload(text, ""))
	return answer.GetDataAsString(), err
}

func assertAnswer(t testing.TB, r rsocket.Requester, text string) {
	t.Helper()
	if got, err := ask(testContext(t), r, text); err != nil || got != text {
		t.Errorf("got %q, %v", got, err)
	}
}

// textsOf is what a stream yields, and the error that ends it.
func textsOf(items iter.Seq2[*rsocket.Payload, error]) (texts []string, err error) {
	for item, err := range items {
		if err != nil {
			return texts, err
		}
		texts = append(texts, item.GetDataAsString())
	}
	return texts, nil
}

func assertNotConnected(t testing.TB, err, why error) {
	t.Helper()
	if !errors.Is(err, why) {
		t.Errorf("not because of %v: %v", why, err)
	}
	assertRetrySafe(t, err, rsocket.ErrNotConnected, true)
}

// tally counts what a server has got.
type tally struct {
	mu    sync.Mutex
	times map[string]int
}

func newTally() *tally {
	return &tally{times: make(map[string]int)}
}

func (c *tally) note(request *rsocket.Payload) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.times[request.GetDataAsString()]++
}

func (c *tally) of(text string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.times[text]
}

// assertNothingTwice checks that no request has been processed twice.
func (c *tally) assertNothingTwice(t testing.TB) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	for text, times := range c.times {
		if times > 1 {
			t.Errorf("%q was processed %d times", text, times)
		}
	}
}

// counting is a handler that notes what it gets, and answers with it.
func (c *tally) counting() rsocket.Handler {
	return rsocket.Handler{
		RequestResponse: func(_ context.Context, request *rsocket.Payload) (*rsocket.Payload, error) {
			c.note(request)
			return request, nil
		},
		FireAndForget: func(_ context.Context, request *rsocket.Payload) { c.note(request) },
		RequestStream: func(_ context.Context, request *rsocket.Payload) iter.Seq2[*rsocket.Payload, error] {
			c.note(request)
			return func(yield func(*rsocket.Payload, error) bool) { yield(request, nil) }
		},
		RequestChannel: func(_ context.Context, requests iter.Seq2[*rsocket.Payload, error]) iter.Seq2[*rsocket.Payload, error] {
			return func(yield func(*rsocket.Payload, error) bool) {
				for item, err := range requests {
					if err == nil {
						c.note(item)
					}
					if !yield(item, err) {
						return
					}
				}
			}
		},
	}
}
