package rsocket_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
)

const webSocketURL = "ws://127.0.0.1:0/rsocket"

func assertEchoes(t testing.TB, conn *rsocket.Conn) {
	t.Helper()
	answer, err := conn.RequestResponse(testContext(t), rsocket.NewPayload("hello", ""))
	if err != nil || answer.GetDataAsString() != "hello" {
		t.Fatalf("got %v, %v", answer, err)
	}
}

func TestWebSocketAddressesAreChecked(t *testing.T) {
	ctx := testContext(t)
	for _, url := range []string{
		"ws://", "ws:///path", "ws://user:secret@localhost/", "ws://localhost/#fragment", "wss://",
	} {
		if _, err := rsocket.Dial(ctx, url); !errors.Is(err, rsocket.ErrInvalidArgument) || strings.Contains(err.Error(), "secret") {
			t.Errorf("dial %s: %v", url, err)
		}
	}
	if _, err := rsocket.Listen(ctx, "ws://127.0.0.1:0/?query"); !errors.Is(err, rsocket.ErrInvalidArgument) {
		t.Errorf("listen: %v", err)
	}
	for name, option := range map[string]rsocket.Option{
		"no name":          rsocket.WithHeader("", "x"),
		"two headers":      rsocket.WithHeader("A", "b\r\nC: d"),
		"a header of ours": rsocket.WithHeader("Host", "secret"),
		"no header":        rsocket.WithHeader("a b", "secret"),
		"no subprotocol":   rsocket.WithSubprotocols(""),
		"two subprotocols": rsocket.WithSubprotocols("a, b"),
		"no origin":        rsocket.WithOrigins("https://a\nhttps://b"),
		"no host":          rsocket.WithHosts(""),
	} {
		_, err := rsocket.Dial(ctx, "ws://127.0.0.1:1", option)
		if !errors.Is(err, rsocket.ErrInvalidArgument) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWebSocketRequestsSayWhatTheyAreGiven(t *testing.T) {
	url := listenAndServe(t, webSocketURL, rsocket.Handler{RequestResponse: echo}, rsocket.WithHosts("127.0.0.1"))
	conn := dial(t, url+"?token=1",
		rsocket.WithHeader("Authorization", "Bearer abc"),
		rsocket.WithHeader("Origin", "http://"+strings.TrimSuffix(strings.TrimPrefix(url, "ws://"), "/rsocket")),
		rsocket.WithSubprotocols("other", "rsocket"))
	assertEchoes(t, conn)
}

func TestARefusedWebSocketTellsTheStatus(t *testing.T) {
	ctx := testContext(t)
	url := listenAndServe(t, webSocketURL, rsocket.Handler{})
	elsewhere := listenAndServe(t, webSocketURL, rsocket.Handler{}, rsocket.WithHosts("example.com"))
	evil := rsocket.WithHeader("Origin", "https://evil.example")
	for name, want := range map[string]struct {
		url    string
		option rsocket.Option
		status string
	}{
		"path":   {strings.TrimSuffix(url, "rsocket") + "other", nil, "404 Not Found"},
		"origin": {url, evil, "403 Forbidden"},
		"host":   {elsewhere, nil, "421 Misdirected Request"},
	} {
		var opts []rsocket.Option
		if want.option != nil {
			opts = append(opts, want.option)
		}
		_, err := rsocket.Dial(ctx, want.url, opts...)
		if !errors.Is(err, rsocket.ErrHandshake) || !strings.Contains(err.Error(), want.status) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, origins := range [][]string{{"*"}, {"https://other.example", "https://evil.example"}} {
		open := listenAndServe(t, webSocketURL, rsocket.Handler{RequestResponse: echo}, rsocket.WithOrigins(origins...))
		assertEchoes(t, dial(t, open, evil))
	}
}

func TestAPlainRequestIsAnsweredWithAStatus(t *testing.T) {
	url := listenAndServe(t, webSocketURL, rsocket.Handler{RequestResponse: echo})
	site := "http://" + strings.TrimSuffix(strings.TrimPrefix(url, "ws://"), "/rsocket")
	for name, want := range map[string]struct {
		method, path string
		status       int
		header, text string
	}{
		"GET":        {"GET", "/rsocket", http.StatusUpgradeRequired, "Upgrade", "websocket"},
		"other path": {"GET", "/favicon.ico", http.StatusNotFound, "", ""},
		"POST":       {"POST", "/rsocket", http.StatusMethodNotAllowed, "Allow", "GET"},
		"HEAD":       {"HEAD", "/rsocket", http.StatusMethodNotAllowed, "Allow", "GET"},
	} {
		t.Run(name, func(t *testing.T) {
			request, err := http.NewRequestWithContext(testContext(t), want.method, site+want.path, strings.NewReader("body"))
			if err != nil {
				t.Fatal(err)
			}
			response, err := http.DefaultClient.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = response.Body.Close() }()
			body, err := io.ReadAll(response.Body)
			if err != nil || len(body) == 0 && want.method != "HEAD" {
				t.Errorf("body %q, %v", body, err)
			}
			if response.StatusCode != want.status || want.header != "" && response.Header.Get(want.header) != want.text {
				t.Errorf("got %v", response)
			}
		})
	}
	assertEchoes(t, dial(t, url))
}

func TestAWebSocketServerSurvivesAnyBytes(t *testing.T) {
	url := listenAndServe(t, webSocketURL, rsocket.Handler{RequestResponse: echo})
	address := strings.TrimSuffix(strings.TrimPrefix(url, "ws://"), "/rsocket")
	for name, bytes := range map[string]string{
		"nothing":       "",
		"RSocket's own": "\x00\x00\x1d" + setupFrame,
		"TLS":           "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
		"ones":          strings.Repeat("\xff", 1000),
		"half a head":   "GET /rsocket HTTP/1.1\r\nHost: a\r\n",
		"a long head":   "GET /rsocket HTTP/1.1\r\nX: " + strings.Repeat("x", 100_000),
		"HTTP/2":        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			peer := rawClient(t, address)
			_, _ = peer.Write([]byte(bytes)) // It may be refused before its end.
			_ = peer.Close()
			assertEchoes(t, dial(t, url))
		})
	}
}

func TestAStalledWebSocketClientHoldsUpNobody(t *testing.T) {
	url := listenAndServe(t, webSocketURL, rsocket.Handler{RequestResponse: echo},
		rsocket.WithLimits(rsocket.Limits{HandshakeTimeout: 300 * time.Millisecond}))
	address := strings.TrimSuffix(strings.TrimPrefix(url, "ws://"), "/rsocket")
	stalled := []rawPeer{rawClient(t, address), rawClient(t, address)}
	if _, err := stalled[1].Write([]byte("GET /rsocket HTTP/1.1\r\nHost:")); err != nil {
		t.Fatal(err)
	}
	assertEchoes(t, dial(t, url))
	for _, peer := range stalled {
		if frame := peer.frame(); frame != nil {
			t.Errorf("got % x", frame)
		}
	}
}

func TestAServerWithAStalledWebSocketClientStops(t *testing.T) {
	listener, err := rsocket.Listen(testContext(t), webSocketURL)
	if err != nil {
		t.Fatal(err)
	}
	server, err := rsocket.NewServer(rsocket.Handler{RequestResponse: echo})
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	stalled := rawClient(t, listener.Addr().String())
	assertEchoes(t, dial(t, "ws://"+listener.Addr().String()+"/rsocket"))
	if err := server.Shutdown(testContext(t)); err != nil {
		t.Error(err)
	}
	if err := await(t, served); !errors.Is(err, rsocket.ErrServerClosed) {
		t.Errorf("Serve returned %v", err)
	}
	if frame := stalled.frame(); frame != nil {
		t.Errorf("got % x", frame)
	}
}

