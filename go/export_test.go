package rsocket

// OpenRequests is how many requests of this side are open, for tests that have to know when some have been submitted.
func (c *Conn) OpenRequests() int {
	return int(c.queue.calls.open.Load())
}
