package fairness

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"sync"
	"sync/atomic"

	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
)

// bulk is what is sent beside small requests.
type bulk struct {
	name string
	// item is the length of each payload in bytes; the streams send theirs at the same time.
	item, streams int
	// upwards: the client sends it on channels, else the server on request-streams.
	upwards bool
}

var shapes = []bulk{
	{name: "64 B", item: 64, streams: 1},
	{name: "4 KiB", item: 4 << 10, streams: 1},
	{name: "100 KiB", item: 100 << 10, streams: 1},
	{name: "1 MiB", item: 1 << 20, streams: 1},
	{name: "64 MiB", item: 64 << 20, streams: 1},
	{name: "100 streams of 64 B", item: 64, streams: 100},
	{name: "100 streams of 4 KiB", item: 4 << 10, streams: 100},
	{name: "100 streams of 1 MiB", item: 1 << 20, streams: 100},
	{name: "channel of 64 B", item: 64, streams: 1, upwards: true},
	{name: "channel of 4 KiB", item: 4 << 10, streams: 1, upwards: true},
	{name: "channel of 1 MiB", item: 1 << 20, streams: 1, upwards: true},
	{name: "100 channels of 4 KiB", item: 4 << 10, streams: 100, upwards: true},
}

// window is what a stream may have on its way or waiting, in bytes, and maxPrefetch in items.
const (
	window      = 32 << 20
	maxPrefetch = 256
)

func (b bulk) prefetch() int {
	return min(max(1, window/b.item/b.streams), maxPrefetch)
}

// counters count the bytes of bulk that arrived, on either side.
type counters struct{ arrived atomic.Int64 }

// handler echoes requests, sends items of the length that it is asked for without end, and swallows channels.
func (c *counters) handler() rsocket.Handler {
	return rsocket.Handler{
		RequestResponse: func(_ context.Context, request *rsocket.Payload) (*rsocket.Payload, error) {
			return request, nil
		},
		RequestStream: func(ctx context.Context, request *rsocket.Payload) iter.Seq2[*rsocket.Payload, error] {
			return endless(ctx, int(binary.BigEndian.Uint64(request.Data())))
		},
		RequestChannel: func(_ context.Context, items iter.Seq2[*rsocket.Payload, error]) iter.Seq2[*rsocket.Payload, error] {
			return func(yield func(*rsocket.Payload, error) bool) {
				if err := c.take(items); err != nil {
					yield(nil, err)
				}
			}
		},
	}
}

// take counts items until they end.
func (c *counters) take(items iter.Seq2[*rsocket.Payload, error]) error {
	for item, err := range items {
		if err != nil {
			return err
		}
		c.arrived.Add(int64(item.Len()))
	}
	return nil
}

// endless yields items of so many bytes until nobody wants them.
func endless(ctx context.Context, size int) iter.Seq2[*rsocket.Payload, error] {
	item := rsocket.NewPayloadFromBytes(make([]byte, size), nil)
	return func(yield func(*rsocket.Payload, error) bool) {
		for ctx.Err() == nil && yield(item, nil) {
		}
	}
}

// start has the bulk sent until stop is called, which returns what went wrong.
func (b bulk) start(ctx context.Context, conn *rsocket.Conn, count *counters) (stop func() error) {
	ctx, cancel := context.WithCancel(ctx)
	failed := make(chan error, b.streams)
	var streams sync.WaitGroup
	for range b.streams {
		streams.Go(func() {
			if err := count.take(b.open(ctx, conn)); err != nil && !errors.Is(err, context.Canceled) {
				failed <- fmt.Errorf("a stream of bulk: %w", err)
			}
		})
	}
	return func() error {
		cancel()
		streams.Wait()
		close(failed)
		return <-failed
	}
}

// open starts one of the streams; what it yields is bulk, or nothing.
func (b bulk) open(ctx context.Context, conn *rsocket.Conn) iter.Seq2[*rsocket.Payload, error] {
	if b.upwards {
		return conn.RequestChannel(ctx, endless(ctx, b.item))
	}
	request := binary.BigEndian.AppendUint64(nil, uint64(b.item))
	return conn.RequestStream(ctx, rsocket.NewPayloadFromBytes(request, nil), rsocket.WithPrefetch(b.prefetch()))
}
