package rsocket

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go/internal/ffi"
)

// lingerTimeout bounds how long a connection that is over waits for its last frame to be written and read.
const lingerTimeout = time.Second

// Conn is one RSocket connection. Both sides can make requests on it and answer them, whichever of them dialled.
//
// All methods may be called from any goroutine. No call outlives the connection: when it ends, whatever waits returns
// an error at once that says why.
type Conn struct {
	// remote is the present or last transport.
	remote atomic.Pointer[net.Conn]
	// borrowable: the first transport survives a write that times out, so callers may write on it.
	borrowable bool
	// draining: requests of the peer are rejected.
	draining atomic.Bool
	// session is nil for a connection that ends with its transport.
	session *session
	// server is whose connection this is; nil for others.
	server  *Server
	handler *Handler
	limits  connLimits
	lease   LeaseStrategy
	// lastLease is the last lease that the peer was granted.
	lastLease atomic.Pointer[Lease]
	logger    *slog.Logger
	// started is the origin of the connection's clock.
	started time.Time

	engine  engine
	queue   queue
	flusher flusher
	reader  reader
	inline  inlineRunner
	workers workers

	// contexts is where the handlers' contexts come from.
	contexts connContexts
	// unwatch ends the watch over the context that the connection was started with; nil where somebody else watches it.
	unwatch func() bool
	// inbound finds the peer's open requests by the index in their token. Only the reader uses it.
	inbound []*inboundRequest
	// answering counts the peer's requests that handlers work on.
	answering atomic.Int64
	// notifications bounds the handlers of fire-and-forgets.
	notifications notifications

	// opened is closed when a server has accepted the client's setup; nil where nobody waits for that.
	opened chan struct{}
	// err is set before done is closed.
	done chan struct{}
	err  error

	// work is every goroutine of this connection, handlers included; see spawn.
	work sync.WaitGroup
}

// NewClientConn starts a connection as client over nc, which it owns from then on. It sends SETUP and returns; whether
// the server accepts it shows in the first requests, as RSocket has no answer to SETUP. ctx bounds nothing but this
// call. With [WithTLS], whose config then needs a ServerName, or where nc is a [tls.Conn], it shakes hands first.
func NewClientConn(ctx context.Context, nc net.Conn, opts ...Option) (*Conn, error) {
	settings, err := newSettings(opts)
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return nil, errors.Join(err, nc.Close())
	}
	if resume := settings.resume; resume != nil && resume.Dial != nil {
		dial := resume.Dial
		resume.Dial = func(ctx context.Context) (net.Conn, error) {
			nc, err := dial(ctx)
			if err != nil {
				return nil, err
			}
			return settings.secureClient(ctx, nc, "")
		}
	}
	nc, err = settings.secureClient(ctx, nc, "")
	if err != nil {
		return nil, err
	}
	return newClientConn(nc, settings)
}

func newClientConn(nc net.Conn, settings *settings) (*Conn, error) {
	var err error
	settings.resume, err = settings.resume.forClient()
	if err != nil {
		return nil, errors.Join(err, nc.Close())
	}
	conn, err := newConn(context.Background(), nc, settings, settings.handler, false)
	if err != nil {
		return nil, err
	}
	go conn.read()
	return conn, nil
}

// ServeConn starts a connection as server over nc, which it owns from then on, and returns once the client's setup is
// accepted. The connection ends when ctx does. It cannot be resumed: that needs a [Server]. With [WithTLS], or where nc
// is a [tls.Conn], it shakes hands first.
func ServeConn(ctx context.Context, nc net.Conn, handler Handler, opts ...Option) (*Conn, error) {
	settings, err := newSettings(opts)
	if err != nil {
		return nil, errors.Join(err, nc.Close())
	}
	settings.resume = nil
	secure, err := settings.secureServer(ctx, nc, settings.tls)
	if err != nil {
		hangUpOn(ctx, nc, err)
		return nil, err
	}
	if err := handshake(ctx, secure, settings); err != nil {
		return nil, err
	}
	conn, err := newConn(ctx, secure, settings, &handler, true)
	if err != nil {
		return nil, err
	}
	conn.watch(ctx)
	conn.opened = make(chan struct{})
	go conn.read()
	if !conn.awaitOpened() {
		return nil, conn.err
	}
	return conn, nil
}

