package main

import (
	"context"

	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
)

// conn has payloads that are sent again and again: they may be, as nobody writes to them.
type conn struct{ *rsocket.Conn }

func (c conn) Close() { _ = c.Conn.Close() }

func (c conn) RequestResponse(data []byte) func() ([]byte, error) {
	ctx, request := context.Background(), rsocket.NewPayloadFromBytes(data, nil)
	return func() ([]byte, error) {
		answer, err := c.Conn.RequestResponse(ctx, request)
		return answer.Data(), err
	}
}

func (c conn) RequestResponseFunc(data []byte) func(func([]byte, error)) error {
	request := rsocket.NewPayloadFromBytes(data, nil)
	// The callback for the library is made once for each of ours, which is the same one as long as the place is.
	var ours func([]byte, error)
	callback := func(answer *rsocket.Payload, err error) { ours(answer.Data(), err) }
	return func(done func([]byte, error)) error {
		ours = done
		return c.Conn.RequestResponseFunc(request, callback)
	}
}

func (c conn) FireAndForget(data []byte) func() error {
	ctx, request := context.Background(), rsocket.NewPayloadFromBytes(data, nil)
	return func() error { return c.Conn.FireAndForget(ctx, request) }
}

func (c conn) RequestStream(request []byte, prefetch int, each func([]byte)) error {
	payload := rsocket.NewPayloadFromBytes(request, nil)
	return take(c.Conn.RequestStream(context.Background(), payload, rsocket.WithPrefetch(prefetch)), each)
}

func (c conn) RequestChannel(n int, item func(int) []byte, prefetch int, each func([]byte)) error {
	source := func(yield func(*rsocket.Payload, error) bool) {
		for i := range n {
			if !yield(rsocket.NewPayloadFromBytes(item(i), nil), nil) {
				return
			}
		}
	}
	return take(c.Conn.RequestChannel(context.Background(), source, rsocket.WithPrefetch(prefetch)), each)
}

func take(items items, each func([]byte)) error {
	for item, err := range items {
		if err != nil {
			return err
		}
		each(item.Data())
	}
	return nil
}
