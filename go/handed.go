package rsocket

import (
	"slices"

	"github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go/internal/ffi"
)

// What a connection has sent when it ends is asked about each open request. The answer is exact where the core decides
// it: a command that it was not given, or that it refused, is nowhere in its output, and it is given none afterwards. One
// that it has taken may be anywhere between its output and the peer, and counts as sent.

// opening is the command that opens a request.
type opening struct {
	token uint64
	// number counts the commands of a connection's batches, in the order in which they were submitted and driven.
	number uint64
}

// handed is what the core has been given in batches. It is guarded by the engine's lock.
type handed struct {
	// commands counts what the core has taken or refused, without what goes ahead of a batch's other commands.
	commands uint64
	// refused are the tokens of the requests that it refused in the last turn. The flusher tells them, and the
	// connection may end before it has.
	refused []uint64
	// closed: the core is given no more.
	closed bool
}

// includes reports whether the core has taken a request.
func (h *handed) includes(request opening) bool {
	return request.number < h.commands && !slices.Contains(h.refused, request.token)
}

// driveBatch is drive with the commands of a batch. It leaves them out when the connection is over.
func (e *engine) driveBatch(turn *ffi.Turn, progress *ffi.Progress) (arena []byte, to *link, result ffi.Result) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.handed.closed {
		turn.Commands = nil
	}
	arena, to, result = e.driveLocked(turn, progress, nil)
	if result == ffi.ResultOK && !e.handed.closed {
		e.handed.note(turn, progress)
	}
	return arena, to, result
}

// note adds what the core did with a batch.
func (h *handed) note(turn *ffi.Turn, progress *ffi.Progress) {
	h.commands += uint64(progress.CommandsUsed)
	for i := range turn.Commands[:progress.CommandsUsed] {
		if !goesAhead(turn.Commands[i].Kind) {
			break
		}
		h.commands--
	}
	h.refused = h.refused[:0]
	for i := range turn.Events[:progress.EventsLen] {
		if event := &turn.Events[i]; event.Kind == ffi.EventRefused && refusesRequests(ffi.Result(event.Code)) {
			h.refused = append(h.refused, event.Token)
		}
	}
}

// refusesRequests tells the results that a command can only have when it opens a request. Others may be about what is
// sent on a stream that is open, under the same token.
func refusesRequests(result ffi.Result) bool {
	switch result {
	case ffi.ResultClosed, ffi.ResultDraining, ffi.ResultNotReady, ffi.ResultNoLease, ffi.ResultTooManyStreams:
		return true
	default:
		return false
	}
}

// closeBatches has the core be given no more commands of batches, and tells what it has been given.
func (e *engine) closeBatches() *handed {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.handed.closed = true
	return &e.handed
}
