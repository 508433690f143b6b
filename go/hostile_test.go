package rsocket_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
)

func TestAServerSurvivesAnyBytes(t *testing.T) {
	url := listenAndServe(t, "tcp://127.0.0.1:0", rsocket.Handler{RequestResponse: echo})
	framed := func(frame string) string {
		return string([]byte{byte(len(frame) >> 16), byte(len(frame) >> 8), byte(len(frame))}) + frame
	}
	setup := framed(setupFrame)
	hostile := map[string]string{
		"nothing":                  "",
		"HTTP":                     "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"zeros":                    strings.Repeat("\x00", 1000),
		"ones":                     strings.Repeat("\xff", 1000),
		"an empty frame":           "\x00\x00\x00",
		"a frame without an end":   "\xff\xff\xff\x00",
		"a request before SETUP":   framed(requestFrame(1, "x")),
		"a cut SETUP":              framed(setupFrame[:20]),
		"a wrong version":          framed("\x00\x00\x00\x00\x04\x00\x00\x02" + setupFrame[8:]),
		"a keepalive of nothing":   setup + framed("\x00\x00\x00\x00\x0c\x80"),
		"an unknown frame type":    setup + framed("\x00\x00\x00\x01\x58\x00"),
		"metadata over the end":    setup + framed("\x00\x00\x00\x01\x11\x00\xff\xff\xff"),
		"a request on stream 0":    setup + framed(requestFrame(0, "x")),
		"a request on stream 2":    setup + framed(requestFrame(2, "x")),
		"the same stream twice":    setup + framed(requestFrame(1, "x")) + framed(requestFrame(1, "y")),
		"a payload for nobody":     setup + framed("\x00\x00\x00\x07\x28\x60x"),
		"a cancel for nobody":      setup + framed("\x00\x00\x00\x07\x24\x00"),
		"an error for nobody":      setup + framed("\x00\x00\x00\x07\x2c\x00\x00\x00\x02\x01x"),
		"SETUP twice":              setup + setup,
		"fragments without an end": setup + framed("\x00\x00\x00\x01\x10\x80x") + framed("\x00\x00\x00\x01\x28\x80y"),
	}
	for name, bytes := range hostile {
		t.Run(name, func(t *testing.T) {
			peer := rawClient(t, url)
			if _, err := peer.Write([]byte(bytes)); err != nil {
				t.Fatal(err)
			}
			_ = peer.Close()
			conn := dial(t, url)
			if _, err := conn.RequestResponse(testContext(t), rsocket.NewPayload("next", "")); err != nil {
				t.Fatalf("the next client: %v", err)
			}
		})
	}
}

func TestAClientSurvivesAnyBytes(t *testing.T) {
	for name, bytes := range map[string]string{
		"HTTP":                  "HTTP/1.1 400 Bad Request\r\n\r\n",
		"ones":                  strings.Repeat("\xff", 100),
		"an unknown frame type": "\x00\x00\x06\x00\x00\x00\x01\x58\x00",
		"a cut error":           "\x00\x00\x08\x00\x00\x00\x00\x2c\x00\x00\x01",
	} {
		t.Run(name, func(t *testing.T) {
			client, server := rawServer(t)
			errs := startMany(t, client, 10)
			server.frame()
			if _, err := server.Write([]byte(bytes)); err != nil {
				t.Fatal(err)
			}
			_ = server.Close()
			for range 10 {
				if err := await(t, errs); !errors.Is(err, rsocket.ErrConnectionLost) {
					t.Fatalf("got %v", err)
				}
			}
		})
	}
}

