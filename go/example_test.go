package rsocket_test

import (
	"context"
	"errors"
	"fmt"
	"net"

	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
)

// greeter answers requests with a greeting.
var greeter = rsocket.Handler{
	RequestResponse: func(_ context.Context, request *rsocket.Payload) (*rsocket.Payload, error) {
		if request.Len() == 0 {
			return nil, rsocket.NewError(rsocket.CodeInvalid, "whom shall I greet?")
		}
		return rsocket.NewPayload("Hello, "+request.GetDataAsString()+"!", ""), nil
	},
}

// startServer serves handler on a free loopback port until stop is called.
func startServer(handler rsocket.Handler) (address string, stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	listener, err := rsocket.Listen(ctx, "tcp://127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	served := make(chan struct{})
	go func() {
		defer close(served)
		rsocket.Serve(ctx, listener, handler)
	}()
	return listener.Addr().String(), func() {
		cancel()
		<-served
	}
}

func ExampleDial() {
	address, stop := startServer(greeter)
	defer stop()

	ctx := context.Background()
	conn, err := rsocket.Dial(ctx, "tcp://"+address)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close()

	answer, err := conn.RequestResponse(ctx, rsocket.NewPayload("Ada", ""))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(answer.GetDataAsString())
	// Output: Hello, Ada!
}

func ExampleServe() {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	listener, err := rsocket.Listen(ctx, "tcp://127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	served := make(chan struct{})
	go func() {
		defer close(served)
		rsocket.Serve(ctx, listener, rsocket.Handler{
			RequestResponse: func(_ context.Context, request *rsocket.Payload) (*rsocket.Payload, error) {
				return request, nil // an echo: a payload may be sent as often as one likes
			},
		})
	}()

	conn, err := rsocket.Dial(ctx, "tcp://"+listener.Addr().String())
	if err != nil {
		fmt.Println(err)
		return
	}
	answer, err := conn.RequestResponse(ctx, rsocket.NewPayload("once more", ""))
	fmt.Println(answer.GetDataAsString(), err)
	conn.Close()

	stop() // Serve closes its connections and returns
	<-served
	fmt.Println("stopped")
	// Output:
	// once more <nil>
	// stopped
}

// Both ends of a connection run over any net.Conn, here over a pipe in memory.
func ExampleServeConn() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	clientEnd, serverEnd := net.Pipe()
	served := make(chan struct{})
	go func() {
		defer close(served)
		server, err := rsocket.ServeConn(ctx, serverEnd, greeter)
		if err != nil {
			fmt.Println("serving:", err)
			return
		}
		<-server.Done()
	}()

	conn, err := rsocket.NewClientConn(ctx, clientEnd)
	if err != nil {
		fmt.Println(err)
		return
	}
	answer, err := conn.RequestResponse(ctx, rsocket.NewPayload("pipe", ""))
	fmt.Println(answer.GetDataAsString(), err)

	conn.Close()
	<-served
	// Output: Hello, pipe! <nil>
}

func ExampleConn_RequestResponse() {
	address, stop := startServer(greeter)
	defer stop()
	ctx := context.Background()
	conn, err := rsocket.Dial(ctx, "tcp://"+address)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close()

	answer, err := conn.RequestResponse(ctx, rsocket.NewPayload("Grace", ""))
	fmt.Println(answer.GetDataAsString(), err)

	_, err = conn.RequestResponse(ctx, rsocket.NewPayload("", ""))
	var refusal *rsocket.Error
	if errors.As(err, &refusal) {
		fmt.Println(refusal.Message, refusal.Code == rsocket.CodeInvalid, errors.Is(err, rsocket.ErrInvalid))
	}
	// Output:
	// Hello, Grace! <nil>
	// whom shall I greet? true true
}

// The callback form needs no goroutine per request. Callbacks run on the connection's reader: they must not block.
func ExampleConn_RequestResponseFunc() {
	address, stop := startServer(greeter)
	defer stop()
	conn, err := rsocket.Dial(context.Background(), "tcp://"+address)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close()

	greetings := make(chan string, 1)
	err = conn.RequestResponseFunc(rsocket.NewPayload("callback", ""), func(answer *rsocket.Payload, err error) {
		if err != nil {
			greetings <- err.Error()
			return
		}
		greetings <- answer.GetDataAsString()
	})
	if err != nil {
		fmt.Println(err) // not sent, and the callback is not called
		return
	}
	fmt.Println(<-greetings)
	// Output: Hello, callback!
}

func ExampleConn_FireAndForget() {
	arrived := make(chan string, 1)
	address, stop := startServer(rsocket.Handler{
		FireAndForget: func(_ context.Context, request *rsocket.Payload) {
			arrived <- request.GetDataAsString()
		},
	})
	defer stop()
	ctx := context.Background()
	conn, err := rsocket.Dial(ctx, "tcp://"+address)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close()

	if err := conn.FireAndForget(ctx, rsocket.NewPayload("no answer needed", "")); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("the server got:", <-arrived)
	// Output: the server got: no answer needed
}

// A server may look at a client's setup and turn it away.
func ExampleHandler_setup() {
	address, stop := startServer(rsocket.Handler{
		Setup: func(_ context.Context, setup *rsocket.Setup, _ *rsocket.Conn) error {
			if setup.Payload.GetDataAsString() != "open sesame" {
				return errors.New("wrong password")
			}
			return nil
		},
		RequestResponse: greeter.RequestResponse,
	})
	defer stop()

	ctx := context.Background()
	for _, password := range []string{"open sesame", "open barley"} {
		conn, err := rsocket.Dial(ctx, "tcp://"+address, rsocket.WithSetupPayload(rsocket.NewPayload(password, "")))
		if err != nil {
			fmt.Println(err)
			return
		}
		_, err = conn.RequestResponse(ctx, rsocket.NewPayload("Ali Baba", ""))
		fmt.Println(password, "is turned away:", errors.Is(err, rsocket.ErrRejectedSetup))
		conn.Close()
	}
	// Output:
	// open sesame is turned away: false
	// open barley is turned away: true
}

// A client with a handler answers the server's requests.
func ExampleWithHandler() {
	ctx := context.Background()
	clientEnd, serverEnd := net.Pipe()
	served := make(chan struct{})
	go func() {
		defer close(served)
		client, err := rsocket.ServeConn(ctx, serverEnd, rsocket.Handler{})
		if err != nil {
			fmt.Println("serving:", err)
			return
		}
		answer, err := client.RequestResponse(ctx, rsocket.NewPayload("server", ""))
		fmt.Println(answer.GetDataAsString(), err)
	}()

	conn, err := rsocket.NewClientConn(ctx, clientEnd, rsocket.WithHandler(greeter))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close()
	<-served
	// Output: Hello, server! <nil>
}

func ExampleClient_RequestResponse() {
	address, stop := startServer(greeter)
	defer stop()

	client := rsocket.NewClient()
	if err := client.ConnectTCP(address); err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()
	fmt.Println("connected:", client.IsConnected())

	done := make(chan struct{})
	err := client.RequestResponse(rsocket.NewPayload("Client", ""), func(answer *rsocket.Payload, err error) {
		defer close(done)
		fmt.Println(answer.GetDataAsString(), err)
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	<-done
	// Output:
	// connected: true
	// Hello, Client! <nil>
}

func ExampleClient_FireAndForget() {
	arrived := make(chan string, 1)
	address, stop := startServer(rsocket.Handler{
		FireAndForget: func(_ context.Context, request *rsocket.Payload) {
			arrived <- request.GetDataAsString()
		},
	})
	defer stop()

	client := rsocket.NewClient()
	if err := client.ConnectTCP(address); err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()
	if err := client.FireAndForget(rsocket.NewPayload("news", "")); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("the server got:", <-arrived)
	// Output: the server got: news
}

func ExampleNewPayload() {
	payload := rsocket.NewPayload("data", "metadata")
	fmt.Println(payload.GetDataAsString(), payload.GetMetadataAsString(), payload.Len())

	// An empty metadata string means that there is none.
	fmt.Println(rsocket.NewPayload("data", "").HasMetadata())
	// Output:
	// data metadata 12
	// false
}

func ExampleNewPayloadFromBytes() {
	buffer := []byte{1, 2, 3}
	payload := rsocket.NewPayloadFromBytes(buffer, nil)
	clear(buffer) // the payload has its own copy
	fmt.Println(payload.Data(), payload.HasMetadata())

	// Metadata that is empty but not nil is sent as such.
	metadata, present := rsocket.NewPayloadFromBytes(buffer, []byte{}).Metadata()
	fmt.Println(len(metadata), present)
	// Output:
	// [1 2 3] false
	// 0 true
}

func ExamplePerformanceMetrics() {
	metrics := rsocket.NewPerformanceMetrics()
	metrics.RecordRequest(100)
	metrics.RecordResponse(250)
	metrics.RecordRequest(100)
	metrics.RecordError()

	fmt.Println("requests:", metrics.GetRequestCount(), "bytes:", metrics.GetBytesSent())
	fmt.Println("responses:", metrics.GetResponseCount(), "bytes:", metrics.GetBytesReceived())
	fmt.Println("errors:", metrics.GetErrorCount())
	// Output:
	// requests: 2 bytes: 200
	// responses: 1 bytes: 250
	// errors: 1
}
