package rsocket

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// Reconnector keeps one client connection alive: it dials in the background, and again with growing delays
// ([ReconnectPolicy]) when an attempt fails or the connection is lost, until it is closed, or gives up.
//
// It is a [Requester] like the [Conn] that it holds, so a program that is written to that interface need not know.
// Requests go to the current connection. What was sent when a connection is lost fails with [ErrConnectionLost] and is
// never repeated, as nobody knows whether the server has processed it; streams and channels end in the same way. Without
// a connection requests fail at once with an error that is [ErrNotConnected] and whatever ended the last connection or
// attempt, unless [ReconnectPolicy.RetryUnsent] or [AllowRetry] lets them wait for the next one.
//
// Each connection begins with the same options, and the server knows nothing of the connection before. It is to be
// closed. All methods may be called from any goroutine.
type Reconnector struct {
	dial   func(ctx context.Context) (*Conn, error)
	policy ReconnectPolicy
	// delays belongs to the goroutine that connects.
	delays backoffIterator
	events *eventQueue

	// ctx ends with Close and Shutdown; dialling and pausing heed it.
	ctx    context.Context
	cancel context.CancelFunc

	// live is the current connection, be it over without anybody having noticed, or nil. It changes under mu.
	live atomic.Pointer[Conn]

	mu sync.Mutex
	// why is why there is no connection, or was none before the current one.
	why error
	// stopped: no further connection will come.
	stopped bool
	// changed is closed when live, why or stopped changes, and replaced.
	changed chan struct{}
	// late are the requests with callbacks that wait for a connection.
	late []lateRequest

	// err is set before done is closed.
	err  error
	done chan struct{}
	// notified is closed when the hook has heard of everything.
	notified chan struct{}
}

// errNeverConnected is why there is no connection at first.
var errNeverConnected = errors.New("rsocket: the first connection is not made yet")

// NewReconnector makes a reconnector for the server at url, which [Dial] would take with the same options. It dials in the
// background: the server need not be there yet, and [Reconnector.WaitConnected] waits for it. An error says what is wrong
// with the arguments ([ErrInvalidArgument]).
func NewReconnector(url string, policy ReconnectPolicy, opts ...Option) (*Reconnector, error) {
	if _, err := parseAddress(url); err != nil {
		return nil, err
	}
	if _, err := newSettings(opts); err != nil {
		return nil, err
	}
	dial := func(ctx context.Context) (*Conn, error) { return Dial(ctx, url, opts...) }
	return NewReconnectorFunc(dial, policy)
}

// NewReconnectorFunc is [NewReconnector] for connections that dial makes: over another transport, to one of several
// servers, with a token in the setup that has to be new each time. dial is called from one goroutine, without another
// call while one is under way. It has to return when its ctx ends, which bounds dialling and not the connection. An error
// of it that is [ErrInvalidArgument], or [ErrRejectedSetup], ends the reconnector like a rejected setup does.
func NewReconnectorFunc(dial func(ctx context.Context) (*Conn, error), policy ReconnectPolicy) (*Reconnector, error) {
	if dial == nil {
		return nil, fmt.Errorf("%w: no function to dial with", ErrInvalidArgument)
	}
	if err := policy.check(); err != nil {
		return nil, err
	}
	policy = policy.withDefaults()
	r := &Reconnector{
		dial:     dial,
		policy:   policy,
		delays:   newBackoffIterator(policy.Backoff),
		events:   newEventQueue(policy.OnEvent),
		why:      errNeverConnected,
		changed:  make(chan struct{}),
		done:     make(chan struct{}),
		notified: make(chan struct{}),
	}
	r.ctx, r.cancel = context.WithCancel(context.Background())
	go r.run()
	if policy.OnEvent == nil {
		close(r.notified)
		return r, nil
	}
	go func() {
		defer close(r.notified)
		r.events.run()
	}()
	return r, nil
}

// run connects again and again, until the reconnector is stopped or gives up.
func (r *Reconnector) run() {
	failed := 0 // attempts in a row
	for {
		lasting, err := r.connect(failed + 1)
		if lasting {
			failed = 0
			r.delays.reset()
		} else {
			failed++
		}
		if r.ctx.Err() != nil {
			r.end(closedByUser())
			return
		}
		if verdict := r.policy.verdict(failed, err); verdict != nil {
			r.events.put(ConnEvent{Kind: EventGaveUp, Attempt: failed, Err: verdict})
			r.end(verdict)
			return
		}
		delay := r.delays.next()
		r.events.put(ConnEvent{Kind: EventRetrying, Attempt: failed + 1, Delay: delay, Err: err})
		r.pause(delay)
	}
}

