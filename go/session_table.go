package rsocket

import "sync"

// sessionTable is where a server finds the connection that a client wants to go on with.
type sessionTable struct {
	mu    sync.Mutex
	conns map[string]*Conn
}

func newSessionTable() *sessionTable {
	return &sessionTable{conns: make(map[string]*Conn)}
}

// add keeps a connection; false when the token belongs to another one.
func (t *sessionTable) add(token string, conn *Conn) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, used := t.conns[token]; used {
		return false
	}
	t.conns[token] = conn
	return true
}

func (t *sessionTable) find(token string) *Conn {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.conns[token]
}

// remove forgets a connection, if it is the one with this token.
func (t *sessionTable) remove(token string, conn *Conn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.conns[token] == conn {
		delete(t.conns, token)
	}
}
