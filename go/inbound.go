package rsocket

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go/internal/ffi"
)

// notificationWait is how long reading stops for a fire-and-forget while all of its handlers are at work. After that
// it is dropped, and so are the next ones until a handler is free.
const notificationWait = 100 * time.Millisecond

// inboundRequest is a request of the peer that a handler works on. It is the handler's context as well.
type inboundRequest struct {
	conn    *Conn
	token   uint64
	stream  uint32
	payload *Payload
	// refused: it came during a shutdown.
	refused bool
	// outlet and inbox are what a stream or channel has beside a request-response.
	outlet *outlet
	inbox  *inbox

	// mu guards the two below. inner exists once somebody asks the context for more than values.
	mu     sync.Mutex
	inner  context.Context
	cancel context.CancelCauseFunc
	// cause is why the context ended, if it did.
	cause error
}

// errCanceledByPeer is the cause of a handler's context that ends with CANCEL.
var errCanceledByPeer = fmt.Errorf("rsocket: the peer canceled the request: %w", context.Canceled)

// answerRequest has the handler work on a request-response.
func (c *Conn) answerRequest(event *ffi.Event, payload *Payload) {
	request := c.newInbound(event, payload)
	c.noteInbound(request)
	c.workers.arrive(handlerCall{request: request})
}

func (c *Conn) newInbound(event *ffi.Event, payload *Payload) *inboundRequest {
	return &inboundRequest{
		conn:    c,
		token:   event.Token,
		stream:  event.Stream,
		payload: payload,
		refused: c.draining.Load(),
	}
}

// noteInbound keeps a request findable.
func (c *Conn) noteInbound(request *inboundRequest) {
	index := int(request.token & indexMask)
	for index >= len(c.inbound) {
		c.inbound = append(c.inbound, nil)
	}
	c.inbound[index] = request
	c.answering.Add(1)
}

// findInbound is the peer's request with this token, or nil.
func (c *Conn) findInbound(token uint64) *inboundRequest {
	index := int(token & indexMask)
	if index >= len(c.inbound) {
		return nil
	}
	if request := c.inbound[index]; request != nil && request.token == token {
		return request
	}
	return nil
}

// cancelInbound ends a request that the peer has withdrawn.
func (c *Conn) cancelInbound(event *ffi.Event) {
	if request := c.findInbound(event.Token); request != nil {
		request.withdraw(errCanceledByPeer)
		c.inbound[event.Token&indexMask] = nil
	}
}

// withdraw ends whatever the handler could wait for.
func (r *inboundRequest) withdraw(reason error) {
	r.end(reason)
	if r.outlet != nil {
		r.outlet.close(reason)
	}
	if r.inbox != nil {
		r.inbox.fail(reason)
	}
}

// answer runs the handler and sends what it returns.
func (r *inboundRequest) answer(timed bool) {
	conn := r.conn
	returned := false
	defer conn.answered()
	defer r.end(context.Canceled)
	defer func() {
		if !returned {
			_ = conn.submitFailure(r.stream, CodeApplicationError, handlerEnded) // or the connection is over
		}
	}()
	answer, err := r.handle(timed)
	returned = true
	r.payload = nil
	switch {
	case err != nil:
	case answer.isGiven():
		err = NewError(CodeApplicationError, "the answer was to be sent once, and has been")
	case answer.Len() > conn.limits.maxPayloadLen:
		err = NewError(CodeApplicationError, "the answer is too long")
	}
	if err == nil {
		err = conn.submitAnswer(r.stream, answer)
	} else {
		failed := asStreamError(err)
		err = conn.submitFailure(r.stream, failed.Code, failed.Message)
	}
	if err != nil {
		conn.logger.Debug("answer not sent", "stream", r.stream, "reason", err)
	}
}

// handlerEnded is what the peer hears of a handler that ended its goroutine, as tests do that fail.
const handlerEnded = "the handler did not return"

// answered notes that a handler has returned and its answer is on its way.
func (c *Conn) answered() {
	if c.answering.Add(-1) == 0 {
		c.noteProgress()
	}
}

// errShuttingDown is the answer to requests that come during a shutdown.
var errShuttingDown = NewError(CodeRejected, "the connection is shutting down")

// handle calls the handler; a panic becomes an error.
func (r *inboundRequest) handle(timed bool) (answer *Payload, err error) {
	handler := r.conn.handler.RequestResponse
	if r.refused {
		return nil, errShuttingDown
	}
	if handler == nil {
		return nil, NewError(CodeRejected, "request-response is not supported")
	}
	defer r.conn.recoverHandler("request-response", &err)
	if !timed {
		return handler(r, r.payload)
	}
	started := time.Now()
	answer, err = handler(r, r.payload)
	r.conn.workers.habit.note(time.Since(started))
	return answer, err
}

