// Command consumer greets over RSocket, between a client and a server of its own: a program in another Bazel workspace gets the library
// and its engine by naming one dependency.
package main

import (
	"context"
	"fmt"
	"log"

	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
)

func main() {
	if err := greet(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func greet(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	served := make(chan struct{})
	listener, err := rsocket.Listen(ctx, "tcp://127.0.0.1:0")
	if err != nil {
		stop()
		return err
	}
	go func() {
		defer close(served)
		rsocket.Serve(ctx, listener, rsocket.Handler{RequestResponse: answer})
	}()
	defer func() {
		stop()
		<-served
	}()

	conn, err := rsocket.Dial(ctx, "tcp://"+listener.Addr().String())
	if err != nil {
		return err
	}
	defer conn.Close()
	greeting, err := conn.RequestResponse(ctx, rsocket.NewPayload("Bazel", ""))
	if err != nil {
		return err
	}
	fmt.Println(greeting.GetDataAsString())
	return nil
}

func answer(_ context.Context, request *rsocket.Payload) (*rsocket.Payload, error) {
	return rsocket.NewPayload("Hello, "+request.GetDataAsString()+"!", ""), nil
}
