package main

import (
	"bytes"
	"context"
	"sync"
	"sync/atomic"
	"time"

	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
)

// load sends the requests of one run.
type load struct {
	conn     *rsocket.Conn
	metrics  *rsocket.PerformanceMetrics
	settings settings
	request  *rsocket.Payload

	claimed    atomic.Uint64         // requests that were sent or are about to be
	firstError atomic.Pointer[error] // why the first failed request failed
}

// result is what the metrics do not hold.
type result struct {
	elapsed    time.Duration // from the first request to the last answer
	latencies  []*latencies
	firstError error
}

func newLoad(conn *rsocket.Conn, metrics *rsocket.PerformanceMetrics, settings settings) *load {
	data := bytes.Repeat([]byte{'x'}, settings.size)
	return &load{conn: conn, metrics: metrics, settings: settings, request: rsocket.NewPayloadFromBytes(data, nil)}
}

// run returns when no request is in flight any more. When ctx ends, those in flight are given up.
func (l *load) run(ctx context.Context) result {
	sending, cancel := l.sendingContext(ctx)
	defer cancel()
	started := time.Now()
	var done result
	switch l.settings.form {
	case formCallback:
		done.latencies = l.runCallbacks(ctx, sending)
	default:
		done.latencies = l.runBlocking(ctx, sending)
	}
	done.elapsed = time.Since(started)
	if err := l.firstError.Load(); err != nil {
		done.firstError = *err
	}
	return done
}

// sendingContext ends when no more requests shall be sent; answers to those that were sent are still waited for.
func (l *load) sendingContext(ctx context.Context) (context.Context, context.CancelFunc) {
	if l.settings.duration > 0 {
		return context.WithTimeout(ctx, l.settings.duration)
	}
	return context.WithCancel(ctx)
}

// claim reports whether one more request shall be sent.
func (l *load) claim(sending context.Context) bool {
	if sending.Err() != nil || l.disconnected() {
		return false
	}
	return l.settings.requests == 0 || l.claimed.Add(1) <= l.settings.requests
}

func (l *load) disconnected() bool {
	select {
	case <-l.conn.Done():
		return true
	default:
		return false
	}
}

// runBlocking has a goroutine for each request in flight.
func (l *load) runBlocking(ctx, sending context.Context) []*latencies {
	all := make([]*latencies, l.settings.concurrency)
	var workers sync.WaitGroup
	for i := range all {
		all[i] = newLatencies(len(all))
		workers.Go(func() {
			for l.claim(sending) {
				l.metrics.RecordRequest(l.request.Len())
				started := time.Now()
				answer, err := l.conn.RequestResponse(ctx, l.request)
				l.finish(ctx, all[i], started, answer, err)
			}
		})
	}
	workers.Wait()
	return all
}

// call is a place for one request in flight in the callback form. One request after the other uses it, so that a
// request allocates nothing here.
type call struct {
	started   time.Time
	latencies *latencies
	callback  rsocket.ResponseCallback
}

// senders is how many goroutines send in the callback form, however many requests are in flight. What they send while
// one of them writes goes out in the next write.
const senders = 4

// runCallbacks sends from a few goroutines. A callback runs on the connection's reader, so it only notes the answer and
// frees its place.
func (l *load) runCallbacks(ctx, sending context.Context) []*latencies {
	all := make([]*latencies, l.settings.concurrency)
	free := make(chan *call, len(all)) // room for all, so that a callback never blocks
	for i := range all {
		all[i] = newLatencies(len(all))
		place := &call{latencies: all[i]}
		place.callback = func(answer *rsocket.Payload, err error) {
			l.finish(ctx, place.latencies, place.started, answer, err)
			free <- place
		}
		free <- place
	}

	// Closing the connection is what ends requests without a context.
	defer context.AfterFunc(ctx, func() { l.conn.Close() })()
	var sent sync.WaitGroup
	for range min(senders, len(all)) {
		sent.Go(func() { l.sendFrom(free, sending) })
	}
	sent.Wait()
	for range all {
		<-free
	}
	return all
}

// sendFrom sends a request whenever there is a free place, as long as requests shall be sent.
func (l *load) sendFrom(free chan *call, sending context.Context) {
	for place := range free {
		if !l.claim(sending) {
			free <- place
			return
		}
		l.metrics.RecordRequest(l.request.Len())
		place.started = time.Now()
		if err := l.conn.RequestResponseFunc(l.request, place.callback); err != nil {
			place.callback(nil, err) // it was not sent, so nobody else calls it
		}
	}
}

// finish notes one answer. Requests that end because the run was interrupted are not errors.
func (l *load) finish(ctx context.Context, latencies *latencies, started time.Time, answer *rsocket.Payload, err error) {
	switch {
	case err == nil:
		latencies.add(time.Since(started))
		l.metrics.RecordResponse(answer.Len())
	case ctx.Err() == nil:
		l.metrics.RecordError()
		l.firstError.CompareAndSwap(nil, &err)
	}
}