// listenOnly gives the address of a listener whose connections nobody answers, but with these bytes.
func listenOnly(t *testing.T, answer string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var accepted sync.WaitGroup
	accepted.Go(func() {
		for {
			nc, err := listener.Accept()
			if err != nil {
				return
			}
			accepted.Go(func() {
				_, _ = io.WriteString(nc, answer)
				if answer != "" {
					_ = nc.(*net.TCPConn).CloseWrite()
				}
				_, _ = io.Copy(io.Discard, nc)
				_ = nc.Close()
			})
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		accepted.Wait()
	})
	return listener.Addr().String()
}

func TestAStalledWebSocketServerIsGivenUp(t *testing.T) {
	url := "ws://" + listenOnly(t, "")
	ctx, cancel := context.WithTimeout(testContext(t), 50*time.Millisecond)
	defer cancel()
	_, err := rsocket.Dial(ctx, url)
	if !errors.Is(err, rsocket.ErrHandshake) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("its context ended: %v", err)
	}
	_, err = rsocket.Dial(context.Background(), url, rsocket.WithLimits(rsocket.Limits{HandshakeTimeout: 50 * time.Millisecond}))
	if !errors.Is(err, rsocket.ErrHandshake) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("its time was over: %v", err)
	}
}

func TestAServerThatIsNoWebSocketIsToldApart(t *testing.T) {
	for name, want := range map[string]struct{ answer, text string }{
		"another site": {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "200 OK"},
		"RSocket":      {"\x00\x00\x0a\x00\x00\x00\x00\x2c\x00\x00\x00\x01\x01", "not valid HTTP"},
		"half":         {"HTTP/1.1 101 Swi", "unexpected EOF"},
	} {
		_, err := rsocket.Dial(testContext(t), "ws://"+listenOnly(t, want.answer))
		if !errors.Is(err, rsocket.ErrHandshake) || !strings.Contains(err.Error(), want.text) {
			t.Errorf("%s: %v", name, err)
		}
	}
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = closed.Close()
	if _, err := rsocket.Dial(testContext(t), "ws://"+closed.Addr().String()); err == nil || errors.Is(err, rsocket.ErrHandshake) {
		t.Errorf("nobody listens: %v", err)
	}
}

