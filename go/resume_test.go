package rsocket_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
)

// gate is a way to a server whose connections can be cut, and that can be closed to new ones.
type gate struct {
	network, address string

	mu    sync.Mutex
	conns []net.Conn
	shut  bool
	dials atomic.Int64
}

var errShut = errors.New("the gate is shut")

func (g *gate) dial(ctx context.Context) (net.Conn, error) {
	g.dials.Add(1)
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.shut {
		return nil, errShut
	}
	var dialer net.Dialer
	nc, err := dialer.DialContext(ctx, g.network, g.address)
	if err == nil {
		g.conns = append(g.conns, nc)
	}
	return nc, err
}

// cut takes the transports away, without a word to either side but the system's.
func (g *gate) cut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, nc := range g.conns {
		_ = nc.Close()
	}
	g.conns = nil
}

func (g *gate) setShut(shut bool) {
	g.mu.Lock()
	g.shut = shut
	g.mu.Unlock()
}

func resumeOptions(g *gate) rsocket.ResumeOptions {
	return rsocket.ResumeOptions{
		Dial:    g.dial,
		Backoff: rsocket.Backoff{Min: time.Millisecond, Max: 20 * time.Millisecond},
	}
}

// connectResumable gives a client of a server with this handler, and the gate between them.
func connectResumable(
	t *testing.T, handler rsocket.Handler, change func(*rsocket.ResumeOptions), opts ...rsocket.Option,
) (*rsocket.Conn, *gate) {
	t.Helper()
	return connectResumableAt(t, listening["tcp"], handler, change, opts...)
}

func connectResumableAt(
	t *testing.T, at place, handler rsocket.Handler, change func(*rsocket.ResumeOptions), opts ...rsocket.Option,
) (*rsocket.Conn, *gate) {
	t.Helper()
	url, needed := at(t)
	told := join([]ends{both(opts...), needed})
	url = listenAndServe(t, url, handler, append(told.server, rsocket.WithResume(rsocket.ResumeOptions{}))...)
	g := newGate(url)
	options := resumeOptions(g)
	if change != nil {
		change(&options)
	}
	return dial(t, url, append(told.client, rsocket.WithResume(options))...), g
}

// newGate leads to the socket of a URL.
func newGate(url string) *gate {
	scheme, rest, _ := strings.Cut(url, "://")
	if scheme == "unix" {
		return &gate{network: "unix", address: rest}
	}
	address, _, _ := strings.Cut(rest, "/")
	return &gate{network: "tcp", address: address}
}

func tryEcho(t *testing.T, conn *rsocket.Conn, data string) error {
	t.Helper()
	answer, err := conn.RequestResponse(testContext(t), rsocket.NewPayload(data, ""))
	if err == nil && answer.GetDataAsString() != data {
		t.Fatalf("%q came back as %q", data, answer.GetDataAsString())
	}
	return err
}

func assertEcho(t *testing.T, conn *rsocket.Conn, data string) {
	t.Helper()
	if err := tryEcho(t, conn, data); err != nil {
		t.Fatal(err)
	}
}

// Conforms: resume/token-identifies
func TestRequestsOutliveTheirTransport(t *testing.T) {
	overEachDialled(t, requestsOutliveTheirTransport)
}

func requestsOutliveTheirTransport(t *testing.T, at place) {
	started, release := make(chan struct{}, 1), make(chan struct{})
	var handled atomic.Int64
	conn, g := connectResumableAt(t, at, rsocket.Handler{
		RequestResponse: func(_ context.Context, request *rsocket.Payload) (*rsocket.Payload, error) {
			handled.Add(1)
			started <- struct{}{}
			<-release
			return request, nil
		},
	}, nil)
	answers := make(chan error, 1)
	go func() {
		answer, err := conn.RequestResponse(testContext(t), rsocket.NewPayload("over two transports", ""))
		if err == nil && answer.GetDataAsString() != "over two transports" {
			err = fmt.Errorf("got %q", answer.GetDataAsString())
		}
		answers <- err
	}()
	await(t, started)
	g.cut()
	close(release)
	if err := await(t, answers); err != nil {
		t.Fatal(err)
	}
	if handled.Load() != 1 {
		t.Errorf("handled %d times", handled.Load())
	}
	if g.dials.Load() < 2 {
		t.Error("there was only one transport")
	}
}

func TestRequestsMadeWithoutATransportWait(t *testing.T) {
	overEachDialled(t, requestsMadeWithoutATransportWait)
}

