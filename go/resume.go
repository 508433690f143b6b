package rsocket

import (
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"time"

	"github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go/internal/ffi"
)

// ResumeOptions say how a connection outlives its transport; see [WithResume]. A zero field means its default.
type ResumeOptions struct {
	// Token is what a client's connection is known by at the server: at most 65535 bytes, one that is not in use and
	// that nobody can guess. Default 32 random bytes. Servers ignore it.
	Token []byte
	// StoreBytes bounds what is kept of the sent frames until the peer says that it has them, at least 128 KiB. While there
	// is a transport the oldest give way, and a connection whose peer turns out to need them cannot be resumed; while there
	// is none, requests wait. Default 8 MiB.
	StoreBytes int
	// SessionTimeout is how long a connection without a transport is kept, in whole milliseconds. Default 1 minute.
	SessionTimeout time.Duration
	// Backoff says how long a client waits before it dials again.
	Backoff Backoff
	// DialTimeout bounds each attempt of a client to dial. Default 10 s.
	DialTimeout time.Duration
	// Dial gives a client a transport to the same server, the first one too when it is [Dial] that connects. Default what
	// Dial does by itself; [NewClientConn] needs one.
	Dial func(ctx context.Context) (net.Conn, error)
	// OnEvent is told when the transport is lost, each time before it is dialled again, and when the connection goes on.
	// It is called from one goroutine, in order, and does not hold the connection up; events that come faster than it
	// takes them are dropped and counted.
	OnEvent func(ConnEvent)
}

const (
	minResumeStore     = 128 << 10
	defaultResumeStore = 8 << 20
	maxResumeToken     = 1<<16 - 1
	// maxResumableFrame bounds the frames of a connection that can be resumed: the engine's output has to hold one.
	maxResumableFrame = 64 << 10
)

// WithResume lets connections outlive their transport (specification, "Resuming Operation"): a client proposes it, a
// [Server] or [Serve] agrees to it, for clients of theirs that propose it. When the transport is lost, requests stay
// open on both sides; the client dials again, both sides send again what the other has not received, and nothing
// is lost or doubled but METADATA_PUSH, which RSocket does not send again. Leases begin anew.
//
// The connection ends with [ErrConnectionLost] when it could not be resumed in time or the server does not know it any
// more. Without this option a server turns away clients that propose it. Frames of such connections have at most 64 KiB,
// whatever [WithFragmentLength] says, and payloads are copied once more than otherwise.
func WithResume(options ResumeOptions) Option {
	return func(s *settings) error {
		if err := options.check(); err != nil {
			return err
		}
		s.resume = options.withDefaults()
		s.sessions = newSessionTable()
		return nil
	}
}

func (o ResumeOptions) check() error {
	switch {
	case len(o.Token) > maxResumeToken:
		return fmt.Errorf("%w: a resume token of %d bytes, the limit is %d", ErrInvalidArgument, len(o.Token), maxResumeToken)
	case o.StoreBytes != 0 && o.StoreBytes < minResumeStore:
		return fmt.Errorf("%w: a resume store of %d bytes, it needs %d", ErrInvalidArgument, o.StoreBytes, minResumeStore)
	case o.SessionTimeout < 0 || o.DialTimeout < 0:
		return fmt.Errorf("%w: a timeout of resume is negative: %v, %v", ErrInvalidArgument, o.SessionTimeout, o.DialTimeout)
	default:
		return o.Backoff.check()
	}
}

func (o ResumeOptions) withDefaults() *ResumeOptions {
	orDefault(&o.StoreBytes, defaultResumeStore)
	orDefault(&o.SessionTimeout, time.Minute)
	orDefault(&o.DialTimeout, 10*time.Second)
	return &o
}

// forClient is what one client connection begins with.
func (o *ResumeOptions) forClient() (*ResumeOptions, error) {
	if o == nil {
		return nil, nil
	}
	own := *o
	if own.Dial == nil {
		return nil, fmt.Errorf("%w: WithResume has no Dial", ErrInvalidArgument)
	}
	if len(own.Token) == 0 {
		own.Token = make([]byte, 32)
		if _, err := rand.Read(own.Token); err != nil {
			return nil, err
		}
	}
	return &own, nil
}

