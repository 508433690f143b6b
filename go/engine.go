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
	// timer fires when the core wants to be driven; armed is for when it is set, on the connection's clock.
	timer *time.Timer
	armed uint64
}

// drive gives the core a turn. The arena that events may refer to is copied, as the core reuses its own.
func (e *engine) drive(turn *ffi.Turn, progress *ffi.Progress) (arena []byte, result ffi.Result) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.core == nil {
		return nil, ffi.ResultClosed
	}
	result = e.core.Drive(turn, progress)
	if result != ffi.ResultOK {
		return nil, result
	}
	e.arm(turn.Now, progress.DeadlineNS)
	return e.core.Arena(progress), ffi.ResultOK
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
	c.turn(&turn)
}

// onDeadline does what is due: keepalives, timeouts.
func (c *Conn) onDeadline() {
	c.engine.fired()
	var events [4]ffi.Event
	c.turn(&ffi.Turn{Now: c.now(), Events: events[:]})
}

// turn drives the core outside the two loops. Its output is left to a flusher.
func (c *Conn) turn(turn *ffi.Turn) {
	var progress ffi.Progress
	arena, result := c.engine.drive(turn, &progress)
	if result != ffi.ResultOK {
		if result != ffi.ResultClosed {
			c.terminate(engineFailure(result))
		}
		return
	}
	c.handleEvents(turn.Events[:progress.EventsLen], nil, arena, nil)
	if progress.Flags&ffi.ProgressMoreOutput != 0 {
		c.kick()
	}
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
