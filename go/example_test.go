package rsocket_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net"
	"strconv"
	"strings"
	"time"

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
	return startServerAt("127.0.0.1:0", handler)
}

// startServerAt serves handler at an address until stop is called.
func startServerAt(at string, handler rsocket.Handler) (address string, stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	listener, err := rsocket.Listen(ctx, "tcp://"+at)
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

// counter streams the numbers from 1 to what the request says.
var counter = rsocket.Handler{
	RequestStream: func(_ context.Context, request *rsocket.Payload) iter.Seq2[*rsocket.Payload, error] {
		return func(yield func(*rsocket.Payload, error) bool) {
			last, err := strconv.Atoi(request.GetDataAsString())
			if err != nil {
				yield(nil, rsocket.NewError(rsocket.CodeInvalid, "not a number"))
				return
			}
			for i := range last {
				if !yield(rsocket.NewPayload(strconv.Itoa(i+1), ""), nil) {
					return
				}
			}
		}
	},
}

// upper answers each item of a channel in upper case.
var upper = rsocket.Handler{
	RequestChannel: func(_ context.Context, requests iter.Seq2[*rsocket.Payload, error]) iter.Seq2[*rsocket.Payload, error] {
		return func(yield func(*rsocket.Payload, error) bool) {
			for request, err := range requests {
				if err != nil {
					return // the requester failed or left
				}
				if !yield(rsocket.NewPayload(strings.ToUpper(request.GetDataAsString()), ""), nil) {
					return
				}
			}
		}
	},
}

func ExampleConn_RequestStream() {
	address, stop := startServer(counter)
	defer stop()
	ctx := context.Background()
	conn, err := rsocket.Dial(ctx, "tcp://"+address)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close()

	for item, err := range conn.RequestStream(ctx, rsocket.NewPayload("3", "")) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(item.GetDataAsString())
	}

	// At most 8 items are on their way, and leaving the loop cancels the rest.
	for item := range conn.RequestStream(ctx, rsocket.NewPayload("1000000", ""), rsocket.WithPrefetch(8)) {
		fmt.Println(item.GetDataAsString(), "of a million")
		break
	}
	// Output:
	// 1
	// 2
	// 3
	// 1 of a million
}

// With manual requests, nothing comes that was not asked for.
func ExampleConn_OpenStream() {
	address, stop := startServer(counter)
	defer stop()
	ctx := context.Background()
	conn, err := rsocket.Dial(ctx, "tcp://"+address)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close()

	stream, err := conn.OpenStream(ctx, rsocket.NewPayload("5", ""), rsocket.WithManualRequests(1))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer stream.Cancel()
	for {
		item, err := stream.Recv(ctx)
		if err == io.EOF {
			fmt.Println("complete")
			return
		}
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(item.GetDataAsString())
		stream.Request(1) // the next one, please
	}
	// Output:
	// 1
	// 2
	// 3
	// 4
	// 5
	// complete
}

func ExampleConn_RequestChannel() {
	address, stop := startServer(upper)
	defer stop()
	ctx := context.Background()
	conn, err := rsocket.Dial(ctx, "tcp://"+address)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close()

	words := func(yield func(*rsocket.Payload, error) bool) {
		for _, word := range []string{"one", "two", "three"} {
			if !yield(rsocket.NewPayload(word, ""), nil) {
				return
			}
		}
	}
	for answer, err := range conn.RequestChannel(ctx, words) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(answer.GetDataAsString())
	}
	// Output:
	// ONE
	// TWO
	// THREE
}

// A channel can also be held in the hand, for a conversation.
func ExampleConn_OpenChannel() {
	address, stop := startServer(upper)
	defer stop()
	ctx := context.Background()
	conn, err := rsocket.Dial(ctx, "tcp://"+address)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close()

	channel, err := conn.OpenChannel(ctx, rsocket.NewPayload("ping", ""))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer channel.Cancel()
	answer, err := channel.Recv(ctx)
	fmt.Println(answer.GetDataAsString(), err)

	fmt.Println(channel.Send(ctx, rsocket.NewPayload("ping again", "")))
	answer, err = channel.Recv(ctx)
	fmt.Println(answer.GetDataAsString(), err)

	channel.CloseSend()
	_, err = channel.Recv(ctx)
	fmt.Println(err)
	// Output:
	// PING <nil>
	// <nil>
	// PING AGAIN <nil>
	// EOF
}