// session is what a connection that can be resumed has besides. All its state is guarded by the engine's lock.
type session struct {
	conn    *Conn
	options *ResumeOptions
	// table is where a server finds it.
	table *sessionTable
	token string
	// returning: a goroutine is dialling.
	returning bool
	events    *eventQueue
}

func newSession(conn *Conn, options *ResumeOptions) *session {
	s := &session{conn: conn, options: options, events: newEventQueue(options.OnEvent)}
	if options.OnEvent != nil {
		conn.work.Go(s.events.run)
	}
	return s
}

// end is for a connection that is over.
func (s *session) end() {
	if s == nil {
		return
	}
	if s.table != nil {
		s.table.remove(s.token, s.conn)
	}
	s.events.end()
}

// linkFailed acts on a transport that does not work any more.
func (c *Conn) linkFailed(failed *link, reason error) {
	c.coreClosed() // A connection that was being closed ends for that reason.
	if c.session == nil || !c.session.suspend(failed, reason) {
		c.terminate(reason)
	}
}

// suspend gives a transport up; false when the connection is over with that.
func (s *session) suspend(failed *link, reason error) bool {
	c := s.conn
	if c.isClosed() {
		return false
	}
	e := &c.engine
	e.mu.Lock()
	if e.core == nil {
		e.mu.Unlock()
		return false
	}
	if e.link != failed {
		e.mu.Unlock()
		return true
	}
	if e.core.TransportLost(c.now()) != ffi.ResultOK {
		e.mu.Unlock()
		return false
	}
	e.link, e.suspended = nil, true
	e.noteChange()
	e.mu.Unlock()
	failed.close()
	c.logger.Debug("transport lost; the connection waits for another", "remote", c.RemoteAddr(), "reason", reason)
	s.events.put(ConnEvent{Kind: EventSuspended, Conn: c, Err: reason})
	c.onDeadline() // Arms the timer for the session's end.
	s.comeBack()
	return true
}

// silent acts on a transport that the engine has given up.
func (s *session) silent() {
	reason := &Error{
		Code:    CodeConnectionError,
		Message: "the peer is silent",
		Origin:  OriginLibrary,
		kind:    ErrConnectionLost,
	}
	s.conn.logger.Debug("the peer is silent; the connection waits for another transport", "remote", s.conn.RemoteAddr())
	s.events.put(ConnEvent{Kind: EventSuspended, Conn: s.conn, Err: reason})
	s.comeBack()
}

// comeBack has a client dial until the connection goes on.
func (s *session) comeBack() {
	if s.options.Dial == nil || s.table != nil {
		return
	}
	e := &s.conn.engine
	e.mu.Lock()
	start := !s.returning && e.link == nil
	s.returning = s.returning || start
	e.mu.Unlock()
	if start {
		s.conn.spawn(s.dialUntilResumed)
	}
}

func (s *session) dialUntilResumed() {
	c := s.conn
	delays := newBackoffIterator(s.options.Backoff)
	var failed error
	for attempt := 1; ; attempt++ {
		delay := delays.next()
		s.events.put(ConnEvent{Kind: EventRetrying, Conn: c, Attempt: attempt, Delay: delay, Err: failed})
		select {
		case <-time.After(delay):
		case <-c.done:
			return
		}
		nc, err := s.dial()
		if err != nil {
			c.logger.Debug("dialling to resume failed", "attempt", attempt, "reason", err)
			failed = err
			continue
		}
		if !s.begin(nc) {
			_ = nc.Close()
			return
		}
		if s.hasResumed() {
			return
		}
		failed = errNotResumed
	}
}

func (s *session) dial() (net.Conn, error) {
	ctx, cancel := contextWithTimeout(s.conn.context(), s.options.DialTimeout)
	defer cancel()
	return s.options.Dial(ctx)
}

// begin asks the server to go on over nc; false when the connection is over.
func (s *session) begin(nc net.Conn) bool {
	c, e := s.conn, &s.conn.engine
	e.mu.Lock()
	if c.isClosed() || e.core == nil || e.core.BeginResume(c.now()) != ffi.ResultOK {
		e.mu.Unlock()
		return false
	}
	c.adopt(newLink(nc))
	e.mu.Unlock()
	c.onDeadline()
	c.kick()
	return true
}

