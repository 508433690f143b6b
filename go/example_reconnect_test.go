package rsocket_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
)

// A server goes away and comes back; the program only sees that its request takes longer.
func ExampleReconnector() {
	address, stop := startServer(greeter)
	lost := make(chan error, 10)
	client, err := rsocket.NewReconnector("tcp://"+address, rsocket.ReconnectPolicy{
		Backoff:     rsocket.Backoff{Min: 200 * time.Millisecond, Jitter: rsocket.NoJitter},
		RetryUnsent: true, // requests wait for the next connection
		OnEvent: func(event rsocket.ConnEvent) {
			if event.Kind == rsocket.EventLost {
				lost <- event.Err
			}
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()

	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	answer, err := client.RequestResponse(ctx, rsocket.NewPayload("Ada", ""))
	fmt.Println(answer.GetDataAsString(), err)

	stop()
	fmt.Println("lost:", errors.Is(<-lost, rsocket.ErrConnectionLost))
	_, stop = startServerAt(address, greeter)
	defer stop()
	answer, err = client.RequestResponse(ctx, rsocket.NewPayload("Grace", ""))
	fmt.Println(answer.GetDataAsString(), err)
	// Output:
	// Hello, Ada! <nil>
	// lost: true
	// Hello, Grace! <nil>
}

// Each connection gets a token that is new, and goes to a server that may be another one each time.
func ExampleNewReconnectorFunc() {
	address, stop := startServer(greeter)
	defer stop()
	servers := func() string { return "tcp://" + address }
	newToken := func() string { return "a token" }

	client, err := rsocket.NewReconnectorFunc(func(ctx context.Context) (*rsocket.Conn, error) {
		setup, err := rsocket.NewRequest(nil, rsocket.WithBearerToken(newToken()))
		if err != nil {
			return nil, err
		}
		return rsocket.Dial(ctx, servers(), rsocket.WithCompositeMetadata(), rsocket.WithSetupPayload(setup))
	}, rsocket.ReconnectPolicy{MaxAttempts: 10})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()

	ctx := context.Background()
	if _, err := client.WaitConnected(ctx); err != nil {
		fmt.Println(err)
		return
	}
	answer, err := client.RequestResponse(ctx, rsocket.NewPayload("Ada", ""))
	fmt.Println(answer.GetDataAsString(), err)
	// Output: Hello, Ada! <nil>
}

// Without a connection requests fail at once, unless they may wait.
func ExampleAllowRetry() {
	noServer := func(context.Context) (*rsocket.Conn, error) { return nil, errors.New("nobody is there") }
	client, err := rsocket.NewReconnectorFunc(noServer, rsocket.ReconnectPolicy{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()

	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	_, err = client.RequestResponse(ctx, rsocket.NewPayload("x", ""))
	fmt.Println("not connected:", errors.Is(err, rsocket.ErrNotConnected))
	_, err = client.RequestResponse(rsocket.AllowRetry(ctx), rsocket.NewPayload("x", ""))
	fmt.Println("in time:", !errors.Is(err, context.DeadlineExceeded))
	// Output:
	// not connected: true
	// in time: false
}

// A program that is written to Requester takes a connection as well as a reconnector.
func ExampleRequester() {
	greet := func(ctx context.Context, server rsocket.Requester, name string) (string, error) {
		answer, err := server.RequestResponse(ctx, rsocket.NewPayload(name, ""))
		return answer.GetDataAsString(), err
	}

	address, stop := startServer(greeter)
	defer stop()
	ctx := context.Background()
	conn, err := rsocket.Dial(ctx, "tcp://"+address)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close()
	fmt.Println(greet(ctx, conn, "Ada"))

	client, err := rsocket.NewReconnector("tcp://"+address, rsocket.ReconnectPolicy{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()
	fmt.Println(greet(rsocket.AllowRetry(ctx), client, "Grace"))
	// Output:
	// Hello, Ada! <nil>
	// Hello, Grace! <nil>
}
