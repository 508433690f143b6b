package rsocket_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"

	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
)

func ExampleNewHTTPHandler() {
	server, err := rsocket.NewServer(greeter)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "a page") })
	mux.Handle("/rsocket", rsocket.NewHTTPHandler(server))
	site := httptest.NewServer(mux)
	defer site.Close()

	page, err := http.Get(site.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer page.Body.Close()
	text, _ := io.ReadAll(page.Body)
	fmt.Println(string(text))

	ctx := context.Background()
	conn, err := rsocket.Dial(ctx, "ws://"+strings.TrimPrefix(site.URL, "http://")+"/rsocket")
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
	// Output:
	// a page
	// Hello, Ada!
}

func ExampleClient_ConnectWebSocket() {
	listener, err := rsocket.Listen(context.Background(), "ws://127.0.0.1:0/rsocket")
	if err != nil {
		fmt.Println(err)
		return
	}
	server, err := rsocket.NewServer(greeter)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()
	go server.Serve(listener)

	client := rsocket.NewClient()
	if err := client.ConnectWebSocket("ws://" + listener.Addr().String() + "/rsocket"); err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()
	answered := make(chan struct{})
	err = client.RequestResponse(rsocket.NewPayload("Ada", ""), func(answer *rsocket.Payload, err error) {
		defer close(answered)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(answer.GetDataAsString())
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	<-answered
	// Output: Hello, Ada!
}