// awaitOpened waits until the client's setup is accepted, and is false when the connection has ended without that.
func (c *Conn) awaitOpened() bool {
	select {
	case <-c.opened:
		return true
	case <-c.done:
	}
	select {
	case <-c.opened:
		return true
	default:
		return false
	}
}

// newConn makes a connection over nc, which it owns. Nothing is read before [Conn.read] is called, once. The contexts of
// its handlers descend from ctx, whose end the caller watches.
func newConn(ctx context.Context, nc net.Conn, settings *settings, handler *Handler, server bool) (*Conn, error) {
	started := time.Now()
	config := settings.engineConfig(server)
	core, err := ffi.NewConnection(&config, 0)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%w: %w", ErrInvalidArgument, err), nc.Close())
	}
	conn := &Conn{
		borrowable: isBorrowable(nc),
		handler:    handler,
		limits:     settings.limits.ofConn(),
		lease:      settings.lease,
		logger:     settings.logger,
		started:    started,
		contexts:   connContexts{parent: ctx},
		done:       make(chan struct{}),
	}
	conn.queue.calls.max = settings.limits.MaxOutboundRequests
	conn.queue.fragmented.max = settings.limits.MaxQueuedBytes
	conn.queue.frameLen = settings.fragmentLen
	conn.queue.flushHeldBack = conn.flushHeldBack
	conn.inline.conn = conn
	conn.workers.habit = newHandlerHabit()
	conn.flusher.answering = &conn.answering
	conn.notifications.max = int64(settings.limits.MaxFireAndForgetHandlers)
	conn.notifications.released = make(chan struct{}, 1)
	conn.engine.core = core
	conn.engine.armed = math.MaxUint64
	conn.reader.link = newLink(nc)
	conn.adopt(conn.reader.link)
	if settings.resume != nil {
		conn.session = newSession(conn, settings.resume)
		if server {
			conn.session.table = settings.sessions
		} else {
			conn.queue.copyAll()
		}
	}
	conn.engine.timer = time.AfterFunc(math.MaxInt64, conn.onTimer)
	conn.work.Add(1) // For read.
	if !server {
		conn.startLeasing()
	}
	conn.onDeadline() // Arms the timer and lets a client's SETUP out.
	return conn, nil
}

// watch has the connection end with ctx. It is called before the connection is read.
func (c *Conn) watch(ctx context.Context) {
	c.queue.mu.Lock() // The connection may end right away.
	defer c.queue.mu.Unlock()
	c.unwatch = context.AfterFunc(ctx, func() { _ = c.Close() })
}

// now is the connection's clock, in nanoseconds.
func (c *Conn) now() int64 {
	return int64(time.Since(c.started))
}

// requestsOpen is how many requests of either side are under way.
func (c *Conn) requestsOpen() int64 {
	return c.queue.calls.open.Load() + c.answering.Load()
}

// RequestResponse sends a request and waits for its answer, which is nil where the peer completed without one. When
// ctx ends first, the request is cancelled on the wire and ctx's error is returned. The payload must not be changed
// until the call returns, and one of more than 2 KiB not before it has been sent.
//
// Other errors are [*Error] values of the peer, or say why the connection cannot carry the request.
func (c *Conn) RequestResponse(ctx context.Context, payload *Payload) (*Payload, error) {
	if err := c.checkPayload(payload); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, requestError(err)
	}
	calls := &c.queue.calls
	waiting := calls.newCall()
	token, err := c.submitRequest(ctx, waiting, payload)
	if err != nil {
		calls.recycle(waiting)
		return nil, requestError(err)
	}
	if !waiting.wait(ctx, token) {
		calls.recycle(waiting)
		c.submitCancel(token)
		return nil, requestError(ctx.Err())
	}
	answer, err := waiting.payload, waiting.err
	calls.recycle(waiting)
	return answer, err
}

