// Command ours-go is this repository's Go package as a contender of the benchmark.
package main

import (
	"context"
	"strings"
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

// serve listens at TCP unless the form is another transport.
func serve(form string, received *atomic.Uint64) (string, error) {
	ctx := context.Background()
	at, ok := transports[form]
	if !ok {
		at = transports["tcp"]
	}
	url, options, err := at()
	if err != nil {
		return "", err
	}
	listener, err := rsocket.Listen(ctx, url, options...)
	if err != nil {
		return "", err
	}
	// It ends with the process; should it fail before, the client's requests say so.
	go func() { _ = rsocket.Serve(ctx, listener, handler(received), options...) }()
	return dialled(url, listener), nil
}

func dial(settings load.Settings) (load.Conn, error) {
	var options []rsocket.Option
	if settings.Keepalive > 0 {
		options = append(options, rsocket.WithKeepalive(settings.Keepalive, 10*settings.Keepalive))
	}
	url := settings.Connect
	if !strings.Contains(url, "://") {
		url = "tcp://" + url
	}
	if isSecure(url) {
		options = append(options, rsocket.WithTLS(trusting))
	}
	c, err := rsocket.Dial(context.Background(), url, options...)
	if err != nil {
		return nil, err
	}
	return conn{c, settings.Form == load.Kept}, nil
}
