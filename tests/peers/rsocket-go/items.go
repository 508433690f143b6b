package main

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"github.com/rsocket/rsocket-go/payload"
	"github.com/rsocket/rsocket-go/rx"
	"github.com/rsocket/rsocket-go/rx/flux"
)

// cancelPrefix begins the data of a channel whose responder takes so many items and no more.
const cancelPrefix = "cancel-after:"

var errNotUnderstood = errors.New("the data of the request-stream is not understood")

// streamFor gives the items that a request-stream's data asks for.
func streamFor(data string) flux.Flux {
	if big, ok := strings.CutPrefix(data, "big:"); ok {
		size, count, _ := strings.Cut(big, ":")
		bytes, errSize := strconv.Atoi(size)
		n, errCount := strconv.Atoi(count)
		if errSize != nil || errCount != nil {
			return flux.Error(errNotUnderstood)
		}
		return generated(n, func(i int) []byte { return pattern(uint32(i), bytes) }, nil)
	}
	count, message, fails := strings.Cut(data, ":error:")
	n, err := strconv.Atoi(count)
	if err != nil {
		return flux.Error(errNotUnderstood)
	}
	var end error
	if fails {
		end = errors.New(message)
	}
	return generated(n, number, end)
}

func number(i int) []byte { return []byte(strconv.Itoa(i)) }

// generated are n items, and an error behind them if there is one.
// The sink has room for so many items and blocks beyond them; that nobody wants more it tells by a panic.
func generated(n int, item func(int) []byte, end error) flux.Flux {
	return flux.Create(func(_ context.Context, sink flux.Sink) {
		defer func() { _ = recover() }()
		for i := range n {
			sink.Next(payload.New(item(i), nil))
		}
		if end != nil {
			sink.Error(end)
			return
		}
		sink.Complete()
	})
}

// hangItems never come.
func hangItems(out *lines) flux.Flux {
	return flux.
		Create(func(context.Context, flux.Sink) { out.printf("hang") }).
		DoFinally(func(signal rx.SignalType) {
			if signal == rx.SignalCancel {
				out.printf("cancelled")
			}
		})
}

// echoItems sends a channel's items back as they are asked for, all of them or as many as the first one says.
func echoItems(requests flux.Flux) flux.Flux {
	// The library takes an item's memory back when the next one comes, so the echo is a copy.
	return requests.
		SwitchOnFirst(func(first flux.Signal, items flux.Flux) flux.Flux {
			item, ok := first.Value()
			if !ok {
				return items
			}
			count, ok := strings.CutPrefix(item.DataUTF8(), cancelPrefix)
			n, err := strconv.Atoi(count)
			if !ok || err != nil {
				return items
			}
			return items.Take(max(n, 1))
		}).
		Map(func(item payload.Payload) (payload.Payload, error) { return payload.Clone(item), nil })
}
