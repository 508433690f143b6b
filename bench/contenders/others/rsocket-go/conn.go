package main

import (
	"context"
	"errors"

	"github.com/rsocket/rsocket-go"
	"github.com/rsocket/rsocket-go/payload"
	"github.com/rsocket/rsocket-go/rx"
	"github.com/rsocket/rsocket-go/rx/flux"

	"github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/bench/load"
)

// conn is a client behind the load interface.
type conn struct {
	rsocket.Client
	keeps bool // answers are kept
}

func (c conn) Close() { _ = c.Client.Close() }

func (c conn) NewRequest(data []byte) load.Request { return payload.New(data, nil) }

func (c conn) RequestResponse(request load.Request) load.Ask {
	ctx, sent := context.Background(), request.(payload.Payload)
	return func(look func([]byte)) error {
		answer, release, err := c.Client.RequestResponse(sent).BlockUnsafe(ctx)
		if err != nil {
			return err
		}
		if answer == nil {
			return errors.New("completed without a payload")
		}
		defer release()
		data := answer.Data()
		if c.keeps {
			data = append([]byte(nil), data...) // release takes the answer back
		}
		look(data)
		return nil
	}
}

func (c conn) FireAndForget(request load.Request) error {
	c.Client.FireAndForget(request.(payload.Payload))
	return nil
}

func (c conn) RequestStream(request []byte, prefetch int, each func([]byte)) error {
	return take(c.Client.RequestStream(payload.New(request, nil)), prefetch, each)
}

func (c conn) RequestChannel(n int, item func(int) []byte, prefetch int, each func([]byte)) error {
	return take(c.Client.RequestChannel(generated(n, item)), prefetch, each)
}

// take asks for so many items, and for half as many again when half of them are taken.
func take(items flux.Flux, prefetch int, each func([]byte)) error {
	ended := make(chan error, 1)
	var subscription rx.Subscription
	taken, half := 0, max(1, prefetch/2)
	items.Subscribe(context.Background(),
		rx.OnSubscribe(func(_ context.Context, s rx.Subscription) {
			subscription = s
			s.Request(prefetch)
		}),
		rx.OnNext(func(item payload.Payload) error {
			each(item.Data())
			if taken++; taken%half == 0 {
				subscription.Request(half)
			}
			return nil
		}),
		rx.OnComplete(func() { ended <- nil }),
		rx.OnError(func(err error) { ended <- err }),
	)
	return <-ended
}