func requestsMadeWithoutATransportWait(t *testing.T, at place) {
	conn, g := connectResumableAt(t, at, rsocket.Handler{RequestResponse: echo}, nil)
	assertEcho(t, conn, "before")
	g.setShut(true)
	g.cut()
	const requests = 100
	errs := startMany(t, conn, requests)
	g.setShut(false)
	for range requests {
		if err := await(t, errs); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAStreamGoesOnExactlyWhereItWas(t *testing.T) {
	overEachDialled(t, aStreamGoesOnExactlyWhereItWas)
}

func aStreamGoesOnExactlyWhereItWas(t *testing.T, at place) {
	const items = 20_000
	conn, g := connectResumableAt(t, at, rsocket.Handler{
		RequestStream: func(_ context.Context, _ *rsocket.Payload) iter.Seq2[*rsocket.Payload, error] {
			return func(yield func(*rsocket.Payload, error) bool) {
				for i := range items {
					if !yield(rsocket.NewPayload(fmt.Sprint(i), ""), nil) {
						return
					}
				}
			}
		},
	}, nil)
	next := 0
	for item, err := range conn.RequestStream(testContext(t), rsocket.NewPayload("", "")) {
		if err != nil {
			t.Fatal(err)
		}
		if got := item.GetDataAsString(); got != fmt.Sprint(next) {
			t.Fatalf("item %s in place of %d", got, next)
		}
		if next%3_000 == 1_000 {
			g.cut()
		}
		next++
	}
	if next != items {
		t.Errorf("%d of %d items", next, items)
	}
	if g.dials.Load() < 3 {
		t.Errorf("only %d transports", g.dials.Load())
	}
}

func TestLongPayloadsOutliveTheirTransport(t *testing.T) {
	overEachDialled(t, longPayloadsOutliveTheirTransport)
}

func longPayloadsOutliveTheirTransport(t *testing.T, at place) {
	conn, g := connectResumableAt(t, at, rsocket.Handler{RequestResponse: echo}, nil)
	data := make([]byte, 3<<20)
	for i := range data {
		data[i] = byte(i * 7)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range 20 {
			answer, err := conn.RequestResponse(testContext(t), rsocket.NewPayloadFromBytes(data, nil))
			if err != nil {
				t.Error(err)
				return
			}
			if !slices.Equal(answer.GetData(), data) {
				t.Error("the payload changed on its way")
				return
			}
		}
	}()
	for running := true; running; {
		select {
		case <-done:
			running = false
		case <-time.After(20 * time.Millisecond):
			g.cut()
		}
	}
}

func TestEventsTellOfASuspension(t *testing.T) {
	events := make(chan rsocket.ConnEvent, 100)
	conn, g := connectResumable(t, rsocket.Handler{RequestResponse: echo}, func(o *rsocket.ResumeOptions) {
		o.OnEvent = func(event rsocket.ConnEvent) { events <- event }
	})
	assertEcho(t, conn, "before")
	g.setShut(true)
	g.cut()
	if event := await(t, events); event.Kind != rsocket.EventSuspended || event.Err == nil || event.Conn != conn {
		t.Fatalf("got %+v", event)
	}
	for attempt := 1; attempt <= 3; attempt++ {
		event := await(t, events)
		if event.Kind != rsocket.EventRetrying || event.Attempt != attempt {
			t.Fatalf("got %+v", event)
		}
		if attempt > 1 && !errors.Is(event.Err, errShut) {
			t.Fatalf("attempt %d: %v", attempt, event.Err)
		}
	}
	g.setShut(false)
	for event := range events {
		if event.Kind == rsocket.EventResumed {
			break
		}
		if event.Kind != rsocket.EventRetrying {
			t.Fatalf("got %+v", event)
		}
	}
	assertEcho(t, conn, "after")
}

func TestASessionEndsWhenNobodyComesBack(t *testing.T) {
	started, ended := make(chan struct{}, 1), make(chan error, 1)
	conn, g := connectResumable(t, rsocket.Handler{RequestResponse: hang(started, ended)}, func(o *rsocket.ResumeOptions) {
		o.SessionTimeout = 50 * time.Millisecond
	})
	errs := startMany(t, conn, 1)
	await(t, started)
	g.setShut(true)
	g.cut()
	if err := await(t, errs); !errors.Is(err, rsocket.ErrConnectionLost) {
		t.Errorf("got %v", err)
	}
	await(t, conn.Done())
	var failure *rsocket.Error
	if !errors.As(conn.Err(), &failure) || failure.Origin != rsocket.OriginTransport {
		t.Errorf("got %v", conn.Err())
	}
}

// Conforms: resume/unknown-token, resume/rejection-final
func TestAServerThatForgotTheSessionRejectsIt(t *testing.T) {
	conn, g := connectResumable(t, rsocket.Handler{RequestResponse: echo}, nil)
	assertEcho(t, conn, "before")
	// Another server, which knows nothing.
	other := listenAndServe(t, "tcp://127.0.0.1:0", rsocket.Handler{}, rsocket.WithResume(rsocket.ResumeOptions{}))
	g.mu.Lock()
	g.address = other[len("tcp://"):]
	g.mu.Unlock()
	g.cut()
	await(t, conn.Done())
	var failure *rsocket.Error
	if !errors.As(conn.Err(), &failure) || failure.Code != rsocket.CodeRejectedResume || failure.Origin != rsocket.OriginPeer {
		t.Fatalf("got %v", conn.Err())
	}
	if !errors.Is(failure, rsocket.ErrConnectionLost) {
		t.Errorf("got %v", failure)
	}
}

func TestAServerWithoutResumeTurnsTheClientAway(t *testing.T) {
	url := listenAndServe(t, "tcp://127.0.0.1:0", rsocket.Handler{RequestResponse: echo})
	conn := dial(t, url, rsocket.WithResume(rsocket.ResumeOptions{}))
	_, err := conn.RequestResponse(testContext(t), rsocket.NewPayload("", ""))
	if !errors.Is(err, rsocket.ErrRejectedSetup) {
		t.Errorf("got %v", err)
	}
}

// Conforms: resume/token-in-use, resume/token-unique, resume/token-opaque
func TestATokenIsUsedOnce(t *testing.T) {
	token := []byte("one token for two")
	first, g := connectResumable(t, rsocket.Handler{RequestResponse: echo}, func(o *rsocket.ResumeOptions) { o.Token = token })
	assertEcho(t, first, "first")
	second := dial(t, "tcp://"+g.address, rsocket.WithResume(rsocket.ResumeOptions{Token: token}))
	if err := tryEcho(t, second, "second"); !errors.Is(err, rsocket.ErrRejectedSetup) {
		t.Errorf("got %v", err)
	}
	assertEcho(t, first, "first")
}

// resumeFrame is a RESUME from the very beginning.
func resumeFrame(token string) string {
	return "\x00\x00\x00\x00\x34\x00\x00\x01\x00\x00" + string([]byte{0, byte(len(token))}) + token + strings.Repeat("\x00", 16)
}

// Conforms: resume/token-not-replayed, resume/unknown-token
func TestASessionIsOverWithItsConnection(t *testing.T) {
	const token = "a token"
	ended := make(chan struct{})
	conn, g := connectResumable(t, rsocket.Handler{
		Setup: func(_ context.Context, _ *rsocket.Setup, conn *rsocket.Conn) error {
			go func() {
				<-conn.Done()
				close(ended)
			}()
			return nil
		},
		RequestResponse: echo,
	}, func(o *rsocket.ResumeOptions) { o.Token = []byte(token) })
	assertEcho(t, conn, "before")
	_ = conn.Close()
	await(t, ended)
	peer := rawClient(t, "tcp://"+g.address)
	peer.send(resumeFrame(token))
	rejection := peer.frameOf(typeError)
	if want := "\x00\x00\x00\x04the session is not known"; rejection == nil || string(rejection[6:]) != want {
		t.Errorf("got %q", rejection)
	}
}

// Conforms: resume/token-unpredictable, resume/token-source
func TestTokensCannotBeGuessed(t *testing.T) {
	// SETUP's token follows the header, the version and the two periods.
	token := func() string {
		_, peer := rawServer(t, rsocket.WithResume(rsocket.ResumeOptions{}))
		return string(peer.frame()[18:][:2+32])
	}
	first, second := token(), token()
	if first[:2] != "\x00\x20" || second[:2] != "\x00\x20" {
		t.Fatalf("tokens of %x and %x bytes", first[:2], second[:2])
	}
	if first == second {
		t.Error("two connections have the same token")
	}
}

func TestClosingASuspendedConnection(t *testing.T) {
	conn, g := connectResumable(t, rsocket.Handler{RequestResponse: echo}, nil)
	assertEcho(t, conn, "before")
	g.setShut(true)
	g.cut()
	errs := startMany(t, conn, 10)
	_ = conn.Close()
	for range 10 {
		if err := await(t, errs); !errors.Is(err, rsocket.ErrClosed) {
			t.Errorf("got %v", err)
		}
	}
}

func TestAContextEndsARequestOfASuspendedConnection(t *testing.T) {
	conn, g := connectResumable(t, rsocket.Handler{RequestResponse: echo}, nil)
	assertEcho(t, conn, "before")
	g.setShut(true)
	g.cut()
	ctx, cancel := context.WithCancel(testContext(t))
	failed := make(chan error, 1)
	go func() {
		_, err := conn.RequestResponse(ctx, rsocket.NewPayload("", ""))
		failed <- err
	}()
	cancel()
	if err := await(t, failed); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	g.setShut(false)
	assertEcho(t, conn, "after")
}

func TestWhatDoesNotFitTheStoreWaitsForTheTransport(t *testing.T) {
	conn, g := connectResumable(t, rsocket.Handler{RequestResponse: echo}, func(o *rsocket.ResumeOptions) {
		o.StoreBytes = 128 << 10
	})
	assertEcho(t, conn, "before")
	g.setShut(true)
	g.cut()
	data := make([]byte, 20<<10)
	const requests = 60
	errs := make(chan error, requests)
	for range requests {
		go func() {
			_, err := conn.RequestResponse(testContext(t), rsocket.NewPayloadFromBytes(data, nil))
			errs <- err
		}()
	}
	g.setShut(false)
	for range requests {
		if err := await(t, errs); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAResumedConnectionHasItsLeaseAgain(t *testing.T) {
	var asked atomic.Int64
	handler := rsocket.Handler{RequestResponse: func(ctx context.Context, request *rsocket.Payload) (*rsocket.Payload, error) {
		asked.Add(1)
		return request, nil
	}}
	lease := rsocket.WithLease(func(ctx context.Context, conn *rsocket.Conn) {
		_ = conn.GrantLease(rsocket.Lease{TTL: time.Hour, Requests: 1000})
		<-ctx.Done()
	})
	conn, g := connectResumable(t, handler, nil, lease)
	eventually(t, "there is a lease", func() bool { return tryEcho(t, conn, "leased") == nil })
	g.cut()
	eventually(t, "there is a lease again", func() bool { return g.dials.Load() > 1 && tryEcho(t, conn, "leased") == nil })
}

func TestMetadataPushIsNotKept(t *testing.T) {
	conn, g := connectResumable(t, rsocket.Handler{RequestResponse: echo}, nil)
	assertEcho(t, conn, "before")
	g.setShut(true)
	g.cut()
	// Until the loss is noticed it is on its way; after that it is refused. It never waits for a transport.
	eventually(t, "the push is refused", func() bool {
		err := conn.MetadataPush(testContext(t), []byte("news"))
		if err != nil && !errors.Is(err, rsocket.ErrSuspended) {
			t.Fatal(err)
		}
		return err != nil
	})
	g.setShut(false)
	assertEcho(t, conn, "after")
}

func TestResumeOptionsAreChecked(t *testing.T) {
	cases := map[string]rsocket.ResumeOptions{
		"token":   {Token: make([]byte, 65536)},
		"store":   {StoreBytes: 1000},
		"timeout": {SessionTimeout: -1},
		"dial":    {DialTimeout: -1},
		"backoff": {Backoff: rsocket.Backoff{Min: -1}},
	}
	for name, options := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := rsocket.Dial(testContext(t), "tcp://127.0.0.1:1", rsocket.WithResume(options))
			if !errors.Is(err, rsocket.ErrInvalidArgument) {
				t.Errorf("got %v", err)
			}
		})
	}
	near, far := net.Pipe()
	defer far.Close()
	_, err := rsocket.NewClientConn(testContext(t), near, rsocket.WithResume(rsocket.ResumeOptions{}))
	if !errors.Is(err, rsocket.ErrInvalidArgument) {
		t.Errorf("without Dial: %v", err)
	}
	if _, err := near.Read(make([]byte, 1)); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("the transport is still open: %v", err)
	}
}

