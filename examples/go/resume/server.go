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

// serve returns when ctx ends and every handler has. WithResume is all that a server has to say: it keeps the connections
// of clients that ask for it while they are away, one minute at most.
func serve(ctx context.Context, listener net.Listener, stderr io.Writer) error {
	handler := counter(log.New(stderr, "server: ", 0))
	err := rsocket.Serve(ctx, listener, handler, rsocket.WithResume(rsocket.ResumeOptions{}))
	if ctx.Err() != nil {
		return nil // we were told to stop
	}
	return err
}

// counter answers a request for N with the numbers from 1 to N. It does not notice that transports come and go.
func counter(log *log.Logger) rsocket.Handler {
	return rsocket.Handler{
		RequestStream: func(_ context.Context, request *rsocket.Payload) iter.Seq2[*rsocket.Payload, error] {
			return func(yield func(*rsocket.Payload, error) bool) {
				count, err := strconv.Atoi(request.GetDataAsString())
				if err != nil {
					yield(nil, rsocket.NewError(rsocket.CodeInvalid, "the request is to be a number of items"))
					return
				}
				for i := range count {
					if !yield(rsocket.NewPayload(strconv.Itoa(i+1), ""), nil) {
						return
					}
				}
				log.Printf("complete; each of %d items was yielded once", count)
			}
		},
	}
}