// adopt makes a transport the connection's. Called with the engine's lock held.
func (c *Conn) adopt(l *link) {
	c.engine.link = l
	c.remote.Store(&l.nc)
	c.engine.noteChange()
}

// hasResumed waits for the outcome of an attempt. When it returns true, somebody else starts the next one.
func (s *session) hasResumed() bool {
	e := &s.conn.engine
	resumed := true
	open := e.awaitChange(s.conn.done, func() bool {
		if e.suspended && e.link != nil {
			return false
		}
		resumed = !e.suspended
		s.returning = !resumed
		return true
	})
	return !open || resumed
}

// resumed notes that the connection goes on.
func (c *Conn) resumed() {
	c.logger.Debug("connection resumed", "remote", c.RemoteAddr())
	c.session.events.put(ConnEvent{Kind: EventResumed, Conn: c})
	c.regrantLease()
	c.kick()
}

// awaitTransport waits until the engine may take commands again, or has something to say on a transport that follows
// this one.
func (c *Conn) awaitTransport(last *link) {
	e := &c.engine
	e.awaitChange(c.done, func() bool { return !e.suspended || e.link != last })
}

// nextLink has the reader go on with the transport that follows this one, unless the connection is over before there is
// one.
func (c *Conn) nextLink(last *link) {
	e := &c.engine
	e.awaitChange(c.done, func() bool {
		if e.link == nil || e.link == last {
			return false
		}
		c.reader.follow(e.link)
		return true
	})
}

// follow begins to read from another transport.
func (r *reader) follow(l *link) {
	r.link = l
	r.first, r.last = 0, 0
}

// beginSession keeps a server's connection findable, if its client wants to be able to resume.
func (c *Conn) beginSession() error {
	proposed, ok := c.engine.setup()
	if !ok || !proposed.HasResumeToken || c.session == nil {
		return nil
	}
	token := string(proposed.ResumeToken)
	if !c.session.table.add(token, c) {
		return NewError(CodeRejectedSetup, "the resume token is in use")
	}
	c.session.token = token
	c.queue.copyAll()
	return nil
}

// handOver gives the transport to the connection that its client wants to go on with, or turns the client away.
func (c *Conn) handOver() {
	c.reader.handOver = false
	request, ok := c.engine.resumeRequest()
	if !ok || c.session == nil {
		return
	}
	found := c.session.table.find(string(request.Token))
	switch {
	case found == nil || found.isClosed():
		c.rejectResume("the session is not known")
	case len(c.reader.unread()) > 0:
		c.rejectResume("frames came before RESUME_OK")
	case !found.session.resume(c.engine.current(), request):
		c.rejectResume("the session cannot be resumed from there")
	default:
		c.leaveTransport()
	}
}

func (c *Conn) rejectResume(message string) {
	c.logger.Debug("resume rejected", "remote", c.RemoteAddr(), "reason", message)
	c.command(ffi.Command{Kind: ffi.CommandRejectResume}, message)
}

// resume goes on over a transport on which the client has sent RESUME; false when that cannot be.
func (s *session) resume(l *link, request ffi.ResumeRequest) bool {
	c, e := s.conn, &s.conn.engine
	e.mu.Lock()
	if c.isClosed() || e.core == nil || l == nil {
		e.mu.Unlock()
		return false
	}
	if e.core.Resume(c.now(), request) != ffi.ResultOK {
		e.mu.Unlock()
		return false // Be it an attempt that the client has given up: the connection stays as it is.
	}
	before := e.link
	e.suspended = false
	c.adopt(l)
	e.mu.Unlock()
	before.close()
	c.onDeadline()
	c.resumed()
	if c.isClosed() {
		l.close()
	}
	return true
}

// leaveTransport ends a connection whose transport another one has.
func (c *Conn) leaveTransport() {
	c.engine.mu.Lock()
	c.engine.link = nil
	c.engine.mu.Unlock()
	c.reader.link = nil
	c.terminate(errHandedOver)
}
