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
	// reason is why the connection has ended, if it has.
	reason error
}

// context is what the handlers' contexts descend from. It ends with the connection.
func (c *Conn) context() context.Context {
	contexts := &c.contexts
	contexts.mu.Lock()
	defer contexts.mu.Unlock()
	if contexts.ctx == nil {
		contexts.ctx, contexts.cancel = context.WithCancelCause(context.WithValue(contexts.parent, connKey{}, c))
		if contexts.reason != nil {
			contexts.cancel(contexts.reason)
		}
	}
	return contexts.ctx
}

// end ends them, for a reason.
func (c *connContexts) end(reason error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.reason = reason
	if c.cancel != nil {
		c.cancel(reason)
	}
}
