package rsocket

// OpenRequests is how many requests of this side are open, for tests that have to know when some have been submitted.
func (c *Conn) OpenRequests() int {
	return int(c.queue.calls.open.Load())
}

// SubmittedCommands counts what this side has submitted, without what goes ahead of other commands.
func (c *Conn) SubmittedCommands() int {
	c.queue.mu.Lock()
	defer c.queue.mu.Unlock()
	if c.queue.batch == nil {
		return int(c.queue.numbered)
	}
	return int(c.queue.nextNumber())
}

// LateRequests is how many requests with callbacks wait for a connection.
func (r *Reconnector) LateRequests() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.late)
}

// TakeHandlersForQuick has the reader call the handlers of requests, until they turn out not to be quick.
func (c *Conn) TakeHandlersForQuick() {
	h := &c.workers.habit
	h.mu.Lock()
	defer h.mu.Unlock()
	h.mean, h.quick, h.left = 0, true, 0
}
