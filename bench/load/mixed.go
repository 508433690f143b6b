package load

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// The bulk of a mixed load. Its prefetch keeps a MiB on its way.
const (
	bulkItemSize = 16 << 10
	bulkPrefetch = 64
	bulkItems    = 1 << 12
)

// mixed makes the same requests twice: alone, then beside a bulk stream on the same connection.
func (s *session) mixed(requests uint64, duration time.Duration) (Result, error) {
	alone := newTally(requests/2, duration/2)
	s.blocking(alone)
	var bulk bulk
	for _, conn := range s.conns {
		streaming, ok := conn.(StreamConn)
		if !ok {
			return Result{}, fmt.Errorf("%s has no request-stream", s.contender.Name)
		}
		bulk.start(streaming)
	}
	beside := newTally((requests+1)/2, duration/2)
	s.blocking(beside)
	bulk.stop(beside)

	result, before := beside.result(), alone.result()
	result.Alone, result.BulkItems = before.Latency, bulk.items.Load()
	result.Errors += before.Errors
	if result.FirstError == "" {
		result.FirstError = before.FirstError
	}
	return result, nil
}

// bulk is a stream on each connection that begins anew until it is stopped.
type bulk struct {
	items   atomic.Uint64
	over    atomic.Bool
	failure atomic.Pointer[error]
	running sync.WaitGroup
}

// start returns when the first item is there.
func (b *bulk) start(conn StreamConn) {
	flowing := make(chan struct{})
	var once sync.Once
	flows := func() { once.Do(func() { close(flowing) }) }
	b.running.Go(func() {
		defer flows() // also when it fails
		request := StreamRequest(bulkItems, bulkItemSize)
		for !b.over.Load() {
			check := itemCheck{size: bulkItemSize}
			err := conn.RequestStream(request, bulkPrefetch, func(item []byte) {
				flows()
				b.items.Add(1)
				check.each(item)
			})
			if err := check.end(bulkItems, err); err != nil {
				b.failure.CompareAndSwap(nil, &err)
				return
			}
		}
	})
	<-flowing
}

func (b *bulk) stop(t *tally) {
	b.over.Store(true)
	b.running.Wait()
	if err := b.failure.Load(); err != nil {
		t.failed(fmt.Errorf("the bulk stream: %w", *err))
	}
}
