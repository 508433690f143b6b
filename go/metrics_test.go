package rsocket

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

type counts struct {
	requests, responses, errors, sent, received uint64
}

func read(m *PerformanceMetrics) counts {
	return counts{m.GetRequestCount(), m.GetResponseCount(), m.GetErrorCount(), m.GetBytesSent(), m.GetBytesReceived()}
}

func TestMetricsCountWhatIsRecorded(t *testing.T) {
	metrics := NewPerformanceMetrics()
	if got := read(metrics); got != (counts{}) {
		t.Errorf("new metrics hold %+v", got)
	}
	metrics.RecordRequest(10)
	metrics.RecordRequest(0)
	metrics.RecordResponse(7)
	metrics.RecordError()
	if got, want := read(metrics), (counts{requests: 2, responses: 1, errors: 1, sent: 10, received: 7}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestMetricsCountNegativeSizesAsNoBytes(t *testing.T) {
	metrics := NewPerformanceMetrics()
	metrics.RecordRequest(-1)
	metrics.RecordResponse(-1 << 40)
	if got, want := read(metrics), (counts{requests: 1, responses: 1}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestMetricsLoseNothingUnderConcurrency(t *testing.T) {
	const goroutines, each = 8, 5000
	metrics := NewPerformanceMetrics()
	var recorders sync.WaitGroup
	for range goroutines {
		recorders.Go(func() {
			for range each {
				metrics.RecordRequest(3)
				metrics.RecordResponse(2)
				metrics.RecordError()
			}
		})
	}
	recorders.Wait()
	const all = goroutines * each
	if got, want := read(metrics), (counts{all, all, all, 3 * all, 2 * all}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestMetricsUptimeCountsWholeSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		metrics := NewPerformanceMetrics()
		time.Sleep(2900 * time.Millisecond) // the bubble's clock: takes no time
		if got := metrics.GetUptimeSeconds(); got != 2 {
			t.Errorf("after 2.9 s the uptime is %d s, want 2", got)
		}
	})
	if got := new(PerformanceMetrics).GetUptimeSeconds(); got != 0 {
		t.Errorf("the zero value's uptime is %d, want 0", got)
	}
}

func BenchmarkMetrics(b *testing.B) {
	metrics := NewPerformanceMetrics()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			metrics.RecordRequest(64)
			metrics.RecordResponse(64)
		}
	})
}
