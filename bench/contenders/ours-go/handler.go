package main

import (
	"context"
	"iter"
	"sync/atomic"

	"github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/bench/load"
	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
)

type items = iter.Seq2[*rsocket.Payload, error]

func handler(received *atomic.Uint64) rsocket.Handler {
	return rsocket.Handler{
		RequestResponse: func(_ context.Context, request *rsocket.Payload) (*rsocket.Payload, error) {
			return request.Once(), nil
		},
		FireAndForget: func(_ context.Context, request *rsocket.Payload) {
			received.Add(1)
			request.Release()
		},
		RequestStream:  func(_ context.Context, request *rsocket.Payload) items { return stream(request.Data()) },
		RequestChannel: func(_ context.Context, requests items) items { return once(requests) },
	}
}

// once are the same items, of which each is sent and not used after that.
func once(requests items) items {
	return func(yield func(*rsocket.Payload, error) bool) {
		for item, err := range requests {
			if !yield(item.Once(), err) {
				return
			}
		}
	}
}

func stream(request []byte) items {
	return func(yield func(*rsocket.Payload, error) bool) {
		n, size, err := load.ParseStream(request)
		if err != nil {
			yield(nil, err)
			return
		}
		data := load.Pattern(0, size)
		for i := range n {
			load.PutIndex(data, uint64(i))
			if !yield(rsocket.NewPayloadFromBytes(data, nil).Once(), nil) {
				return
			}
		}
	}
}
