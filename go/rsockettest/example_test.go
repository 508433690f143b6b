package rsockettest_test

import (
	"context"
	"fmt"
	"testing"

	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
	"github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go/rsockettest"
)

func ExampleConnect() {
	// In a test of yours this is the test's own t.
	t := new(testing.T)
	client, _ := rsockettest.Connect(t, rsocket.Handler{
		RequestResponse: func(_ context.Context, name *rsocket.Payload) (*rsocket.Payload, error) {
			return rsocket.NewPayload("Hello, "+name.GetDataAsString()+"!", ""), nil
		},
	})
	answer, err := client.RequestResponse(context.Background(), rsocket.NewPayload("Ada", ""))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(answer.GetDataAsString())
	// Output: Hello, Ada!
}
