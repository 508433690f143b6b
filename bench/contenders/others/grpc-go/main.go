// Command grpc-go is google.golang.org/grpc as a contender of the benchmark: the same bytes in a message with one field, which is what
// gRPC's users send.
package main

import (
	"context"
	"net"
	"sync/atomic"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/bench/contenders/others"
	"github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/bench/load"
)

func main() {
	load.Main(load.Contender{
		Name:     "grpc-go",
		Versions: others.Versions("google.golang.org/grpc", "google.golang.org/protobuf"),
		Serve:    serve,
		Dial:     dial,
	})
}

func serve(string, *atomic.Uint64) (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	// Its default is as many streams on a connection as the client likes; the client's is to ask for no more than the server allows.
	server := grpc.NewServer()
	server.RegisterService(&service, nil)
	// It ends with the process; should it fail before, the client's requests say so.
	go func() { _ = server.Serve(listener) }()
	return listener.Addr().String(), nil
}

// dial connects at once. The keepalive stays the library's own, which is none: a server of its defaults takes one every five minutes.
func dial(settings load.Settings) (load.Conn, error) {
	client, err := grpc.NewClient("passthrough:///"+settings.Connect, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return nil, err
	}
	client.Connect()
	return conn{client, context.Background()}, nil
}
