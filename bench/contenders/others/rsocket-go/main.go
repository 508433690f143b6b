// Command rsocket-go is github.com/rsocket/rsocket-go as a contender of the benchmark.
package main

import (
	"context"
	"net"
	"sync/atomic"

	"github.com/rsocket/rsocket-go"
	"github.com/rsocket/rsocket-go/core/transport"
	"github.com/rsocket/rsocket-go/payload"

	"github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/bench/contenders/others"
	"github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/bench/load"
)

func main() {
	load.Main(load.Contender{
		Name:     "rsocket-go",
		Versions: others.Versions("github.com/rsocket/rsocket-go"),
		Serve:    serve,
		Dial:     dial,
	})
}

func serve(_ string, received *atomic.Uint64) (string, error) {
	// The library's own listener does not tell the port that it got, so it is handed one that does.
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	handOver := func(context.Context) (transport.ServerTransport, error) {
		return transport.NewTCPServerTransport(func(context.Context) (net.Listener, error) { return listener, nil }), nil
	}
	started, failed := make(chan struct{}), make(chan error, 1)
	go func() {
		failed <- rsocket.Receive().
			OnStart(func() { close(started) }).
			Acceptor(func(context.Context, payload.SetupPayload, rsocket.CloseableRSocket) (rsocket.RSocket, error) {
				return responder(received), nil
			}).
			Transport(handOver).
			Serve(context.Background())
	}()
	select {
	case <-started:
		return listener.Addr().String(), nil
	case err := <-failed:
		return "", err
	}
}

func dial(settings load.Settings) (load.Conn, error) {
	builder := rsocket.Connect()
	if settings.Keepalive > 0 {
		builder = builder.KeepAlive(settings.Keepalive, 10*settings.Keepalive, 1)
	}
	client, err := builder.Transport(rsocket.TCPClient().SetAddr(settings.Connect).Build()).Start(context.Background())
	if err != nil {
		return nil, err
	}
	return conn{client, settings.Form == load.Kept}, nil
}
