package rsocket

import (
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go/internal/ffi"
)

// engine is the connection's core in Rust. One goroutine at a time is inside; the lock is Go's, so that waiting parks
// a goroutine and not an operating-system thread.
type engine struct {
	mu sync.Mutex
	// core is nil once it is freed.
	core *ffi.Connection
	// handed is what the core has been given in batches; see handed.go.
	handed handed
	// timer fires when the core wants to be driven; armed is for when it is set, on the connection's clock.
	timer *time.Timer
	armed uint64
	// link is where output goes and input comes from. It is nil while a connection waits to be resumed, and when its
	// transport went to another one.
	link *link
	// suspended: the core waits for a transport, or on one for the peer to go on.
	suspended bool
	// changed is closed and replaced when link or suspended changes; nil while nobody has waited for it.
	changed chan struct{}
}

// resultStale is the result of a turn with bytes from a transport that was given up.
const resultStale ffi.Result = math.MaxUint32

// drive gives the core a turn. The arena that events may refer to is copied, as the core reuses its own. What was
// received came from this link, if any; the output belongs to the one that is returned.
func (e *engine) drive(turn *ffi.Turn, progress *ffi.Progress, from *link) (arena []byte, to *link, result ffi.Result) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.driveLocked(turn, progress, from)
}

func (e *engine) driveLocked(turn *ffi.Turn, progress *ffi.Progress, from *link) (arena []byte, to *link, result ffi.Result) {
	if e.core == nil {
		return nil, nil, ffi.ResultClosed
	}
	if from != nil && from != e.link {
		return nil, nil, resultStale
	}
	result = e.core.Drive(turn, progress)
	if result != ffi.ResultOK {
		return nil, nil, result
	}
	e.arm(turn.Now, progress.DeadlineNS)
	e.noteState(progress.Flags)
	return e.core.Arena(progress), e.link, ffi.ResultOK
}

// noteState keeps up with what the core says of its transport.
func (e *engine) noteState(flags uint32) {
	suspended := flags&ffi.ProgressSuspended != 0
	gone := flags&ffi.ProgressNoTransport != 0 && e.link != nil
	if suspended == e.suspended && !gone {
		return
	}
	e.suspended = suspended
	if gone {
		e.link.close()
		e.link = nil
	}
	e.noteChange()
}

// noteChange wakes whoever waits for a change of the link. Called with the lock held.
func (e *engine) noteChange() {
	if e.changed != nil {
		close(e.changed)
		e.changed = nil
	}
}

// awaitChange waits until is says so, or until done is closed. is is called with the lock held.
func (e *engine) awaitChange(done <-chan struct{}, is func() bool) bool {
	e.mu.Lock()
	for !is() {
		if e.changed == nil {
			e.changed = make(chan struct{})
		}
		changed := e.changed
		e.mu.Unlock()
		select {
		case <-changed:
		case <-done:
			return false
		}
		e.mu.Lock()
	}
	e.mu.Unlock()
	return true
}

// current is the transport at the moment, or nil.
func (e *engine) current() *link {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.link
}

// arm sets the timer, unless it fires earlier anyway and will be set again then.
func (e *engine) arm(now int64, deadline uint64) {
	if deadline >= e.armed || e.timer == nil {
		return
	}
	e.armed = deadline
	e.timer.Reset(max(0, time.Duration(deadline)-time.Duration(now)))
}

// fired notes that the timer is not set any more.
func (e *engine) fired() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.armed = math.MaxUint64
}

// closeReason tells why the core considers the connection over.
func (e *engine) closeReason() (ffi.CloseReason, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.core == nil {
		return ffi.CloseReason{}, false
	}
	return e.core.CloseReason()
}

func (e *engine) setup() (ffi.Setup, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.core == nil {
		return ffi.Setup{}, false
	}
	return e.core.Setup()
}

func (e *engine) resumeRequest() (ffi.ResumeRequest, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.core == nil {
		return ffi.ResumeRequest{}, false
	}
	return e.core.ResumeRequest()
}

// free ends the core. Later turns do nothing.
func (e *engine) free() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.core != nil {
		e.timer.Stop()
		e.core.Free()
		e.core = nil
	}
}

// command carries out one command that needs no output of its own, and hands out what it causes.
func (c *Conn) command(command ffi.Command, message string) {
	command.DataLen = uint32(len(message))
	var events [4]ffi.Event
	turn := ffi.Turn{
		Now:          c.now(),
		Commands:     []ffi.Command{command},
		CommandBytes: []byte(message),
		Events:       events[:],
	}
	if c.turn(&turn) {
		c.kick()
	}
}

// onTimer is onDeadline in a goroutine of its own. It writes what follows itself, however long that takes.
func (c *Conn) onTimer() {
	if !c.beginWork() {
		return
	}
	defer c.work.Done()
	if c.passTime() && c.becomeKicker() {
		c.flush(false)
	}
}

// onDeadline does what is due: keepalives, timeouts.
func (c *Conn) onDeadline() {
	if c.passTime() {
		c.kick()
	}
}

// passTime tells the core the time; true when it has output then.
func (c *Conn) passTime() bool {
	c.engine.fired()
	var events [4]ffi.Event
	return c.turn(&ffi.Turn{Now: c.now(), Events: events[:]})
}

// turn drives the core outside the two loops. True when it has output.
func (c *Conn) turn(turn *ffi.Turn) bool {
	var progress ffi.Progress
	arena, _, result := c.engine.drive(turn, &progress, nil)
	if result != ffi.ResultOK {
		if result != ffi.ResultClosed {
			c.terminate(engineFailure(result))
		}
		return false
	}
	c.handleEvents(turn.Events[:progress.EventsLen], nil, arena, nil)
	return progress.Flags&ffi.ProgressMoreOutput != 0
}

// engineFailure is the end of a connection whose core cannot go on.
func engineFailure(result ffi.Result) error {
	return &Error{
		Code:    CodeConnectionError,
		Message: "the engine failed",
		Origin:  OriginLibrary,
		kind:    ErrConnectionLost,
		cause:   fmt.Errorf("%w: %s", errInternal, result),
	}
}
