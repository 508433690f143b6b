package main

import (
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"
)

// meter counts messages. What is produced and neither waiting nor received is on its way.
type meter struct {
	publishes, subscribes bool // which of the columns are known here

	produced, waiting, received atomic.Int64
}

// show prints a line every 100 ms until stop is called.
func (m *meter) show(out io.Writer) (stop func()) {
	stopped := make(chan struct{})
	var showing sync.WaitGroup
	showing.Go(func() {
		started := time.Now()
		ticker := time.NewTicker(100 * time.Millisecond)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				m.line(out, time.Since(started))
			case <-stopped:
				return
			}
		}
	})
	return func() {
		close(stopped)
		showing.Wait()
	}
}

func (m *meter) line(out io.Writer, after time.Duration) {
	text := fmt.Sprintf("%6.1f s", after.Seconds())
	if m.publishes {
		text += fmt.Sprintf("   produced %6d   waiting for credit %6d", m.produced.Load(), m.waiting.Load())
	}
	if m.subscribes {
		text += fmt.Sprintf("   received %6d", m.received.Load())
	}
	fmt.Fprintln(out, text)
}