// takeFireAndForget has the handler work on a fire-and-forget, if one is free.
func (c *Conn) takeFireAndForget(payload *Payload) {
	if c.handler.FireAndForget != nil && c.reserveNotification() {
		c.workers.arrive(handlerCall{payload: payload})
	}
}

// takeMetadataPush has the handler work on a metadata-push, if one is free.
func (c *Conn) takeMetadataPush(payload *Payload) {
	if c.handler.MetadataPush != nil && c.reserveNotification() {
		c.workers.arrive(handlerCall{payload: payload, pushed: true})
	}
}

// notify runs a handler that has nothing to answer, for which there was a place.
func (c *Conn) notify(interaction string, timed bool, handler func()) {
	defer c.notifications.release()
	var err error
	defer c.recoverHandler(interaction, &err)
	if !timed {
		handler()
		return
	}
	started := time.Now()
	handler()
	c.workers.habit.note(time.Since(started))
}

// notifications bounds the handlers of what has no answer, those that wait for a worker included.
type notifications struct {
	max     int64
	running atomic.Int64
	// released gets a value when all were at work and one is not any more.
	released chan struct{}
	// shedding: none was free for a while, so what comes is dropped until one is. Only the reader uses it.
	shedding bool
	dropped  atomic.Uint64
}

// tryReserve takes a place. Only the reader calls it, so nobody else takes the one that it sees.
func (n *notifications) tryReserve() bool {
	if n.running.Load() >= n.max {
		return false
	}
	n.running.Add(1)
	n.shedding = false
	return true
}

func (n *notifications) release() {
	if n.running.Add(-1) == n.max-1 {
		select {
		case n.released <- struct{}{}:
		default:
		}
	}
}

// reserveNotification finds a free handler for a fire-and-forget. While all are at work it waits a little, which slows
// a peer down that sends faster than the handlers work; then it gives up until one is free.
func (c *Conn) reserveNotification() bool {
	n := &c.notifications
	if n.tryReserve() {
		return true
	}
	if !n.shedding {
		c.handOverCalls() // These are what it waits for.
		n.shedding = !c.awaitNotification()
	}
	if n.tryReserve() {
		return true
	}
	n.dropped.Add(1)
	return false
}

// awaitNotification waits until a handler is free; false when that took too long, or the connection is over.
func (c *Conn) awaitNotification() bool {
	timer := time.NewTimer(notificationWait)
	defer timer.Stop()
	for n := &c.notifications; n.running.Load() >= n.max; {
		select {
		case <-n.released: // Or it is from an earlier time.
		case <-c.done:
			return false
		case <-timer.C:
			c.logger.Warn("fire-and-forgets are dropped: all handlers are at work", "remote", c.RemoteAddr())
			return false
		}
	}
	return true
}

// recoverHandler turns a handler's panic into an error for the peer that says nothing about this program.
func (c *Conn) recoverHandler(interaction string, err *error) {
	if recovered := recover(); recovered != nil {
		c.logger.Error("handler panicked", "interaction", interaction, "panic", recovered)
		*err = NewError(CodeApplicationError, "the handler panicked")
	}
}

// asError gives an error the form of the wire.
func asError(err error, otherwise ErrorCode) *Error {
	var known *Error
	switch {
	case errors.As(err, &known):
		return &Error{Code: known.Code, Message: known.Message}
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return &Error{Code: CodeCanceled, Message: err.Error()}
	default:
		return &Error{Code: otherwise, Message: err.Error()}
	}
}

// asStreamError gives an error the form of the wire for one stream. Codes of connections, such as those that a handler
// passes on from another one, do not belong there.
func asStreamError(err error) *Error {
	failed := asError(err, CodeApplicationError)
	if failed.Code < CodeApplicationError {
		failed.Code = CodeApplicationError
	}
	return failed
}

// end ends the request's context.
func (r *inboundRequest) end(cause error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.cause == nil {
		r.cause = cause
	}
	if r.cancel != nil {
		r.cancel(cause)
	}
}

// context makes the inner context, which most handlers never need.
func (r *inboundRequest) context() context.Context {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.inner == nil {
		r.inner, r.cancel = context.WithCancelCause(r.conn.context())
		if r.cause != nil {
			r.cancel(r.cause)
		}
	}
	return r.inner
}

// Deadline, Done, Err and Value make the request the context of its handler.
func (r *inboundRequest) Deadline() (time.Time, bool) { return r.conn.contexts.parent.Deadline() }
func (r *inboundRequest) Done() <-chan struct{}       { return r.context().Done() }
func (r *inboundRequest) Err() error                  { return r.context().Err() }
func (r *inboundRequest) Value(key any) any           { return r.context().Value(key) }

func contextWithTimeout(parent context.Context, timeout time.Duration) (context.Context, context.CancelFunc) {
	if timeout <= 0 {
		return context.WithCancel(parent)
	}
	return context.WithTimeout(parent, timeout)
}
