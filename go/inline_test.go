package rsocket_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
)

// What inlineHandler does with a request. It answers any other request with its own data.
const (
	askWhere  = "where do you run?" // onReader or onWorker
	askMeet   = "wait for the others"
	askEnd    = "end the goroutine"
	askPanic  = "panic"
	askSleep  = "sleep"
	askOthers = "ask the other side" // with what follows
	askLong   = "a long answer"
)

const (
	onReader = "on the reader"
	onWorker = "on a worker"
	longData = 60 << 10
)

// inlineHandler answers quickly, unless told otherwise.
type inlineHandler struct {
	// meeting is where handlers wait for each other.
	meeting *sync.WaitGroup
	// other is the connection as the server has it.
	other func() *rsocket.Conn
}

func (h inlineHandler) answer(ctx context.Context, request *rsocket.Payload) (*rsocket.Payload, error) {
	switch what := request.GetDataAsString(); {
	case what == askWhere:
		return rsocket.NewPayload(whereAmI(), ""), nil
	case what == askMeet:
		h.meeting.Done()
		h.meeting.Wait()
	case what == askEnd:
		runtime.Goexit()
	case what == askPanic:
		panic(what)
	case what == askSleep:
		time.Sleep(100 * time.Microsecond)
	case what == askLong:
		return rsocket.NewPayloadFromBytes(make([]byte, longData), nil), nil
	case strings.HasPrefix(what, askOthers):
		return h.other().RequestResponse(ctx, rsocket.NewPayload(strings.TrimPrefix(what, askOthers), ""))
	}
	return request, nil
}

// whereAmI tells whether the caller has been called by a connection's reader.
func whereAmI() string {
	callers := make([]uintptr, 50)
	frames := runtime.CallersFrames(callers[:runtime.Callers(0, callers)])
	for {
		frame, more := frames.Next()
		if strings.HasSuffix(frame.Function, ".readLoop") {
			return onReader
		}
		if !more {
			return onWorker
		}
	}
}

// serveInline starts a server, whose connections are given as they are opened.
func serveInline(t testing.TB, handler rsocket.Handler) (url string, accepted <-chan *rsocket.Conn) {
	t.Helper()
	conns := make(chan *rsocket.Conn, 1)
	handler.Setup = func(_ context.Context, _ *rsocket.Setup, conn *rsocket.Conn) error {
		conns <- conn
		return nil
	}
	return listenAndServe(t, "tcp://127.0.0.1:0", handler), conns
}

// untilInline returns when handlers of a server's connection run on the reader; ask makes a request there.
func untilInline(t testing.TB, server *rsocket.Conn, ask func(data string) string) {
	t.Helper()
	eventually(t, "handlers run on the reader", func() bool {
		server.TakeHandlersForQuick()
		return ask(askWhere) == onReader
	})
}

// asker makes requests on a connection.
func asker(t testing.TB, conn *rsocket.Conn) func(data string) string {
	return func(data string) string {
		t.Helper()
		answer, err := conn.RequestResponse(testContext(t), rsocket.NewPayload(data, ""))
		if err != nil {
			t.Fatal(err)
		}
		return answer.GetDataAsString()
	}
}

// connectInline gives a connection to a server whose handlers run on the reader.
func connectInline(t *testing.T, meeting *sync.WaitGroup) *rsocket.Conn {
	t.Helper()
	var server *rsocket.Conn
	url, accepted := serveInline(t, rsocket.Handler{
		RequestResponse: inlineHandler{meeting, func() *rsocket.Conn { return server }}.answer,
		FireAndForget: func(context.Context, *rsocket.Payload) {
			meeting.Done()
			meeting.Wait()
		},
	})
	conn := dial(t, url, rsocket.WithHandler(rsocket.Handler{RequestResponse: echo}))
	server = await(t, accepted)
	untilInline(t, server, asker(t, conn))
	return conn
}

func TestQuickHandlersRunOnTheReader(t *testing.T) {
	ask := asker(t, connectTCP(t, rsocket.Handler{RequestResponse: inlineHandler{}.answer}))
	if got := ask(askWhere); got != onWorker {
		t.Errorf("handlers that are not known run %s", got)
	}
	eventually(t, "handlers run on the reader", func() bool {
		for range 100 {
			if got := ask("quick"); got != "quick" {
				t.Fatalf("got %q", got)
			}
		}
		return ask(askWhere) == onReader
	})
}

func TestHandlersThatTakeLongDoNotRunOnTheReader(t *testing.T) {
	ask := asker(t, connectInline(t, nil))
	eventually(t, "handlers run on workers", func() bool {
		for range 10 {
			ask(askSleep)
		}
		return ask(askWhere) == onWorker
	})
}

