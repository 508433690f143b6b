package main

import (
	"sync"
	"sync/atomic"
	"time"
)

// figures is what a load prints. Latencies are of the requests that were answered.
type figures struct {
	Requests uint64  `json:"requests"`
	Seconds  float64 `json:"seconds"`
	Rate     float64 `json:"rate"`
	Errors   uint64  `json:"errors"`
	P50      float64 `json:"p50_us"`
	P99      float64 `json:"p99_us"`
}

// worker is what one goroutine of a load has counted.
type worker struct {
	latencies latencies
	errors    uint64
}

// measure keeps so many requests in flight for so long, then waits for the last ones.
func measure(concurrency int, duration time.Duration, request func() error) figures {
	var over atomic.Bool
	workers := make([]worker, concurrency)
	start := time.Now()
	time.AfterFunc(duration, func() { over.Store(true) })
	var running sync.WaitGroup
	for i := range workers {
		running.Go(func() { workers[i].run(&over, request) })
	}
	running.Wait()
	return summary(workers, time.Since(start))
}

func (w *worker) run(over *atomic.Bool, request func() error) {
	for !over.Load() {
		start := time.Now()
		if err := request(); err != nil {
			w.errors++
			continue
		}
		w.latencies.record(time.Since(start))
	}
}

func summary(workers []worker, took time.Duration) figures {
	var all worker
	for i := range workers {
		all.latencies.add(&workers[i].latencies)
		all.errors += workers[i].errors
	}
	return figures{
		Requests: all.latencies.total,
		Seconds:  took.Seconds(),
		Rate:     float64(all.latencies.total) / took.Seconds(),
		Errors:   all.errors,
		P50:      microseconds(all.latencies.quantile(0.50)),
		P99:      microseconds(all.latencies.quantile(0.99)),
	}
}

func microseconds(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }
