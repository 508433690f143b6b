package rsocket

import (
	"fmt"
	"sync"
	"time"
)

// ConnEventKind is what happened to a [Reconnector]'s connection.
type ConnEventKind int

const (
	// EventConnected: there is a connection. That the server accepts its setup shows later, as RSocket has no answer to
	// SETUP.
	EventConnected ConnEventKind = iota + 1
	// EventLost: the connection is over, be it that somebody closed it. One follows each EventConnected.
	EventLost
	// EventRetrying: an attempt to connect follows after a delay.
	EventRetrying
	// EventSuspended: the connection has lost its transport and waits to be resumed ([WithResume]).
	EventSuspended
	// EventResumed: it goes on over another transport.
	EventResumed
	// EventGaveUp: no attempt follows. It is the last event, and does not come after [Reconnector.Close] and
	// [Reconnector.Shutdown].
	EventGaveUp
)

// String names the kind.
func (k ConnEventKind) String() string {
	switch k {
	case EventConnected:
		return "connected"
	case EventLost:
		return "lost"
	case EventRetrying:
		return "retrying"
	case EventSuspended:
		return "suspended"
	case EventResumed:
		return "resumed"
	case EventGaveUp:
		return "gave up"
	default:
		return fmt.Sprintf("event %d", int(k))
	}
}

// ConnEvent is something that happened to a [Reconnector]'s connection; see [ReconnectPolicy.OnEvent].
type ConnEvent struct {
	Kind ConnEventKind
	// Conn is the connection that EventConnected and EventLost are about.
	Conn *Conn
	// Err is why: what EventLost's connection ended with, what EventRetrying's last attempt or connection ended with,
	// what [Reconnector.Err] says after EventGaveUp.
	Err error
	// Attempt is the attempt that EventRetrying announces and the one that led to EventConnected, counted from 1 since
	// the last stable connection ([ReconnectPolicy.StableAfter]). For EventGaveUp it is how many failed in a row.
	Attempt int
	// Delay is how long EventRetrying's attempt waits.
	Delay time.Duration
	// Missed is how many events before this one were dropped, because the hook was busy.
	Missed int
}

// maxWaitingEvents bounds what waits for a hook that is busy.
const maxWaitingEvents = 128

// eventQueue hands events to a hook, in order, on a goroutine of its own.
type eventQueue struct {
	hook func(ConnEvent)

	mu      sync.Mutex
	waiting []ConnEvent
	// missed counts what was dropped since an event was taken.
	missed int
	ended  bool
	// arrived gets a value when there is something to take, or the end.
	arrived chan struct{}
}

func newEventQueue(hook func(ConnEvent)) *eventQueue {
	return &eventQueue{hook: hook, arrived: make(chan struct{}, 1)}
}

// put adds an event without waiting for anybody.
func (q *eventQueue) put(event ConnEvent) {
	if q.hook == nil {
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.waiting) == maxWaitingEvents {
		q.waiting = append(q.waiting[:0], q.waiting[1:]...)
		q.missed++
	}
	q.waiting = append(q.waiting, event)
	q.wake()
}

// end lets run return when it has handed out what waits.
func (q *eventQueue) end() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.ended = true
	q.wake()
}

func (q *eventQueue) wake() {
	select {
	case q.arrived <- struct{}{}:
	default:
	}
}

// run calls the hook until the queue has ended.
func (q *eventQueue) run() {
	for range q.arrived {
		for event, ok := q.take(); ok; event, ok = q.take() {
			q.hook(event)
		}
		if q.hasEnded() {
			return
		}
	}
}

func (q *eventQueue) take() (event ConnEvent, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.waiting) == 0 {
		return ConnEvent{}, false
	}
	event = q.waiting[0]
	q.waiting = append(q.waiting[:0], q.waiting[1:]...)
	event.Missed, q.missed = q.missed, 0
	return event, true
}

// hasEnded reports whether nothing is left and nothing will come.
func (q *eventQueue) hasEnded() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.ended && len(q.waiting) == 0
}
