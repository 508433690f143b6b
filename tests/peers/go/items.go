package main

import (
	"context"
	"iter"
	"strconv"
	"strings"

	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
)

const (
	// cancelPrefix begins the data of a channel whose responder takes so many items and no more.
	cancelPrefix = "cancel-after:"
	// hold is the data of a channel whose responder takes no item behind the first until the channel is over.
	hold = "hold"
)

// items is a stream's or a channel's.
type items = iter.Seq2[*rsocket.Payload, error]

// streamFor gives the items that a request-stream's data asks for.
func streamFor(data string) items {
	if big, ok := strings.CutPrefix(data, "big:"); ok {
		size, count, _ := strings.Cut(big, ":")
		bytes, errSize := strconv.Atoi(size)
		n, errCount := strconv.Atoi(count)
		if errSize != nil || errCount != nil {
			return notUnderstood
		}
		return patterns(bytes, n)
	}
	count, message, fails := strings.Cut(data, ":error:")
	n, err := strconv.Atoi(count)
	if err != nil {
		return notUnderstood
	}
	if fails {
		return failing(numbers(n, ""), message)
	}
	return numbers(n, "")
}

func notUnderstood(yield func(*rsocket.Payload, error) bool) {
	yield(nil, rsocket.NewError(rsocket.CodeInvalid, "the data of the request-stream is not understood"))
}

// numbers are those below n; first replaces the first one unless it is empty.
func numbers(n int, first string) items {
	return func(yield func(*rsocket.Payload, error) bool) {
		for i := range n {
			data := strconv.Itoa(i)
			if i == 0 && first != "" {
				data = first
			}
			if !yield(rsocket.NewPayload(data, ""), nil) {
				return
			}
		}
	}
}

// patterns are n items of so many bytes, each with its own pattern.
func patterns(size, n int) items {
	return func(yield func(*rsocket.Payload, error) bool) {
		for i := range n {
			if !yield(rsocket.NewPayloadFromBytes(pattern(uint32(i), size), nil), nil) {
				return
			}
		}
	}
}

// failing is items with an application error behind them.
func failing(items items, message string) items {
	return func(yield func(*rsocket.Payload, error) bool) {
		for item, err := range items {
			if !yield(item, err) {
				return
			}
		}
		yield(nil, rsocket.NewError(rsocket.CodeApplicationError, message))
	}
}

// echoItems sends a channel's items back, all of them or as many as the first one says. Leaving the loop tells the
// requester that no more are wanted.
func echoItems(ctx context.Context, requests items) items {
	return func(yield func(*rsocket.Payload, error) bool) {
		wanted, taken := 0, 0
		for item, err := range requests {
			if taken == 0 && err == nil {
				if item.GetDataAsString() == hold {
					<-ctx.Done()
				}
				wanted = wantedBy(item)
			}
			taken++
			if !yield(item, err) || err != nil || taken == wanted {
				return
			}
		}
	}
}

// wantedBy tells how many items of a channel are echoed that begins with this one, itself included; 0 is all.
func wantedBy(first *rsocket.Payload) int {
	count, ok := strings.CutPrefix(first.GetDataAsString(), cancelPrefix)
	n, err := strconv.Atoi(count)
	if !ok || err != nil {
		return 0
	}
	return max(n, 1)
}
