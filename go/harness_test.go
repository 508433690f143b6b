package rsocket_test

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
)

// patience bounds what a test waits for; nothing is expected to take that long.
const patience = 30 * time.Second

func testContext(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

func echo(_ context.Context, request *rsocket.Payload) (*rsocket.Payload, error) {
	return request, nil
}

// hang answers when its context ends, which it tells ended.
func hang(started chan<- struct{}, ended chan<- error) func(context.Context, *rsocket.Payload) (*rsocket.Payload, error) {
	return func(ctx context.Context, _ *rsocket.Payload) (*rsocket.Payload, error) {
		started <- struct{}{}
		<-ctx.Done()
		ended <- context.Cause(ctx)
		return nil, ctx.Err()
	}
}

// listenAndServe serves handler and returns the address to dial.
func listenAndServe(t testing.TB, url string, handler rsocket.Handler, opts ...rsocket.Option) string {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	listener, err := rsocket.Listen(ctx, url, opts...)
	if err != nil {
		t.Fatalf("listen: %v", err)
	}
	served := make(chan error, 1)
	go func() { served <- rsocket.Serve(ctx, listener, handler, opts...) }()
	t.Cleanup(func() {
		cancel()
		if err := await(t, served); !errors.Is(err, context.Canceled) {
			t.Errorf("Serve returned %v", err)
		}
	})
	return urlOf(url, listener)
}

// urlOf is where to dial a listener that was opened with a URL.
func urlOf(url string, listener net.Listener) string {
	scheme, rest, _ := strings.Cut(url, "://")
	_, path, _ := strings.Cut(rest, "/")
	switch scheme {
	case "unix":
		return "unix://" + listener.Addr().String()
	case "ws", "wss":
		return scheme + "://" + listener.Addr().String() + "/" + path
	default:
		return scheme + "://" + listener.Addr().String()
	}
}

func dial(t testing.TB, url string, opts ...rsocket.Option) *rsocket.Conn {
	t.Helper()
	conn, err := rsocket.Dial(testContext(t), url, opts...)
	if err != nil {
		t.Fatalf("dial: %v", err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// connectTCP gives a client of a server with this handler.
func connectTCP(t testing.TB, handler rsocket.Handler, opts ...rsocket.Option) *rsocket.Conn {
	t.Helper()
	return dial(t, listenAndServe(t, "tcp://127.0.0.1:0", handler), opts...)
}

// connectPipe gives both ends of a connection over net.Pipe.
func connectPipe(t testing.TB, client, server rsocket.Handler, opts ...rsocket.Option) (*rsocket.Conn, *rsocket.Conn) {
	t.Helper()
	near, far := net.Pipe()
	type made struct {
		conn *rsocket.Conn
		err  error
	}
	served := make(chan made, 1)
	go func() {
		conn, err := rsocket.ServeConn(context.Background(), far, server, opts...)
		served <- made{conn, err}
	}()
	dialled, err := rsocket.NewClientConn(testContext(t), near, append(opts, rsocket.WithHandler(client))...)
	if err != nil {
		t.Fatalf("client: %v", err)
	}
	accepted := await(t, served)
	if accepted.err != nil {
		t.Fatalf("server: %v", accepted.err)
	}
	t.Cleanup(func() {
		_ = dialled.Close()
		_ = accepted.conn.Close()
	})
	return dialled, accepted.conn
}

// ends are options of a connection's two ends.
type ends struct {
	client, server []rsocket.Option
}

// both gives both ends the same options.
func both(opts ...rsocket.Option) ends { return ends{opts, opts} }

func join(all []ends) ends {
	var joined ends
	for _, e := range all {
		joined.client = append(joined.client, e.client...)
		joined.server = append(joined.server, e.server...)
	}
	return joined
}

// connector gives a client of a server with this handler.
type connector func(t *testing.T, handler rsocket.Handler, opts ...ends) *rsocket.Conn

// place is where a server of a test listens, and what the two ends have to be told.
type place func(t *testing.T) (string, ends)

// listening are the transports that have a URL.
var listening = withQUIC(map[string]place{
	"tcp": func(*testing.T) (string, ends) { return "tcp://127.0.0.1:0", ends{} },
	"ws":  func(*testing.T) (string, ends) { return "ws://127.0.0.1:0/rsocket", ends{} },
	"tls": func(t *testing.T) (string, ends) { return "tls://127.0.0.1:0", secureEnds(t) },
	"wss": func(t *testing.T) (string, ends) { return "wss://127.0.0.1:0/rsocket", secureEnds(t) },
	"unix": func(t *testing.T) (string, ends) {
		if runtime.GOOS == "windows" {
			t.Fatal("unix sockets are not among this system's transports")
		}
		return "unix://" + filepath.Join(shortFolder(t), "s"), ends{}
	},
})

// shortFolder is for sockets, whose paths may have a hundred bytes: names of tests are long.
func shortFolder(t testing.TB) string {
	t.Helper()
	folder, err := os.MkdirTemp("", "rs")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	return folder
}

// secureEnds are a server with a certificate and a client that trusts it.
func secureEnds(t *testing.T) ends {
	ca := newAuthority(t, "CA")
	return ends{[]rsocket.Option{ca.trusts()}, []rsocket.Option{ca.issue(loopback).serves()}}
}

// oneByte is the name of a transport that delivers single bytes.
const oneByte = "one byte at a time"

// transports are the ways in which a client reaches a server of these tests.
var transports = func() map[string]connector {
	all := map[string]connector{
		"pipe": func(t *testing.T, handler rsocket.Handler, opts ...ends) *rsocket.Conn {
			return connectOver(t, func(nc net.Conn) net.Conn { return nc }, handler, opts)
		},
		oneByte: func(t *testing.T, handler rsocket.Handler, opts ...ends) *rsocket.Conn {
			return connectOver(t, func(nc net.Conn) net.Conn { return oneByteReads{nc} }, handler, opts)
		},
		"http.Handler": func(t *testing.T, handler rsocket.Handler, opts ...ends) *rsocket.Conn {
			told := join(opts)
			return dial(t, webSocketOf(startSite(t, newServer(t, handler, told.server...))), told.client...)
		},
	}
	for name, at := range listening {
		all[name] = func(t *testing.T, handler rsocket.Handler, opts ...ends) *rsocket.Conn {
			url, needed := at(t)
			told := join(append(opts, needed))
			return dial(t, listenAndServe(t, url, handler, told.server...), told.client...)
		}
	}
	return all
}()

// connectOver gives a client of a server with this handler, over net.Pipe.
func connectOver(t *testing.T, wrap func(net.Conn) net.Conn, handler rsocket.Handler, opts []ends) *rsocket.Conn {
	t.Helper()
	told := join(opts)
	near, far := net.Pipe()
	go func() { _, _ = rsocket.ServeConn(context.Background(), wrap(far), handler, told.server...) }()
	conn, err := rsocket.NewClientConn(testContext(t), wrap(near), told.client...)
	if err != nil {
		t.Fatalf("client: %v", err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// overEach runs a test over every transport.
func overEach(t *testing.T, test func(t *testing.T, connect connector)) {
	for name, connect := range transports {
		t.Run(name, func(t *testing.T) { test(t, connect) })
	}
}

// overEachAtSpeed is overEach for a test that would take too long in single bytes.
func overEachAtSpeed(t *testing.T, test func(t *testing.T, connect connector)) {
	for name, connect := range transports {
		if name != oneByte {
			t.Run(name, func(t *testing.T) { test(t, connect) })
		}
	}
}

// overEachDialled runs a test over every transport with a URL that goes over what a program dials.
func overEachDialled(t *testing.T, test func(t *testing.T, at place)) {
	for name, at := range listening {
		if name != "quic" {
			t.Run(name, func(t *testing.T) { test(t, at) })
		}
	}
}

// overEachListening runs a test over every transport that has a URL.
func overEachListening(t *testing.T, test func(t *testing.T, at place)) {
	for name, at := range listening {
		t.Run(name, func(t *testing.T) { test(t, at) })
	}
}

// connectBoth gives both ends of a connection.
func connectBoth(t *testing.T, connect connector, client, server rsocket.Handler, opts ...ends) (*rsocket.Conn, *rsocket.Conn) {
	t.Helper()
	accepted := make(chan *rsocket.Conn, 1)
	server.Setup = func(_ context.Context, _ *rsocket.Setup, conn *rsocket.Conn) error {
		accepted <- conn
		return nil
	}
	dialled := connect(t, server, append(opts, ends{client: []rsocket.Option{rsocket.WithHandler(client)}})...)
	made := await(t, accepted)
	// It may request once Setup has returned.
	eventually(t, "the server is ready", func() bool {
		_, err := made.RequestResponse(testContext(t), rsocket.NewPayload("", ""))
		return !errors.Is(err, rsocket.ErrNotReady)
	})
	return dialled, made
}

// oneByteReads is a transport that delivers single bytes.
type oneByteReads struct{ net.Conn }

func (c oneByteReads) Read(p []byte) (int, error) { return c.Conn.Read(p[:1]) }

func await[T any](t testing.TB, from <-chan T) T {
	t.Helper()
	select {
	case value := <-from:
		return value
	case <-time.After(patience):
		t.Fatal("nothing came in time")
		panic("unreachable")
	}
}

// goroutinesOf counts the goroutines that run this package's library code: connections', unless other types are named.
func goroutinesOf(types ...string) int {
	if types == nil {
		types = []string{"Conn"}
	}
	buffer := make([]byte, 1<<20)
	buffer = buffer[:runtime.Stack(buffer, true)]
	count := 0
	for stack := range strings.SplitSeq(string(buffer), "\n\n") {
		for _, name := range types {
			if strings.Contains(stack, "rsocket-go-ffi/go.(*"+name+")") {
				count++
				break
			}
		}
	}
	return count
}

// eventually waits until the condition holds, which has no event to wait for.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for !holds() {
		if time.Now().After(deadline) {
			t.Fatalf("not reached in time: %s", what)
		}
		time.Sleep(time.Millisecond)
	}
}

// rawPeer is a hand-made peer: it says what a test wants on the wire.
type rawPeer struct {
	t testing.TB
	net.Conn
}

// rawServer gives a client whose server is a rawPeer.
func rawServer(t testing.TB, opts ...rsocket.Option) (*rsocket.Conn, rawPeer) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	client := dial(t, "tcp://"+listener.Addr().String(), opts...)
	accepted, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = accepted.Close() })
	return client, rawPeer{t, accepted}
}

// rawClient dials a server as a rawPeer.
func rawClient(t testing.TB, url string) rawPeer {
	t.Helper()
	nc, err := net.Dial("tcp", strings.TrimPrefix(url, "tcp://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = nc.Close() })
	return rawPeer{t, nc}
}

// frame reads one frame; nil at the end of the connection.
func (p rawPeer) frame() []byte {
	p.t.Helper()
	_ = p.SetReadDeadline(time.Now().Add(patience))
	prefix := make([]byte, 3)
	if !p.readFull(prefix) {
		return nil
	}
	frame := make([]byte, int(prefix[0])<<16|int(prefix[1])<<8|int(prefix[2]))
	if !p.readFull(frame) {
		return nil
	}
	return frame
}

func (p rawPeer) readFull(into []byte) bool {
	for len(into) > 0 {
		n, err := p.Read(into)
		if n == 0 && err != nil {
			var timeout net.Error
			if errors.As(err, &timeout) && timeout.Timeout() {
				p.t.Fatal("the peer said nothing in time")
			}
			return false
		}
		into = into[n:]
	}
	return true
}

// frameOf reads on until a frame of this type; nil at the end of the connection.
func (p rawPeer) frameOf(frameType byte) []byte {
	p.t.Helper()
	for {
		frame := p.frame()
		if frame == nil || frame[4]>>2 == frameType {
			return frame
		}
	}
}

func (p rawPeer) send(frames ...string) {
	p.t.Helper()
	var bytes []byte
	for _, frame := range frames {
		bytes = append(bytes, byte(len(frame)>>16), byte(len(frame)>>8), byte(len(frame)))
		bytes = append(bytes, frame...)
	}
	if _, err := p.Write(bytes); err != nil {
		p.t.Fatalf("write: %v", err)
	}
}

// Frames by hand, as the specification lays them out.
const (
	typeCancel = 0x09
	typeError  = 0x0B

	// setupFrame: version 1.0, keepalive 20 s, lifetime 90 s, MIME types "a" and "b", no payload.
	setupFrame = "\x00\x00\x00\x00\x04\x00\x00\x01\x00\x00\x00\x00\x4e\x20\x00\x01\x5f\x90\x01a\x01b"
)

// requestFrame is a REQUEST_RESPONSE with data only.
func requestFrame(stream uint16, data string) string {
	return "\x00\x00" + string([]byte{byte(stream >> 8), byte(stream)}) + "\x10\x00" + data
}

// answerTo is a request's only PAYLOAD, with data only.
func answerTo(request []byte, data string) string {
	return string(request[:4]) + "\x28\x60" + data
}