// connect makes a connection and waits for its end. It tells whether the connection lasted, and why there is none any
// more.
func (r *Reconnector) connect(attempt int) (lasting bool, err error) {
	if r.ctx.Err() != nil {
		return false, r.ctx.Err()
	}
	conn, err := r.dialOnce()
	if err != nil {
		r.update(nil, err)
		return false, err
	}
	since := time.Now()
	if !r.update(conn, nil) {
		return false, conn.Close()
	}
	r.events.put(ConnEvent{Kind: EventConnected, Conn: conn, Attempt: attempt})
	r.sendLate(conn)
	<-conn.Done()
	r.update(nil, conn.Err())
	r.events.put(ConnEvent{Kind: EventLost, Conn: conn, Err: conn.Err()})
	return time.Since(since) >= r.policy.StableAfter, conn.Err()
}

func (r *Reconnector) dialOnce() (*Conn, error) {
	ctx, cancel := context.WithTimeout(r.ctx, r.policy.DialTimeout)
	defer cancel()
	conn, err := r.dial(ctx)
	if err == nil && conn == nil {
		err = fmt.Errorf("%w: dialling gave neither a connection nor an error", ErrInvalidArgument)
	}
	return conn, err
}

// pause waits before the next attempt, unless the reconnector is stopped.
func (r *Reconnector) pause(delay time.Duration) {
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-r.ctx.Done():
	}
}

// update notes that there is a connection, or why there is none, and wakes whoever waits for that. False when the
// reconnector is stopped: it takes no connection then.
func (r *Reconnector) update(conn *Conn, why error) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stopped {
		if conn == nil {
			r.live.Store(nil)
		}
		return false
	}
	r.live.Store(conn)
	if why != nil {
		r.why = why
	}
	r.notify()
	return true
}

// stop has no further connection made, and returns the one that there is.
func (r *Reconnector) stop(why error) *Conn {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.stopped {
		r.stopped, r.why = true, why
		r.notify()
	}
	r.cancel()
	return r.live.Load()
}

// notify wakes whoever waits for a change; the lock is held.
func (r *Reconnector) notify() {
	close(r.changed)
	r.changed = make(chan struct{})
}

// end is the last thing that the connecting goroutine does. The callbacks that it fails come after done, so that they
// may call Close.
func (r *Reconnector) end(reason error) {
	r.stop(reason)
	r.mu.Lock()
	r.why = reason
	r.mu.Unlock()
	r.events.end()
	r.err = reason
	close(r.done)
	r.failLate(notConnected(reason))
}

// closedByUser is the end of a reconnector that was asked to end.
func closedByUser() error {
	return &Error{Code: CodeConnectionClose, Message: "Close was called", Origin: OriginUser, kind: ErrClosed}
}

// Conn returns the current connection, or nil while there is none. Closing it makes the reconnector dial again.
func (r *Reconnector) Conn() *Conn {
	conn := r.live.Load()
	if conn == nil || conn.isClosed() {
		return nil
	}
	return conn
}

// WaitConnected returns the current connection, or waits for the next one until ctx ends. Its error is ctx's, or that the
// reconnector is closed or has given up; both are [ErrNotConnected] as well.
func (r *Reconnector) WaitConnected(ctx context.Context) (*Conn, error) {
	return r.await(ctx, nil)
}

// await waits for a connection other than one that takes no more.
func (r *Reconnector) await(ctx context.Context, refused *Conn) (*Conn, error) {
	for {
		r.mu.Lock()
		why, stopped, changed := r.why, r.stopped, r.changed
		conn := r.usable(refused)
		r.mu.Unlock()
		if stopped {
			return nil, notConnected(why)
		}
		if conn != nil {
			return conn, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, fmt.Errorf("rsocket: waiting for a connection: %w: %w", ctx.Err(), notConnected(why))
		}
	}
}

// usable is the current connection, if it is another than the one that takes no more, and not known to be over.
func (r *Reconnector) usable(refused *Conn) *Conn {
	conn := r.Conn()
	if conn == refused {
		return nil
	}
	return conn
}

// Close ends the connection as [Conn.Close] does, and connecting. Requests that wait for a connection fail with
// [ErrNotConnected] and [ErrClosed]. It waits for the dialling to end and for [ReconnectPolicy.OnEvent] to have heard
// of everything; not for callbacks and handlers, which may call it. Closing again only waits.
func (r *Reconnector) Close() error {
	if conn := r.stop(closedByUser()); conn != nil {
		_ = conn.Close()
	}
	<-r.done
	<-r.notified
	return nil
}

// Shutdown ends connecting, and the connection once what is under way has ended: see [Conn.Shutdown], whose error it
// returns. New requests, and those that wait for a connection, fail with [ErrNotConnected] and [ErrConnectionClosing]. It
// waits as [Reconnector.Close] does.
func (r *Reconnector) Shutdown(ctx context.Context) error {
	var err error
	if conn := r.stop(errDraining); conn != nil {
		err = conn.Shutdown(ctx)
	}
	_ = r.Close()
	return err
}

// Done is closed when the reconnector is over: closed, or it has given up. There is no connection then.
func (r *Reconnector) Done() <-chan struct{} {
	return r.done
}

// Err tells why the reconnector is over, and nil while it is not: [ErrClosed], or what the last attempt or connection
// ended with.
func (r *Reconnector) Err() error {
	select {
	case <-r.done:
		return r.err
	default:
		return nil
	}
}
