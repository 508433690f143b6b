package main

import (
	"sync"

	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
)

// What a stream of readings is doing.
const (
	sending   = "sending"
	waiting   = "waiting for credit"
	cancelled = "cancelled"
)

// state is what the page is told.
type state struct {
	Sent  int    `json:"sent"`
	State string `json:"state"`
}

// progress is how a stream of readings is doing.
type progress struct {
	mu    sync.Mutex
	state state
	// changed has an element when the state is not the one that was last got.
	changed chan struct{}
}

func newProgress() *progress {
	return &progress{changed: make(chan struct{}, 1)}
}

func (p *progress) set(sent int, doing string) {
	p.mu.Lock()
	p.state = state{sent, doing}
	p.mu.Unlock()
	select {
	case p.changed <- struct{}{}:
	default: // it has not been got since the last change either
	}
}

func (p *progress) get() state {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.state
}

// board has the progress on each connection, for as long as a stream there needs it: readings and progress are asked for
// one after the other, but their handlers may begin in any order.
type board struct {
	mu sync.Mutex
	on map[*rsocket.Conn]*shared
}

type shared struct {
	*progress
	users int
}

func newBoard() *board {
	return &board{on: make(map[*rsocket.Conn]*shared)}
}

// take returns the progress on a connection, until done is called.
func (b *board) take(conn *rsocket.Conn) (p *progress, done func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	entry := b.on[conn]
	if entry == nil {
		entry = &shared{progress: newProgress()}
		b.on[conn] = entry
	}
	entry.users++
	return entry.progress, func() { b.leave(conn, entry) }
}

func (b *board) leave(conn *rsocket.Conn, entry *shared) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if entry.users--; entry.users == 0 {
		delete(b.on, conn)
	}
}
