package main

import (
	"context"

	"github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/bench/load"
	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
)

// conn is a connection behind the load interface.
type conn struct {
	*rsocket.Conn
	keeps bool // answers are kept
}

func (c conn) Close() { _ = c.Conn.Close() }

func (c conn) NewRequest(data []byte) load.Request { return rsocket.NewPayloadFromBytes(data, nil) }

func (c conn) RequestResponse(request load.Request) load.Ask {
	ctx, payload := context.Background(), request.(*rsocket.Payload)
	return func(look func([]byte)) error {
		answer, err := c.Conn.RequestResponse(ctx, payload)
		if err != nil {
			return err
		}
		look(answer.Data())
		if !c.keeps {
			answer.Release()
		}
		return nil
	}
}

func (c conn) RequestResponseFunc(request load.Request) func(func([]byte, error)) error {
	payload := request.(*rsocket.Payload)
	// The callback for the library is made once for each of ours, which is the same one as long as the place is.
	var ours func([]byte, error)
	callback := func(answer *rsocket.Payload, err error) {
		ours(answer.Data(), err)
		answer.Release()
	}
	return func(done func([]byte, error)) error {
		ours = done
		return c.Conn.RequestResponseFunc(payload, callback)
	}
}

func (c conn) FireAndForget(request load.Request) error {
	return c.Conn.FireAndForget(context.Background(), request.(*rsocket.Payload))
}

func (c conn) RequestStream(request []byte, prefetch int, each func([]byte)) error {
	payload := rsocket.NewPayloadFromBytes(request, nil)
	return take(c.Conn.RequestStream(context.Background(), payload, rsocket.WithPrefetch(prefetch)), each)
}

func (c conn) RequestChannel(n int, item func(int) []byte, prefetch int, each func([]byte)) error {
	source := func(yield func(*rsocket.Payload, error) bool) {
		for i := range n {
			if !yield(rsocket.NewPayloadFromBytes(item(i), nil).Once(), nil) {
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
		item.Release()
	}
	return nil
}