// A peer that takes nothing off the wire: callers keep their deadlines, and what waits is bounded.
func TestAPeerThatDoesNotRead(t *testing.T) {
	client, server := rawServer(t)
	_ = server
	before := heapInUse()
	payload := rsocket.NewPayloadFromBytes(make([]byte, 1500), nil)
	ctx, cancel := context.WithTimeout(testContext(t), 500*time.Millisecond)
	defer cancel()
	var all sync.WaitGroup
	var sent atomic.Int64
	for range 8 {
		all.Go(func() {
			for client.FireAndForget(ctx, payload) == nil {
				sent.Add(1)
			}
		})
	}
	all.Wait() // Returns although the peer never reads.
	if err := client.Err(); err != nil {
		t.Fatalf("the connection ended: %v", err)
	}
	if grown := heapInUse() - before; grown > 16<<20 {
		t.Errorf("%d requests of %d bytes were taken, and the heap grew by %d bytes", sent.Load(), payload.Len(), grown)
	}
	short, cancelShort := context.WithTimeout(testContext(t), 50*time.Millisecond)
	defer cancelShort()
	if _, err := client.RequestResponse(short, payload); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("request: %v", err)
	}
	_ = client.Close()
	await(t, client.Done())
}

func heapInUse() int {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int(stats.HeapInuse)
}

// A peer that provokes answers and reads none of them is closed when its answers reach their limit.
func TestAPeerThatFloodsKeepalives(t *testing.T) {
	client, server := rawServer(t, rsocket.WithLimits(rsocket.Limits{MaxControlBytes: 64 << 10}))
	keepalive := "\x00\x10\x0e\x00\x00\x00\x00\x0c\x80\x00\x00\x00\x00\x00\x00\x00\x00" + strings.Repeat("x", 4096)
	flood := []byte(strings.Repeat(keepalive, 64))
	for {
		_ = server.SetWriteDeadline(time.Now().Add(patience))
		if _, err := server.Write(flood); err != nil {
			break
		}
	}
	await(t, client.Done())
	if err := client.Err(); !errors.Is(err, rsocket.ErrConnectionLost) {
		t.Errorf("got %v", err)
	}
}

func TestOutboundLimit(t *testing.T) {
	started, ended := make(chan struct{}, 10), make(chan error, 10)
	conn := connectTCP(t, rsocket.Handler{RequestResponse: hang(started, ended)},
		rsocket.WithLimits(rsocket.Limits{MaxOutboundRequests: 2}))
	ctx, cancel := context.WithCancel(testContext(t))
	results := make(chan error, 2)
	for range 2 {
		go func() {
			_, err := conn.RequestResponse(ctx, rsocket.NewPayload("", ""))
			results <- err
		}()
		await(t, started)
	}
	if _, err := conn.RequestResponse(ctx, rsocket.NewPayload("", "")); !errors.Is(err, rsocket.ErrTooManyRequests) {
		t.Errorf("the third: %v", err)
	}
	cancel()
	await(t, results)
	await(t, results)
	short, cancelShort := context.WithTimeout(testContext(t), 20*time.Millisecond)
	defer cancelShort()
	if _, err := conn.RequestResponse(short, rsocket.NewPayload("", "")); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("after the others ended: %v", err)
	}
}

func TestInboundLimit(t *testing.T) {
	started, ended := make(chan struct{}, 10), make(chan error, 10)
	url := listenAndServe(t, "tcp://127.0.0.1:0", rsocket.Handler{RequestResponse: hang(started, ended)},
		rsocket.WithLimits(rsocket.Limits{MaxInboundRequests: 2}))
	conn := dial(t, url)
	startMany(t, conn, 2)
	await(t, started)
	await(t, started)
	_, err := conn.RequestResponse(testContext(t), rsocket.NewPayload("", ""))
	var known *rsocket.Error
	if !errors.Is(err, rsocket.ErrRejected) || !errors.As(err, &known) || !known.RetrySafe() {
		t.Errorf("the third: %v", err)
	}
	if conn.Err() != nil {
		t.Errorf("the connection ended: %v", conn.Err())
	}
}

