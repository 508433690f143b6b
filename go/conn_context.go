package rsocket

import (
	"context"
	"sync"
)

// connContexts is where the contexts of a connection's handlers come from. Most connections never need one.
type connContexts struct {
	// parent is the context that the connection was started with.
	parent context.Context

	mu sync.Mutex
	// ctx ends with the connection; nil until somebody asks for it.
	ctx    context.Context
	cancel context.CancelCauseFunc
}

// context is what the handlers' contexts descend from. It ends with the connection.
func (c *Conn) context() context.Context {
	contexts := &c.contexts
	contexts.mu.Lock()
	defer contexts.mu.Unlock()
	if contexts.ctx == nil {
		contexts.ctx, contexts.cancel = context.WithCancelCause(context.WithValue(contexts.parent, connKey{}, c))
		if c.isClosed() {
			contexts.cancel(c.err)
		}
	}
	return contexts.ctx
}

// end ends them, for a reason, once the connection is closed.
func (c *connContexts) end(reason error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cancel != nil {
		c.cancel(reason)
	}
}
