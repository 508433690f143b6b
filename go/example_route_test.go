package rsocket_test

import (
	"context"
	"fmt"

	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
)

// A request for a server that finds its handlers by routes, such as Spring's.
func ExampleNewRequest() {
	request, err := rsocket.NewRequest([]byte(`{"id":7}`),
		rsocket.WithRoute("orders.find"),
		rsocket.WithBearerToken("a token"),
		rsocket.WithMetadataEntry("application/x.tenant", []byte("acme")))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%q\n%q\n", request.GetDataAsString(), request.GetMetadataAsString())
	// Output:
	// "{\"id\":7}"
	// "\xfe\x00\x00\f\vorders.find\xfc\x00\x00\b\x81a token\x13application/x.tenant\x00\x00\x04acme"
}

// A server that finds its handlers by routes, and a client that says so in its setup.
func ExampleRouteOf() {
	handlers := map[string]func(string) string{
		"greet": func(name string) string { return "Hello, " + name + "!" },
	}
	address, stop := startServer(rsocket.Handler{
		RequestResponse: func(_ context.Context, request *rsocket.Payload) (*rsocket.Payload, error) {
			route, err := rsocket.RouteOf(request)
			if err != nil {
				return nil, err // the client gets INVALID, and what is wrong
			}
			handle, ok := handlers[route]
			if !ok {
				return nil, rsocket.NewError(rsocket.CodeInvalid, "nothing is at "+route)
			}
			return rsocket.NewPayload(handle(request.GetDataAsString()), ""), nil
		},
	})
	defer stop()

	ctx := context.Background()
	conn, err := rsocket.Dial(ctx, "tcp://"+address, rsocket.WithCompositeMetadata(), rsocket.WithDataMIME("text/plain"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close()
	for _, route := range []string{"greet", "part"} {
		request, err := rsocket.NewRequest([]byte("Ada"), rsocket.WithRoute(route))
		if err != nil {
			fmt.Println(err)
			return
		}
		answer, err := conn.RequestResponse(ctx, request)
		fmt.Println(answer.GetDataAsString(), err)
	}
	// Output:
	// Hello, Ada! <nil>
	//  rsocket: request invalid: nothing is at part (INVALID, from peer)
}
