package rsocket_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
	"github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go/rsockettest"
)

func ExampleWithResume() {
	// A network in memory, so that there is something to cut.
	network := rsockettest.NewNetwork()
	server, err := rsocket.NewServer(rsocket.Handler{
		RequestResponse: func(_ context.Context, request *rsocket.Payload) (*rsocket.Payload, error) {
			network.Cut() // The answer will have to go another way.
			return rsocket.NewPayload("Hello, "+request.GetDataAsString()+"!", ""), nil
		},
	}, rsocket.WithResume(rsocket.ResumeOptions{}))
	if err != nil {
		fmt.Println(err)
		return
	}
	go server.Serve(network)
	defer server.Close()

	// In a program rsocket.Dial does this, and dials again by itself.
	resumed := make(chan struct{})
	client := network.Connect(new(testing.T), rsocket.WithResume(rsocket.ResumeOptions{
		Dial:    network.Dial,
		Backoff: rsocket.Backoff{Min: time.Millisecond},
		OnEvent: func(event rsocket.ConnEvent) {
			if event.Kind == rsocket.EventResumed {
				close(resumed)
			}
		},
	}))
	defer client.Close()
	answer, err := client.RequestResponse(context.Background(), rsocket.NewPayload("world", ""))
	if err != nil {
		fmt.Println(err)
		return
	}
	<-resumed
	fmt.Println(answer.GetDataAsString())
	fmt.Println(network.Dialled(), "transports")
	// Output:
	// Hello, world!
	// 2 transports
}
