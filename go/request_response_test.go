package rsocket_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
)

func randomBytes(size int) []byte {
	generator := rand.NewChaCha8(sha256.Sum256([]byte(fmt.Sprint("payload ", size))))
	random := make([]byte, size)
	_, _ = generator.Read(random)
	return random
}

func TestAnswersArriveAsSent(t *testing.T) {
	payloads := map[string]*rsocket.Payload{
		"small":              rsocket.NewPayload("data", "metadata"),
		"absent metadata":    rsocket.NewPayload("data", ""),
		"empty metadata":     rsocket.NewPayloadFromBytes([]byte("data"), []byte{}),
		"empty":              rsocket.NewPayload("", ""),
		"only metadata":      rsocket.NewPayload("", "metadata"),
		"binary":             rsocket.NewPayloadFromBytes(randomBytes(256), randomBytes(255)),
		"inline limit":       rsocket.NewPayloadFromBytes(randomBytes(2048), nil),
		"over inline limit":  rsocket.NewPayloadFromBytes(randomBytes(2049), nil),
		"large metadata":     rsocket.NewPayloadFromBytes(nil, randomBytes(5000)),
		"large both":         rsocket.NewPayloadFromBytes(randomBytes(7000), randomBytes(5000)),
		"empty data, 64 KiB": rsocket.NewPayloadFromBytes([]byte{}, randomBytes(64<<10)),
		"100 KiB":            rsocket.NewPayloadFromBytes(randomBytes(100<<10), []byte{}),
	}
	for name, connect := range transports {
		t.Run(name, func(t *testing.T) {
			conn := connect(t, rsocket.Handler{RequestResponse: echo})
			for name, payload := range payloads {
				t.Run(name, func(t *testing.T) {
					answer, err := conn.RequestResponse(testContext(t), payload)
					if err != nil {
						t.Fatal(err)
					}
					assertSamePayload(t, answer, payload)
				})
			}
		})
	}
}

func assertSamePayload(t testing.TB, got, want *rsocket.Payload) {
	t.Helper()
	gotMetadata, gotHas := got.Metadata()
	wantMetadata, wantHas := want.Metadata()
	if gotHas != wantHas || !bytes.Equal(gotMetadata, wantMetadata) {
		t.Errorf("metadata: got %d bytes (%t), want %d (%t)", len(gotMetadata), gotHas, len(wantMetadata), wantHas)
	}
	if !bytes.Equal(got.Data(), want.Data()) {
		t.Errorf("data: got %d bytes, want %d", len(got.Data()), len(want.Data()))
	}
}

// Conforms: framing/max-frame, fragmentation/allowed
func TestPayloadsAroundAndAboveTheLongestFrame(t *testing.T) {
	overEachAtSpeed(t, payloadsAroundAndAboveTheLongestFrame)
}

func payloadsAroundAndAboveTheLongestFrame(t *testing.T, connect connector) {
	conn := connect(t, rsocket.Handler{RequestResponse: echo})
	// A frame holds 16777215 bytes: 6 of header, and with metadata 3 of its length.
	const fits = 1<<24 - 1 - 6
	for _, payload := range []*rsocket.Payload{
		rsocket.NewPayloadFromBytes(randomBytes(fits), nil),
		rsocket.NewPayloadFromBytes(randomBytes(fits+1), nil),
		rsocket.NewPayloadFromBytes(randomBytes(fits-3), []byte{}),
		rsocket.NewPayloadFromBytes(randomBytes(fits-2), []byte{}),
		rsocket.NewPayloadFromBytes(randomBytes(20<<20), randomBytes(18<<20)),
		rsocket.NewPayloadFromBytes(nil, randomBytes(17<<20)),
	} {
		answer, err := conn.RequestResponse(testContext(t), payload)
		if err != nil {
			t.Fatal(err)
		}
		assertSamePayload(t, answer, payload)
	}
}

// Conforms: fragmentation/request-cancel
func TestCancellingALargeRequestLetsGoOfIt(t *testing.T) {
	client, server := rawServer(t)
	payload := rsocket.NewPayloadFromBytes(make([]byte, 60<<20), nil)
	ctx, cancel := context.WithCancel(testContext(t))
	result := make(chan error, 1)
	go func() {
		_, err := client.RequestResponse(ctx, payload)
		result <- err
	}()
	server.frame() // SETUP
	if first := server.frame(); len(first) != 128<<10 || first[4] != 0x10 || first[5] != 0x80 {
		t.Fatalf("the first fragment: %d bytes, % x", len(first), first[:min(len(first), 6)])
	}
	cancel()
	if err := await(t, result); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if frame := server.frameOf(typeCancel); frame == nil {
		t.Fatal("no CANCEL")
	}
	answered := make(chan error, 1)
	go func() {
		_, err := client.RequestResponse(testContext(t), rsocket.NewPayload("small", ""))
		answered <- err
	}()
	if frame := server.frame(); string(frame[6:]) != "small" {
		t.Fatalf("something after CANCEL: %d bytes", len(frame))
	}
	server.send("\x00\x00\x00\x03\x28\x60ok")
	if err := await(t, answered); err != nil {
		t.Fatal(err)
	}
}