// Handlers of which each waits for all others: the first one blocks the reader.
func TestHandlersThatBlockTheReaderHoldUpNobody(t *testing.T) {
	const requests = 200
	var meeting sync.WaitGroup
	conn := connectInline(t, &meeting)
	meeting.Add(requests)
	errs := make(chan error, requests)
	for range requests {
		err := conn.RequestResponseFunc(rsocket.NewPayload(askMeet, ""), func(_ *rsocket.Payload, err error) { errs <- err })
		if err != nil {
			t.Fatal(err)
		}
	}
	for range requests {
		if err := await(t, errs); err != nil {
			t.Fatal(err)
		}
	}
	if got := asker(t, conn)(askWhere); got != onWorker {
		t.Errorf("after one has blocked, handlers run %s", got)
	}
}

func TestFireAndForgetsThatBlockTheReaderHoldUpNobody(t *testing.T) {
	const requests = 200
	var meeting sync.WaitGroup
	conn := connectInline(t, &meeting)
	meeting.Add(requests)
	for range requests {
		if err := conn.FireAndForget(testContext(t), rsocket.NewPayload("", "")); err != nil {
			t.Fatal(err)
		}
	}
	met := make(chan struct{}, 1)
	go func() { meeting.Wait(); met <- struct{}{} }()
	await(t, met)
}

// Both requests are one read of the server's.
func TestAnAnswerDoesNotWaitForAHandlerThatBlocksTheReader(t *testing.T) {
	var meeting sync.WaitGroup
	meeting.Add(2) // Of whom the other is the test.
	url, accepted := serveInline(t, rsocket.Handler{RequestResponse: inlineHandler{meeting: &meeting}.answer})
	peer := rawClient(t, url)
	peer.send(setupFrame)
	stream := uint16(1)
	untilInline(t, await(t, accepted), func(data string) string {
		peer.send(requestFrame(stream, data))
		stream += 2
		return string(peer.frame()[6:])
	})
	peer.send(requestFrame(stream, "answer"), requestFrame(stream+2, askMeet))
	if answer := peer.frame(); answer == nil || !strings.HasSuffix(string(answer), "answer") {
		t.Fatalf("got %q", answer)
	}
	meeting.Done()
	peer.frame()
}

// Neither the other requests nor the reader go with a handler that ends its goroutine.
func TestAHandlerThatEndsTheReadersGoroutine(t *testing.T) {
	conn := connectInline(t, nil)
	for _, what := range []string{askEnd, askPanic, askEnd} {
		_, err := conn.RequestResponse(testContext(t), rsocket.NewPayload(what, ""))
		if !errors.Is(err, rsocket.ErrApplication) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if got := asker(t, conn)("after"); got != "after" {
		t.Errorf("got %q", got)
	}
	if err := conn.Shutdown(testContext(t)); err != nil {
		t.Error(err)
	}
}

// The answer that the handler waits for can only be read by another reader.
func TestAHandlerOnTheReaderCanRequest(t *testing.T) {
	ask := asker(t, connectInline(t, nil))
	if got := ask(askOthers + "hello"); got != "hello" {
		t.Errorf("got %q", got)
	}
}

// Answers that a peer does not read hold up handlers, but not what it sends.
func TestAnswersThatWaitDoNotHoldUpTheReader(t *testing.T) {
	var meeting sync.WaitGroup
	meeting.Add(1)
	url, accepted := serveInline(t, rsocket.Handler{
		RequestResponse: inlineHandler{}.answer,
		FireAndForget:   func(context.Context, *rsocket.Payload) { meeting.Done() },
	})
	peer := rawClient(t, url)
	peer.send(setupFrame)
	stream := uint16(1)
	ask := func(data string) {
		peer.send(requestFrame(stream, data))
		stream += 2
	}
	untilInline(t, await(t, accepted), func(data string) string {
		ask(data)
		return string(peer.frame()[6:])
	})
	const long = 400 // More than the system takes.
	for range long {
		ask(askLong)
	}
	peer.send("\x00\x00" + string([]byte{byte(stream >> 8), byte(stream)}) + "\x14\x00")
	handled := make(chan struct{}, 1)
	go func() { meeting.Wait(); handled <- struct{}{} }()
	await(t, handled)
	for received := 0; received < long*longData; {
		frame := peer.frame()
		if frame == nil {
			t.Fatal("the connection ended")
		}
		received += len(frame) - 6
	}
}

func TestACallbackThatEndsItsGoroutineEndsNothingElse(t *testing.T) {
	conn := connectTCP(t, rsocket.Handler{RequestResponse: echo})
	if err := conn.RequestResponseFunc(rsocket.NewPayload("", ""), func(*rsocket.Payload, error) { runtime.Goexit() }); err != nil {
		t.Fatal(err)
	}
	if got := asker(t, conn)("after"); got != "after" {
		t.Errorf("got %q", got)
	}
}
