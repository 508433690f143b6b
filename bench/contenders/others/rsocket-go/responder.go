package main

import (
	"context"
	"sync/atomic"

	"github.com/rsocket/rsocket-go"
	"github.com/rsocket/rsocket-go/payload"
	"github.com/rsocket/rsocket-go/rx/flux"
	"github.com/rsocket/rsocket-go/rx/mono"

	"github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/bench/load"
)

func responder(received *atomic.Uint64) rsocket.RSocket {
	return rsocket.NewAbstractSocket(
		// The library takes the memory of what it hands out back, so an echo is a copy.
		rsocket.RequestResponse(func(request payload.Payload) mono.Mono { return mono.Just(payload.Clone(request)) }),
		rsocket.FireAndForget(func(payload.Payload) { received.Add(1) }),
		rsocket.RequestStream(func(request payload.Payload) flux.Flux { return stream(request.Data()) }),
		rsocket.RequestChannel(func(requests flux.Flux) flux.Flux {
			return requests.Map(func(item payload.Payload) (payload.Payload, error) { return payload.Clone(item), nil })
		}),
	)
}

func stream(request []byte) flux.Flux {
	n, size, err := load.ParseStream(request)
	if err != nil {
		return flux.Error(err)
	}
	pattern := load.Pattern(0, size)
	return generated(n, func(i int) []byte {
		load.PutIndex(pattern, uint64(i))
		return pattern
	})
}

// generated are n items, each a copy. The sink has room for so many items and blocks beyond them; that nobody wants more it tells by a
// panic.
func generated(n int, item func(int) []byte) flux.Flux {
	return flux.Create(func(_ context.Context, sink flux.Sink) {
		defer func() { _ = recover() }()
		for i := range n {
			sink.Next(payload.New(append([]byte(nil), item(i)...), nil))
		}
		sink.Complete()
	})
}