// A listener's connections can be served by hand: they do their handshake by themselves.
func TestServeConnOverAWebSocket(t *testing.T) {
	listener, err := rsocket.Listen(testContext(t), webSocketURL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	served := make(chan error, 1)
	go func() {
		nc, err := listener.Accept()
		if err == nil {
			_, err = rsocket.ServeConn(context.Background(), nc, rsocket.Handler{RequestResponse: echo})
		}
		served <- err
	}()
	assertEchoes(t, dial(t, "ws://"+listener.Addr().String()+"/rsocket"))
	if err := await(t, served); err != nil {
		t.Error(err)
	}
}

func TestTheOriginalClientOverWebSocket(t *testing.T) {
	url := listenAndServe(t, webSocketURL, rsocket.Handler{RequestResponse: echo})
	for _, url := range []string{url, strings.TrimPrefix(url, "ws://")} {
		client := rsocket.NewClient()
		if err := client.ConnectWebSocket(url); err != nil {
			t.Fatal(err)
		}
		if !client.IsConnected() {
			t.Error("not connected")
		}
		answers := make(chan string, 1)
		err := client.RequestResponse(rsocket.NewPayload("hello", ""), func(answer *rsocket.Payload, err error) {
			if err != nil {
				t.Error(err)
			}
			answers <- answer.GetDataAsString()
		})
		if err != nil || await(t, answers) != "hello" {
			t.Errorf("request: %v", err)
		}
		if err := client.ConnectWebSocket(url); !errors.Is(err, rsocket.ErrInvalidArgument) {
			t.Errorf("connected twice: %v", err)
		}
		if err := client.Close(); err != nil {
			t.Error(err)
		}
	}
	for _, url := range []string{"tcp://127.0.0.1:1", "http://127.0.0.1:1", ""} {
		if err := rsocket.NewClient().ConnectWebSocket(url); !errors.Is(err, rsocket.ErrInvalidArgument) {
			t.Errorf("%q: %v", url, err)
		}
	}
	if transports := rsocket.GetSupportedTransports(); strings.TrimPrefix(transports, "quic,") != "tcp,tls,unix,ws,wss" {
		t.Errorf("supported are %s", transports)
	}
}

// forwarder is a way to a server that can be cut.
type forwarder struct {
	net.Listener
	mu    sync.Mutex
	conns []net.Conn
}

func forward(t *testing.T, to string) *forwarder {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := &forwarder{Listener: listener}
	var work sync.WaitGroup
	work.Go(func() {
		for {
			near, err := listener.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", to)
			if err != nil {
				_ = near.Close()
				continue
			}
			f.mu.Lock()
			f.conns = append(f.conns, near, far)
			f.mu.Unlock()
			work.Go(func() { _, _ = io.Copy(near, far) })
			work.Go(func() { _, _ = io.Copy(far, near) })
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		f.cut()
		work.Wait()
	})
	return f
}

func (f *forwarder) cut() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, nc := range f.conns {
		_ = nc.Close()
	}
	f.conns = nil
}

func TestAWebSocketIsResumed(t *testing.T) {
	url := listenAndServe(t, webSocketURL, rsocket.Handler{RequestResponse: echo}, rsocket.WithResume(rsocket.ResumeOptions{}))
	between := forward(t, strings.TrimSuffix(strings.TrimPrefix(url, "ws://"), "/rsocket"))
	conn := dial(t, "ws://"+between.Addr().String()+"/rsocket", rsocket.WithResume(rsocket.ResumeOptions{
		Backoff: rsocket.Backoff{Min: time.Millisecond},
	}))
	for range 3 {
		assertEchoes(t, conn)
		between.cut()
	}
	assertEchoes(t, conn)
}

// A peer that takes nothing off the wire: callers keep their deadlines.
func TestAWebSocketPeerThatDoesNotRead(t *testing.T) {
	server, client := webSocketPair(t)
	_ = server
	payload := rsocket.NewPayloadFromBytes(make([]byte, 1500), nil)
	ctx, cancel := context.WithTimeout(testContext(t), 500*time.Millisecond)
	defer cancel()
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for client.FireAndForget(ctx, payload) == nil {
			}
		})
	}
	all.Wait()
	if err := client.Err(); err != nil {
		t.Fatalf("the connection ended: %v", err)
	}
	_ = client.Close()
	await(t, client.Done())
}

// What a write that ran into its deadline left over goes out when the peer reads again.
func TestAWebSocketPeerThatReadsLate(t *testing.T) {
	server, client := webSocketPair(t)
	const requests = 8
	answers := make(chan error, requests)
	payload := rsocket.NewPayloadFromBytes(make([]byte, 1<<20), nil)
	for range requests {
		go func() {
			_, err := client.RequestResponse(testContext(t), payload)
			answers <- err
		}()
	}
	time.Sleep(100 * time.Millisecond) // Several times what a borrowed write may take.
	received := 0
	for received < requests*payload.Len() {
		first, frame := server.frame()
		if first != binaryFrame {
			t.Fatalf("got a frame that begins with %#x", first)
		}
		if frame[4]>>2 == 0x04 || frame[4]>>2 == 0x0a {
			received += len(frame) - 6
		}
	}
	_ = server.Close()
	for range requests {
		if err := await(t, answers); !errors.Is(err, rsocket.ErrConnectionLost) {
			t.Errorf("got %v", err)
		}
	}
}

func TestADeadlineOfAWebSocketHandshakeIsTheUsers(t *testing.T) {
	listener, err := rsocket.Listen(testContext(t), webSocketURL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	stalled := rawClient(t, listener.Addr().String())
	nc, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	_ = nc.SetDeadline(time.Now().Add(20 * time.Millisecond))
	if _, err := nc.Read(make([]byte, 10)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("read: %v", err)
	}
	if _, err := nc.Write([]byte("\x00\x00\x01x")); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("write: %v", err)
	}
	if err := nc.Close(); err != nil {
		t.Error(err)
	}
	if _, err := nc.Read(make([]byte, 10)); !errors.Is(err, net.ErrClosed) {
		t.Errorf("read after Close: %v", err)
	}
	_ = stalled
}