// RequestResponseFunc sends a request and returns; callback gets the outcome, exactly once. It runs on the
// connection's reader, without a goroutine of its own, so it should be quick: one that takes longer than 10 to 20 ms
// is left behind while another goroutine reads on, up to [Limits.MaxBlockedCallbacks] times, then the connection
// waits. When an error is returned, the callback is not called.
func (c *Conn) RequestResponseFunc(payload *Payload, callback ResponseCallback) error {
	if callback == nil {
		return errNoCallback
	}
	if err := c.checkPayload(payload); err != nil {
		return err
	}
	waiting := c.queue.calls.newCall()
	waiting.callback = callback
	// The end of the connection ends the wait for room as well.
	if _, err := c.submitRequest(context.Background(), waiting, payload); err != nil {
		c.queue.calls.recycle(waiting)
		return requestError(err)
	}
	return nil
}

// FireAndForget sends a request that gets no answer. It returns when the request is on its way, which says nothing
// about its arrival. ctx bounds the wait for room to send, and on a connection with leases for the engine's word that the
// peer's lease allows it.
func (c *Conn) FireAndForget(ctx context.Context, payload *Payload) error {
	if err := c.checkPayload(payload); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return requestError(err)
	}
	if err := c.submitFireAndForget(ctx, payload); err != nil {
		return requestError(err)
	}
	return nil
}

func (c *Conn) checkPayload(payload *Payload) error {
	if payload == nil {
		return errNoPayload
	}
	if payload.isGiven() {
		return errGiven
	}
	if size := payload.Len(); size > c.limits.maxPayloadLen {
		return fmt.Errorf("%w: %d bytes, the limit is %d", ErrPayloadTooLarge, size, c.limits.maxPayloadLen)
	}
	return nil
}

// requestError says what was being done.
func requestError(err error) error {
	var known *Error
	if errors.As(err, &known) {
		return err
	}
	return fmt.Errorf("rsocket: request not sent or given up: %w", err)
}

// maxMetadataPush is what a METADATA_PUSH can carry here: it has no fragments.
const maxMetadataPush = 32 << 10

// MetadataPush sends metadata for the whole connection to the peer's [Handler.MetadataPush]; nothing comes back. At
// most 32 KiB. ctx bounds the wait for room to send. [ErrSuspended] where the connection has no transport at the moment:
// RSocket would not send it again.
func (c *Conn) MetadataPush(ctx context.Context, metadata []byte) error {
	if len(metadata) > maxMetadataPush {
		return fmt.Errorf("%w: %d bytes of pushed metadata, the limit is %d", ErrPayloadTooLarge, len(metadata), maxMetadataPush)
	}
	if err := ctx.Err(); err != nil {
		return requestError(err)
	}
	if err := c.submitMetadataPush(ctx, metadata); err != nil {
		return requestError(err)
	}
	return nil
}

// Close ends the connection: whatever waits returns [ErrClosed], handlers' contexts end, the peer is told. Closing
// again does nothing. It does not wait for handlers.
func (c *Conn) Close() error {
	c.command(ffi.Command{Kind: ffi.CommandClose, Code: uint32(CodeConnectionClose)}, "connection closed")
	c.terminate(&Error{Code: CodeConnectionClose, Message: "Close was called", Origin: OriginUser, kind: ErrClosed})
	return nil
}

// Done is closed when the connection is over.
func (c *Conn) Done() <-chan struct{} {
	return c.done
}

// Err tells why the connection is over, and nil while it is not.
func (c *Conn) Err() error {
	select {
	case <-c.done:
		return c.err
	default:
		return nil
	}
}

// RemoteAddr is the peer's address, as the present or last transport tells it.
func (c *Conn) RemoteAddr() net.Addr {
	return (*c.remote.Load()).RemoteAddr()
}