func TestFrameLimit(t *testing.T) {
	url := listenAndServe(t, "tcp://127.0.0.1:0", rsocket.Handler{RequestResponse: echo},
		rsocket.WithLimits(rsocket.Limits{MaxFrameLen: 1000}))
	conn := dial(t, url)
	if _, err := conn.RequestResponse(testContext(t), rsocket.NewPayloadFromBytes(make([]byte, 994), nil)); err != nil {
		t.Errorf("at the limit: %v", err)
	}
	_, err := conn.RequestResponse(testContext(t), rsocket.NewPayloadFromBytes(make([]byte, 995), nil))
	if !errors.Is(err, rsocket.ErrConnectionLost) {
		t.Errorf("over the limit: %v", err)
	}
}

func TestFireAndForgetsAreDroppedWhenNoHandlerIsFree(t *testing.T) {
	release := make(chan struct{})
	var handled atomic.Int64
	conns := make(chan *rsocket.Conn, 1)
	url := listenAndServe(t, "tcp://127.0.0.1:0", rsocket.Handler{
		Setup: func(_ context.Context, _ *rsocket.Setup, conn *rsocket.Conn) error {
			conns <- conn
			return nil
		},
		RequestResponse: echo,
		FireAndForget: func(context.Context, *rsocket.Payload) {
			<-release
			handled.Add(1)
		},
	}, rsocket.WithLimits(rsocket.Limits{MaxFireAndForgetHandlers: 2}))
	conn := dial(t, url)
	ctx := testContext(t)
	for range 10 {
		if err := conn.FireAndForget(ctx, rsocket.NewPayload("", "")); err != nil {
			t.Fatal(err)
		}
	}
	// Requests go on although no handler of a fire-and-forget is free.
	if _, err := conn.RequestResponse(ctx, rsocket.NewPayload("", "")); err != nil {
		t.Fatal(err)
	}
	server := await(t, conns)
	if dropped := server.DroppedFireAndForgets(); dropped != 8 {
		t.Errorf("%d were dropped", dropped)
	}
	close(release)
	eventually(t, "the first two are handled", func() bool { return handled.Load() == 2 })
	if err := conn.FireAndForget(ctx, rsocket.NewPayload("", "")); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the next one is handled", func() bool { return handled.Load() == 3 })
}

func TestOptionsAndAddressesAreChecked(t *testing.T) {
	ctx := testContext(t)
	for name, dial := range map[string]func() (*rsocket.Conn, error){
		"no scheme":    func() (*rsocket.Conn, error) { return rsocket.Dial(ctx, "127.0.0.1:7878") },
		"no port":      func() (*rsocket.Conn, error) { return rsocket.Dial(ctx, "tcp://localhost") },
		"a path":       func() (*rsocket.Conn, error) { return rsocket.Dial(ctx, "tcp://localhost:1/x") },
		"no unix path": func() (*rsocket.Conn, error) { return rsocket.Dial(ctx, "unix://") },
		"other scheme": func() (*rsocket.Conn, error) { return rsocket.Dial(ctx, "gopher://localhost:70") },
		"no url":       func() (*rsocket.Conn, error) { return rsocket.Dial(ctx, "://") },
		"keepalive of 0": func() (*rsocket.Conn, error) {
			return rsocket.Dial(ctx, "tcp://localhost:1", rsocket.WithKeepalive(0, 1))
		},
		"negative limit": func() (*rsocket.Conn, error) {
			return rsocket.Dial(ctx, "tcp://localhost:1", rsocket.WithLimits(rsocket.Limits{MaxFrameLen: -1}))
		},
		"no logger": func() (*rsocket.Conn, error) { return rsocket.Dial(ctx, "tcp://localhost:1", rsocket.WithLogger(nil)) },
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := dial(); !errors.Is(err, rsocket.ErrInvalidArgument) {
				t.Errorf("got %v", err)
			}
		})
	}
	listener, err := rsocket.Listen(ctx, "tcp://127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	mime := rsocket.WithMIMETypes(strings.Repeat("x", 256), "")
	if _, err := rsocket.Dial(ctx, "tcp://"+listener.Addr().String(), mime); !errors.Is(err, rsocket.ErrInvalidArgument) {
		t.Errorf("long MIME type: %v", err)
	}
}
