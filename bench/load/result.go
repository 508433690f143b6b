package load

// Result is what a client says after its load.
type Result struct {
	// Requests is how many were answered; with fire-and-forget how many were sent, with streams and channels how many items came.
	Requests   uint64 `json:"requests"`
	Errors     uint64 `json:"errors"`
	FirstError string `json:"first_error,omitempty"`
	// Seconds is from the first request to the last answer.
	Seconds float64 `json:"seconds"`
	// Latency is that of single requests, where there are any.
	Latency *Percentiles `json:"latency_us,omitempty"`
	// Alone is that of the same requests without the bulk stream, and BulkItems how many items that stream had beside them.
	Alone     *Percentiles `json:"alone_us,omitempty"`
	BulkItems uint64       `json:"bulk_items,omitempty"`
}

// Percentiles of latencies, in microseconds.
type Percentiles struct {
	P50  float64 `json:"p50"`
	P99  float64 `json:"p99"`
	P999 float64 `json:"p99.9"`
}

// Counters is what a process has counted since it started.
type Counters struct {
	// Received is how many fire-and-forgets a server's handler has got.
	Received uint64 `json:"received"`
	// Allocations is how often memory was taken from the heap, and AllocatedBytes how much. Go's part of the process alone in programs
	// in Go.
	Allocations    uint64 `json:"allocations"`
	AllocatedBytes uint64 `json:"allocated_bytes"`
}