func ExampleConn_MetadataPush() {
	arrived := make(chan string, 1)
	address, stop := startServer(rsocket.Handler{
		MetadataPush: func(_ context.Context, metadata []byte) {
			arrived <- string(metadata)
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

	if err := conn.MetadataPush(ctx, []byte("a new token")); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("the server got:", <-arrived)
	// Output: the server got: a new token
}

// Here the server allows two requests in an hour. To allow as many again and again, there is [rsocket.FixedLease].
func ExampleWithLease() {
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
		rsocket.Serve(ctx, listener, greeter, rsocket.WithLease(func(_ context.Context, client *rsocket.Conn) {
			client.GrantLease(rsocket.Lease{TTL: time.Hour, Requests: 2})
		}))
	}()
	defer func() {
		stop()
		<-served
	}()

	leases := make(chan rsocket.Lease, 1)
	conn, err := rsocket.Dial(ctx, "tcp://"+listener.Addr().String(),
		rsocket.WithLease(func(context.Context, *rsocket.Conn) {}), // the server may ask nothing
		rsocket.WithHandler(rsocket.Handler{Lease: func(lease rsocket.Lease) { leases <- lease }}))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close()
	lease := <-leases
	fmt.Println(lease.Requests, "requests within", lease.TTL)

	for range 3 {
		answer, err := conn.RequestResponse(ctx, rsocket.NewPayload("Ada", ""))
		if errors.Is(err, rsocket.ErrNoLease) {
			fmt.Println("no more for now")
			continue
		}
		fmt.Println(answer.GetDataAsString(), err)
	}
	// Output:
	// 2 requests within 1h0m0s
	// Hello, Ada! <nil>
	// Hello, Ada! <nil>
	// no more for now
}

// A yield returns when the requester has asked for the item, and false when it wants no more: then the handler cleans
// up and returns.
func ExampleHandler_requestStream() {
	cleanedUp := make(chan struct{})
	address, stop := startServer(rsocket.Handler{
		RequestStream: func(_ context.Context, request *rsocket.Payload) iter.Seq2[*rsocket.Payload, error] {
			return func(yield func(*rsocket.Payload, error) bool) {
				defer close(cleanedUp)
				for yield(request, nil) { // without an end
				}
			}
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

	for item := range conn.RequestStream(ctx, rsocket.NewPayload("again", "")) {
		fmt.Println(item.GetDataAsString())
		break
	}
	<-cleanedUp
	fmt.Println("the handler has returned")
	// Output:
	// again
	// the handler has returned
}

// The answers of a channel need not match its requests: here one sum follows them all.
func ExampleHandler_requestChannel() {
	address, stop := startServer(rsocket.Handler{
		RequestChannel: func(_ context.Context, requests iter.Seq2[*rsocket.Payload, error]) iter.Seq2[*rsocket.Payload, error] {
			return func(yield func(*rsocket.Payload, error) bool) {
				sum := 0
				for request, err := range requests {
					if err != nil {
						return // the requester failed or left
					}
					number, err := strconv.Atoi(request.GetDataAsString())
					if err != nil {
						yield(nil, rsocket.NewError(rsocket.CodeInvalid, "not a number"))
						return
					}
					sum += number
				}
				yield(rsocket.NewPayload(strconv.Itoa(sum), ""), nil)
			}
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

	oneToTen := func(yield func(*rsocket.Payload, error) bool) {
		for i := range 10 {
			if !yield(rsocket.NewPayload(strconv.Itoa(i+1), ""), nil) {
				return
			}
		}
	}
	for answer, err := range conn.RequestChannel(ctx, oneToTen) {
		fmt.Println(answer.GetDataAsString(), err)
	}
	// Output: 55 <nil>
}
