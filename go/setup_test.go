package rsocket_test

import (
	"context"
	"errors"
	"testing"
	"time"

	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
)

// Conforms: setup/mime-opaque, setup/payload
func TestSetupReachesTheHandler(t *testing.T) { overEach(t, setupReachesTheHandler) }

func setupReachesTheHandler(t *testing.T, connect connector) {
	got := make(chan *rsocket.Setup, 1)
	handler := rsocket.Handler{
		Setup: func(_ context.Context, setup *rsocket.Setup, _ *rsocket.Conn) error {
			got <- setup
			return nil
		},
	}
	payload := rsocket.NewPayload("who", "I am")
	connect(t, handler, ends{client: []rsocket.Option{
		rsocket.WithSetupPayload(payload),
		rsocket.WithMIMETypes("text/a", "text/b"),
		rsocket.WithKeepalive(1500*time.Millisecond, 7*time.Second),
	}})
	setup := await(t, got)
	assertSamePayload(t, setup.Payload, payload)
	if setup.MetadataMIMEType != "text/a" || setup.DataMIMEType != "text/b" ||
		setup.KeepaliveInterval != 1500*time.Millisecond || setup.MaxLifetime != 7*time.Second {
		t.Errorf("got %+v", setup)
	}
}

// Conforms: error/rejected-setup, setup/refused, setup/client-request-rejected
func TestRejectedSetupFailsEveryRequestWithItsReason(t *testing.T) {
	overEach(t, rejectedSetupFailsEveryRequestWithItsReason)
}

func rejectedSetupFailsEveryRequestWithItsReason(t *testing.T, connect connector) {
	cases := map[string]struct {
		reason  error
		code    rsocket.ErrorCode
		message string
	}{
		"plain error": {errors.New("not you"), rsocket.CodeRejectedSetup, "not you"},
		"setup code": {
			rsocket.NewError(rsocket.CodeUnsupportedSetup, "speak JSON"), rsocket.CodeUnsupportedSetup, "speak JSON",
		},
		"other code": {rsocket.NewError(rsocket.CodeInvalid, "hm"), rsocket.CodeRejectedSetup, "hm"},
	}
	for name, want := range cases {
		t.Run(name, func(t *testing.T) {
			conn := connect(t, rsocket.Handler{
				Setup: func(context.Context, *rsocket.Setup, *rsocket.Conn) error { return want.reason },
				RequestResponse: func(context.Context, *rsocket.Payload) (*rsocket.Payload, error) {
					t.Error("a request of a rejected client was handled")
					return nil, nil
				},
			})
			// Requests that are under way before the rejection arrives, and one after it.
			errs := startMany(t, conn, 50)
			for range 50 {
				assertRejected(t, await(t, errs), want.code, want.message)
			}
			await(t, conn.Done())
			_, err := conn.RequestResponse(testContext(t), rsocket.NewPayload("", ""))
			assertRejected(t, err, want.code, want.message)
		})
	}
}

func assertRejected(t *testing.T, err error, code rsocket.ErrorCode, message string) {
	t.Helper()
	var known *rsocket.Error
	if !errors.Is(err, rsocket.ErrRejectedSetup) || !errors.As(err, &known) {
		t.Fatalf("got %v", err)
	}
	if known.Code != code || known.Message != message || known.Origin != rsocket.OriginPeer || !known.RetrySafe() {
		t.Fatalf("got %+v", known)
	}
}

func TestPanicInSetupRejects(t *testing.T) { overEach(t, panicInSetupRejects) }

func panicInSetupRejects(t *testing.T, connect connector) {
	conn := connect(t, rsocket.Handler{
		Setup: func(context.Context, *rsocket.Setup, *rsocket.Conn) error { panic("secret") },
	})
	await(t, conn.Done())
	assertRejected(t, conn.Err(), rsocket.CodeRejectedSetup, "the server could not decide")
}

func TestSetupTimeout(t *testing.T) {
	url := listenAndServe(t, "tcp://127.0.0.1:0", rsocket.Handler{},
		rsocket.WithLimits(rsocket.Limits{SetupTimeout: 50 * time.Millisecond}))
	peer := rawClient(t, url)
	if frame := peer.frame(); frame == nil || frame[4]>>2 != typeError {
		t.Fatalf("no ERROR: % x", frame)
	}
	if frame := peer.frame(); frame != nil {
		t.Fatalf("more after it: % x", frame)
	}
}

// Conforms: keepalive/client-sends, keepalive/answered
func TestKeepaliveHoldsAnIdleConnection(t *testing.T) {
	conn := connectTCP(t, rsocket.Handler{RequestResponse: echo},
		rsocket.WithKeepalive(20*time.Millisecond, 200*time.Millisecond))
	select {
	case <-conn.Done():
		t.Fatalf("the idle connection ended: %v", conn.Err())
	case <-time.After(600 * time.Millisecond): // three lifetimes
	}
	if _, err := conn.RequestResponse(testContext(t), rsocket.NewPayload("still there", "")); err != nil {
		t.Fatal(err)
	}
}

// Conforms: unexpected/dead-transport, unexpected/inactivity
func TestASilentServerIsGivenUp(t *testing.T) {
	client, _ := rawServer(t, rsocket.WithKeepalive(10*time.Millisecond, 100*time.Millisecond))
	errs := startMany(t, client, 10)
	for range 10 {
		err := await(t, errs)
		var known *rsocket.Error
		if !errors.Is(err, rsocket.ErrConnectionLost) || !errors.As(err, &known) || known.Origin != rsocket.OriginLibrary {
			t.Fatalf("got %v", err)
		}
	}
}

// Conforms: unexpected/dead-transport
func TestASilentClientIsGivenUp(t *testing.T) {
	closed := make(chan (<-chan struct{}), 1)
	url := listenAndServe(t, "tcp://127.0.0.1:0", rsocket.Handler{
		Setup: func(_ context.Context, _ *rsocket.Setup, conn *rsocket.Conn) error {
			closed <- conn.Done()
			return nil
		},
	})
	peer := rawClient(t, url)
	// As setupFrame, with 10 ms between keepalives and a lifetime of 100 ms.
	peer.send("\x00\x00\x00\x00\x04\x00\x00\x01\x00\x00\x00\x00\x00\x0a\x00\x00\x00\x64\x01a\x01b")
	await(t, await(t, closed))
	if frame := peer.frameOf(typeError); frame == nil || string(frame[6:10]) != "\x00\x00\x01\x01" {
		t.Fatalf("no CONNECTION_ERROR: % x", frame)
	}
}

// Conforms: keepalive/answered, keepalive/data-echoed
func TestKeepaliveIsEchoedWithItsData(t *testing.T) {
	client, server := rawServer(t)
	server.frame() // SETUP
	server.send("\x00\x00\x00\x00\x0c\x80\x00\x00\x00\x00\x00\x00\x00\x00ping")
	want := "\x00\x00\x00\x00\x0c\x00\x00\x00\x00\x00\x00\x00\x00\x00ping"
	if frame := server.frame(); string(frame) != want {
		t.Fatalf("got % x", frame)
	}
	_ = client
}
