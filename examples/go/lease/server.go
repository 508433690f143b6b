package main

import (
	"context"
	"io"
	"log"
	"net"

	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
)

// serve returns when ctx ends and every handler has. Each client gets leases of its own.
func serve(ctx context.Context, listener net.Listener, settings settings, stderr io.Writer) error {
	log := log.New(stderr, "server: ", 0)
	handler := rsocket.Handler{
		RequestResponse: func(_ context.Context, request *rsocket.Payload) (*rsocket.Payload, error) {
			log.Printf("answering %q", request.GetDataAsString())
			return request, nil
		},
	}
	err := rsocket.Serve(ctx, listener, handler, rsocket.WithLease(rsocket.FixedLease(settings.allowed, settings.period)))
	if ctx.Err() != nil {
		return nil // we were told to stop
	}
	return err
}
