package main

import (
	"context"
	"iter"
	"net"
	"strconv"
	"sync"
	"time"

	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
)

// publisher produces messages at its own rate for each subscriber.
type publisher struct {
	settings settings
	meter    *meter
}

// serve returns when ctx ends and every subscription has.
func (p *publisher) serve(ctx context.Context, listener net.Listener) error {
	err := rsocket.Serve(ctx, listener, rsocket.Handler{RequestStream: p.subscribe})
	if ctx.Err() != nil {
		return nil // we were told to stop
	}
	return err
}

// subscribe sends messages as the subscriber asks for them. Those that are produced meanwhile wait in a buffer; when
// it is full, producing waits too.
func (p *publisher) subscribe(ctx context.Context, _ *rsocket.Payload) iter.Seq2[*rsocket.Payload, error] {
	return func(yield func(*rsocket.Payload, error) bool) {
		ctx, stop := context.WithCancel(ctx)
		buffer := make(chan string, p.settings.buffer)
		var producing sync.WaitGroup
		producing.Go(func() { p.produce(ctx, buffer) })
		for message := range buffer {
			sent := yield(rsocket.NewPayload(message, ""), nil) // returns when there was credit for it
			p.meter.waiting.Add(-1)
			if !sent {
				break
			}
		}
		stop()
		producing.Wait()
		for range buffer { // nobody wants what is left
			p.meter.waiting.Add(-1)
		}
	}
}

// produce fills the buffer until ctx ends, and closes it.
func (p *publisher) produce(ctx context.Context, buffer chan<- string) {
	defer close(buffer)
	ticker := time.NewTicker(interval(p.settings.publish))
	defer ticker.Stop()
	for i := 1; ; i++ {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
		p.meter.produced.Add(1)
		p.meter.waiting.Add(1)
		select {
		case buffer <- "message " + strconv.Itoa(i):
		case <-ctx.Done():
			p.meter.waiting.Add(-1)
			return
		}
	}
}
