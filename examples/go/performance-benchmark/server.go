package main

import (
	"context"
	"fmt"

	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
)

// server is an echo server in this process, on a free loopback port.
type server struct {
	url   string
	close func() // returns when the server is gone
}

func startServer(ctx context.Context) (*server, error) {
	listener, err := rsocket.Listen(ctx, "tcp://127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("starting a server: %w", err)
	}
	handler := rsocket.Handler{
		RequestResponse: func(_ context.Context, request *rsocket.Payload) (*rsocket.Payload, error) {
			return request, nil
		},
	}
	// An interrupt ends the load first and the server after it.
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		// Should it fail, the connection's requests fail too and say so.
		_ = rsocket.Serve(ctx, listener, handler)
	}()
	return &server{
		url: "tcp://" + listener.Addr().String(),
		close: func() {
			stop()
			<-stopped
		},
	}, nil
}