// DroppedFireAndForgets counts the peer's fire-and-forgets that were dropped because
// [Limits.MaxFireAndForgetHandlers] handlers were at work.
func (c *Conn) DroppedFireAndForgets() uint64 {
	return c.notifications.dropped.Load()
}

func (c *Conn) isClosed() bool {
	select {
	case <-c.done:
		return true
	default:
		return false
	}
}

// terminate ends everything that waits on the connection; the first reason stays. The transport stays open a little
// for the last frames; see linger.
func (c *Conn) terminate(reason error) {
	handed := c.engine.closeBatches() // First, so that no flusher sends more once it knows of the end.
	q := &c.queue
	q.mu.Lock()
	if q.closed != nil {
		q.mu.Unlock()
		return
	}
	q.closed = reason
	q.waiting.close()
	q.fragmented.close()
	// The flusher looks once more before it says goodbye: the core may have a last frame.
	q.kicked = true
	pending, streams := q.calls.takeAll()
	unwatch := c.unwatch
	q.mu.Unlock()

	c.err = reason
	close(c.done)
	c.contexts.end(reason)
	if unwatch != nil {
		unwatch()
	}
	c.logger.Debug("connection over", "remote", c.RemoteAddr(), "reason", reason,
		"pending", len(pending), "streams", len(streams))
	unsent := neverSent(reason)
	failure := func(request opening) error {
		if handed.includes(request) {
			return reason
		}
		return unsent
	}
	c.failPending(pending, failure)
	for _, stream := range streams {
		stream.lost(failure(stream.opening))
	}
	c.session.end()
	c.linger()
}

// failPending gives every open request its error; callbacks share a goroutine.
func (c *Conn) failPending(pending []*call, failure func(opening) error) {
	var callbacks []endedCall
	for _, waiting := range pending {
		err := failure(waiting.opening)
		if waiting.callback != nil {
			callbacks = append(callbacks, endedCall{callback: waiting.callback, err: err})
			continue
		}
		waiting.err = err
		waiting.done <- struct{}{}
	}
	if len(callbacks) == 0 {
		return
	}
	c.spawn(func() {
		for _, ended := range callbacks {
			ended.run()
		}
	})
}

// spawn starts a goroutine of the connection from any goroutine. What is only started when the connection is over, such
// as by a Close that came too late to matter, is not waited for.
func (c *Conn) spawn(run func()) {
	counted := c.beginWork()
	go func() {
		if counted {
			defer c.work.Done()
		}
		run()
	}()
}

// beginWork counts one more goroutine of the connection; false when it is over.
func (c *Conn) beginWork() bool {
	c.queue.mu.Lock()
	defer c.queue.mu.Unlock()
	if !c.queue.over {
		c.work.Add(1)
	}
	return !c.queue.over
}

// linger gives the last frames their chance: the flusher that sends them ends our half of the transport, the reader
// waits for the peer to end its own, and after lingerTimeout both are cut off.
func (c *Conn) linger() {
	if l := c.engine.current(); l != nil {
		_ = l.nc.SetDeadline(time.Now().Add(lingerTimeout))
	}
	time.AfterFunc(lingerTimeout, c.hangUp)
	c.queue.mu.Lock()
	c.unlockAndFlush()
}

// sayGoodbye ends our half of the transport after the last frame.
func (c *Conn) sayGoodbye() {
	c.engine.current().closeWrite()
}

// hangUp closes the transport, which ends reads and writes.
func (c *Conn) hangUp() {
	c.engine.current().close()
}

// transportError is the end of a connection whose transport failed.
func transportError(doing string, err error) error {
	message := doing + " failed"
	if errors.Is(err, io.EOF) {
		message = "the peer closed the connection"
	}
	return &Error{
		Code:    CodeConnectionError,
		Message: message,
		Origin:  OriginTransport,
		kind:    ErrConnectionLost,
		cause:   establishedError(err),
	}
}
