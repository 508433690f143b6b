package rsocket

import (
	"sync/atomic"
	"time"
)

// PerformanceMetrics counts requests, answers, errors and bytes for a program that reports them. Nothing in this
// package records into it by itself: the program calls the Record methods where it sends and receives. All methods
// may be called from any goroutine and do not block. The counters are read one by one, so values read while others
// record need not belong to the same instant.
//
// Use [NewPerformanceMetrics]. The zero value counts too, but its uptime stays 0.
type PerformanceMetrics struct {
	started time.Time
	_       cacheLinePad
	// The two counters of a direction are written together and share a cache line; the directions are written by
	// different goroutines and do not.
	requests traffic
	_        cacheLinePad
	answers  traffic
	_        cacheLinePad
	errors   atomic.Uint64
	_        cacheLinePad
}

// traffic is what went in one direction.
type traffic struct {
	count atomic.Uint64
	bytes atomic.Uint64
}

// cacheLinePad keeps its neighbours apart on every machine: lines have 64 or 128 bytes, and where they have 64 they
// are fetched in pairs.
type cacheLinePad [128]byte

// NewPerformanceMetrics returns counters that stand at 0 and an uptime that starts now.
func NewPerformanceMetrics() *PerformanceMetrics {
	return &PerformanceMetrics{started: time.Now()}
}

// RecordRequest counts a request of so many bytes. A negative size counts as 0 bytes.
func (m *PerformanceMetrics) RecordRequest(bytes int) {
	m.requests.record(bytes)
}

// RecordResponse counts an answer of so many bytes. A negative size counts as 0 bytes.
func (m *PerformanceMetrics) RecordResponse(bytes int) {
	m.answers.record(bytes)
}

// RecordError counts a request that failed.
func (m *PerformanceMetrics) RecordError() {
	m.errors.Add(1)
}

// GetRequestCount returns how many requests were recorded.
func (m *PerformanceMetrics) GetRequestCount() uint64 {
	return m.requests.count.Load()
}

// GetResponseCount returns how many answers were recorded.
func (m *PerformanceMetrics) GetResponseCount() uint64 {
	return m.answers.count.Load()
}

// GetErrorCount returns how many errors were recorded.
func (m *PerformanceMetrics) GetErrorCount() uint64 {
	return m.errors.Load()
}

// GetBytesSent returns the bytes of all recorded requests.
func (m *PerformanceMetrics) GetBytesSent() uint64 {
	return m.requests.bytes.Load()
}

// GetBytesReceived returns the bytes of all recorded answers.
func (m *PerformanceMetrics) GetBytesReceived() uint64 {
	return m.answers.bytes.Load()
}

// GetUptimeSeconds returns the whole seconds since NewPerformanceMetrics.
func (m *PerformanceMetrics) GetUptimeSeconds() uint64 {
	if m.started.IsZero() {
		return 0
	}
	return uint64(time.Since(m.started) / time.Second)
}

func (t *traffic) record(bytes int) {
	t.count.Add(1)
	if bytes > 0 {
		t.bytes.Add(uint64(bytes))
	}
}