func TestCutsUnderLoadLoseAndDoubleNothing(t *testing.T) {
	overEachDialled(t, cutsUnderLoadLoseAndDoubleNothing)
}

func cutsUnderLoadLoseAndDoubleNothing(t *testing.T, at place) {
	var mu sync.Mutex
	seen := make(map[string]int)
	conn, g := connectResumableAt(t, at, rsocket.Handler{
		RequestResponse: echo,
		FireAndForget: func(_ context.Context, request *rsocket.Payload) {
			mu.Lock()
			seen[request.GetDataAsString()]++
			mu.Unlock()
		},
	}, nil)
	const workers, each = 16, 300
	var work sync.WaitGroup
	for worker := range workers {
		work.Go(func() {
			for i := range each {
				name := fmt.Sprintf("%d-%d", worker, i)
				if err := conn.FireAndForget(testContext(t), rsocket.NewPayload(name, "")); err != nil {
					t.Error(err)
					return
				}
				answer, err := conn.RequestResponse(testContext(t), rsocket.NewPayload(name, ""))
				if err != nil {
					t.Error(err)
					return
				}
				if answer.GetDataAsString() != name {
					t.Errorf("%q in place of %q", answer.GetDataAsString(), name)
					return
				}
				if i%100 == worker {
					g.cut()
				}
			}
		})
	}
	work.Wait()
	eventually(t, "every fire-and-forget has come", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return len(seen) == workers*each
	})
	for name, times := range seen {
		if times != 1 {
			t.Errorf("%s came %d times", name, times)
		}
	}
}
