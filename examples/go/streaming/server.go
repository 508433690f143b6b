package main

import (
	"context"
	"io"
	"iter"
	"log"
	"net"
	"strconv"

	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
)

// serve returns when ctx ends and every handler has.
func serve(ctx context.Context, listener net.Listener, settings settings, stderr io.Writer) error {
	items := numbers
	if settings.file != "" {
		items = func() iter.Seq2[string, error] { return lines(settings.file) }
	}
	err := rsocket.Serve(ctx, listener, streamer(items, log.New(stderr, "server: ", 0)))
	if ctx.Err() != nil {
		return nil // we were told to stop
	}
	return err
}

// streamer answers a request for N with the first N items, and a request for 0 with all of them.
func streamer(items func() iter.Seq2[string, error], log *log.Logger) rsocket.Handler {
	return rsocket.Handler{
		RequestStream: func(_ context.Context, request *rsocket.Payload) iter.Seq2[*rsocket.Payload, error] {
			return func(yield func(*rsocket.Payload, error) bool) {
				most, err := strconv.Atoi(request.GetDataAsString())
				if err != nil || most < 0 {
					yield(nil, rsocket.NewError(rsocket.CodeInvalid, "the request is to be a number of items"))
					return
				}
				send(items(), most, log, yield)
			}
		},
	}
}

// send yields the first items, or all when most is 0. A yield returns when the client has asked for the item, so the
// client sets the pace and nothing piles up here.
func send(items iter.Seq2[string, error], most int, log *log.Logger, yield func(*rsocket.Payload, error) bool) {
	sent := 0
	for item, err := range items {
		if err != nil {
			log.Printf("failed after %d items: %v", sent, err)
			yield(nil, rsocket.NewError(rsocket.CodeApplicationError, "the items cannot be read"))
			return
		}
		if !yield(rsocket.NewPayload(item, ""), nil) {
			log.Printf("the client left; %d items were sent", sent)
			return
		}
		if sent++; sent == most {
			break
		}
	}
	log.Printf("complete; %d items were sent", sent)
}