func TestTooLargePayloadFailsAlone(t *testing.T) { overEach(t, tooLargePayloadFailsAlone) }

func tooLargePayloadFailsAlone(t *testing.T, connect connector) {
	conn := connect(t, rsocket.Handler{
		RequestResponse: func(_ context.Context, request *rsocket.Payload) (*rsocket.Payload, error) {
			if request.GetDataAsString() == "large" {
				return rsocket.NewPayloadFromBytes(make([]byte, 65<<20), nil), nil
			}
			return request, nil
		},
	})
	ctx := testContext(t)
	payload := rsocket.NewPayloadFromBytes(make([]byte, 64<<20+1), nil)
	if _, err := conn.RequestResponse(ctx, payload); !errors.Is(err, rsocket.ErrPayloadTooLarge) {
		t.Errorf("request: %v", err)
	}
	if err := conn.FireAndForget(ctx, payload); !errors.Is(err, rsocket.ErrPayloadTooLarge) {
		t.Errorf("fire-and-forget: %v", err)
	}
	if _, err := conn.RequestResponse(ctx, rsocket.NewPayload("large", "")); !errors.Is(err, rsocket.ErrApplication) {
		t.Errorf("answer: %v", err)
	}
	if _, err := conn.RequestResponse(ctx, rsocket.NewPayload("small", "")); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

func TestCompletionWithoutAPayloadIsNotAnEmptyOne(t *testing.T) {
	overEach(t, completionWithoutAPayloadIsNotAnEmptyOne)
}

func completionWithoutAPayloadIsNotAnEmptyOne(t *testing.T, connect connector) {
	conn := connect(t, rsocket.Handler{
		RequestResponse: func(_ context.Context, request *rsocket.Payload) (*rsocket.Payload, error) {
			if request.GetDataAsString() == "none" {
				return nil, nil
			}
			return rsocket.NewPayload("", ""), nil
		},
	})
	ctx := testContext(t)
	if answer, err := conn.RequestResponse(ctx, rsocket.NewPayload("none", "")); answer != nil || err != nil {
		t.Errorf("none: %v, %v", answer, err)
	}
	if answer, err := conn.RequestResponse(ctx, rsocket.NewPayload("empty", "")); answer == nil || err != nil {
		t.Errorf("empty: %v, %v", answer, err)
	}
}

// Conforms: error/connection-codes, error/application-error, error/rejected, error/canceled, error/invalid
func TestHandlerErrorsReachTheRequester(t *testing.T) { overEach(t, handlerErrorsReachTheRequester) }

func handlerErrorsReachTheRequester(t *testing.T, connect connector) {
	cases := map[string]struct {
		handler func(context.Context, *rsocket.Payload) (*rsocket.Payload, error)
		kind    error
		code    rsocket.ErrorCode
		message string
		retry   bool
	}{
		"plain error": {
			func(context.Context, *rsocket.Payload) (*rsocket.Payload, error) { return nil, errors.New("no luck") },
			rsocket.ErrApplication, rsocket.CodeApplicationError, "no luck", false,
		},
		"rejected": {
			func(context.Context, *rsocket.Payload) (*rsocket.Payload, error) {
				return nil, fmt.Errorf("busy: %w", rsocket.NewError(rsocket.CodeRejected, "try later"))
			},
			rsocket.ErrRejected, rsocket.CodeRejected, "try later", true,
		},
		"custom code": {
			func(context.Context, *rsocket.Payload) (*rsocket.Payload, error) {
				return nil, rsocket.NewError(0x301, "mine")
			},
			rsocket.ErrApplication, 0x301, "mine", false,
		},
		"invalid": {
			func(context.Context, *rsocket.Payload) (*rsocket.Payload, error) {
				return nil, rsocket.NewError(rsocket.CodeInvalid, "")
			},
			rsocket.ErrInvalid, rsocket.CodeInvalid, "", false,
		},
		"context error": {
			func(context.Context, *rsocket.Payload) (*rsocket.Payload, error) {
				return nil, context.DeadlineExceeded
			},
			rsocket.ErrCanceled, rsocket.CodeCanceled, "context deadline exceeded", false,
		},
		"error of another connection": {
			func(context.Context, *rsocket.Payload) (*rsocket.Payload, error) {
				return nil, rsocket.NewError(rsocket.CodeConnectionError, "the backend is gone")
			},
			rsocket.ErrApplication, rsocket.CodeApplicationError, "the backend is gone", false,
		},
		"panic": {
			func(context.Context, *rsocket.Payload) (*rsocket.Payload, error) { panic("secret") },
			rsocket.ErrApplication, rsocket.CodeApplicationError, "the handler panicked", false,
		},
		"no handler": {
			nil, rsocket.ErrRejected, rsocket.CodeRejected, "request-response is not supported", true,
		},
	}
	for name, want := range cases {
		t.Run(name, func(t *testing.T) {
			conn := connect(t, rsocket.Handler{RequestResponse: want.handler})
			_, err := conn.RequestResponse(testContext(t), rsocket.NewPayload("x", ""))
			var got *rsocket.Error
			if !errors.As(err, &got) || !errors.Is(err, want.kind) {
				t.Fatalf("got %v", err)
			}
			if got.Code != want.code || got.Message != want.message || got.Origin != rsocket.OriginPeer {
				t.Errorf("got %+v", got)
			}
			if got.RetrySafe() != want.retry {
				t.Errorf("RetrySafe: %t", got.RetrySafe())
			}
		})
	}
}

func TestConcurrentRequestsGetTheirOwnAnswers(t *testing.T) {
	for name, connect := range transports {
		t.Run(name, func(t *testing.T) {
			conn := connect(t, rsocket.Handler{RequestResponse: echo})
			ctx := testContext(t)
			var all sync.WaitGroup
			for i := range 100 {
				all.Go(func() {
					for j := range 10 {
						sent := rsocket.NewPayloadFromBytes(randomBytes(1+i*3+j), []byte(fmt.Sprint(i, j)))
						answer, err := conn.RequestResponse(ctx, sent)
						if err != nil {
							t.Error(err)
							return
						}
						assertSamePayload(t, answer, sent)
					}
				})
			}
			all.Wait()
		})
	}
}

func TestBothSidesRequestAndAnswer(t *testing.T) { overEach(t, bothSidesRequestAndAnswer) }

func bothSidesRequestAndAnswer(t *testing.T, connect connector) {
	answer := func(text string) rsocket.Handler {
		return rsocket.Handler{
			RequestResponse: func(_ context.Context, request *rsocket.Payload) (*rsocket.Payload, error) {
				return rsocket.NewPayload(text+request.GetDataAsString(), ""), nil
			},
		}
	}
	client, server := connectBoth(t, connect, answer("client got "), answer("server got "))
	ctx := testContext(t)
	var all sync.WaitGroup
	ask := func(conn *rsocket.Conn, want string) {
		for range 50 {
			got, err := conn.RequestResponse(ctx, rsocket.NewPayload("it", ""))
			if err != nil || got.GetDataAsString() != want {
				t.Errorf("got %q, %v", got.GetDataAsString(), err)
			}
		}
	}
	for range 4 {
		all.Go(func() { ask(client, "server got it") })
		all.Go(func() { ask(server, "client got it") })
	}
	all.Wait()
}

func TestAHandlerCanRequestOnItsOwnConnection(t *testing.T) {
	overEach(t, aHandlerCanRequestOnItsOwnConnection)
}

func aHandlerCanRequestOnItsOwnConnection(t *testing.T, connect connector) {
	if conn := rsocket.ConnFromContext(t.Context()); conn != nil {
		t.Errorf("a connection from nowhere: %v", conn)
	}
	handler := rsocket.Handler{
		RequestResponse: func(ctx context.Context, request *rsocket.Payload) (*rsocket.Payload, error) {
			return rsocket.ConnFromContext(ctx).RequestResponse(ctx, request)
		},
	}
	conn, _ := connectBoth(t, connect, rsocket.Handler{RequestResponse: echo}, handler)
	answer, err := conn.RequestResponse(testContext(t), rsocket.NewPayload("there and back", ""))
	if err != nil || answer.GetDataAsString() != "there and back" {
		t.Fatalf("got %q, %v", answer.GetDataAsString(), err)
	}
}

func TestFireAndForgetArrives(t *testing.T) {
	for name, connect := range transports {
		t.Run(name, func(t *testing.T) {
			got := make(chan *rsocket.Payload, 2)
			conn := connect(t, rsocket.Handler{
				FireAndForget: func(_ context.Context, request *rsocket.Payload) { got <- request },
			})
			for _, size := range []int{0, 10, 50_000} {
				sent := rsocket.NewPayloadFromBytes(randomBytes(size), []byte("m"))
				if err := conn.FireAndForget(testContext(t), sent); err != nil {
					t.Fatal(err)
				}
				assertSamePayload(t, await(t, got), sent)
			}
		})
	}
}

func TestNilPayloadIsRefused(t *testing.T) {
	conn := connectTCP(t, rsocket.Handler{})
	if _, err := conn.RequestResponse(testContext(t), nil); !errors.Is(err, rsocket.ErrInvalidArgument) {
		t.Errorf("got %v", err)
	}
	if err := conn.FireAndForget(testContext(t), nil); !errors.Is(err, rsocket.ErrInvalidArgument) {
		t.Errorf("got %v", err)
	}
	if err := conn.RequestResponseFunc(rsocket.NewPayload("", ""), nil); !errors.Is(err, rsocket.ErrInvalidArgument) {
		t.Errorf("got %v", err)
	}
}
