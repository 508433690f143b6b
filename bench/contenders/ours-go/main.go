// Command ours-go is this repository's Go package as a contender of the benchmark.
package main

import (
	"context"
	"sync/atomic"

	"github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/bench/load"
	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
)

func main() {
	load.Main(load.Contender{
		Name:     "ours-go",
		Versions: func() map[string]string { return map[string]string{"rsocket-go-ffi": rsocket.GetVersion()} },
		Serve:    serve,
		Dial:     dial,
	})
}

func serve(received *atomic.Uint64) (string, error) {
	ctx := context.Background()
	listener, err := rsocket.Listen(ctx, "tcp://127.0.0.1:0")
	if err != nil {
		return "", err
	}
	// It ends with the process; should it fail before, the client's requests say so.
	go func() { _ = rsocket.Serve(ctx, listener, handler(received)) }()
	return listener.Addr().String(), nil
}

func dial(settings load.Settings) (load.Conn, error) {
	var options []rsocket.Option
	if settings.Keepalive > 0 {
		options = append(options, rsocket.WithKeepalive(settings.Keepalive, 10*settings.Keepalive))
	}
	c, err := rsocket.Dial(context.Background(), "tcp://"+settings.Connect, options...)
	if err != nil {
		return nil, err
	}
	return conn{c, settings.Form == load.Kept}, nil
}
