package main

import (
	"context"
	"fmt"
	"io"
	"iter"
	"log"
	"strconv"

	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
)

// talk asks the server at url for a sum and answers what the server asks meanwhile.
func talk(ctx context.Context, url string, settings settings, out io.Writer) error {
	log := log.New(out, "client: ", 0)
	conn, err := rsocket.Dial(ctx, url, rsocket.WithHandler(answers(settings, log)))
	if err != nil {
		return fmt.Errorf("connecting to %s: %w", url, err)
	}
	defer conn.Close()

	log.Println("what is the sum of my numbers?")
	answer, err := conn.RequestResponse(ctx, rsocket.NewPayload("sum", ""))
	if err != nil {
		return fmt.Errorf("asking for the sum: %w", err)
	}
	log.Printf("the server says %q", answer.GetDataAsString())
	return nil
}

// answers is the client's handler: it gives its name and its numbers.
func answers(settings settings, log *log.Logger) rsocket.Handler {
	return rsocket.Handler{
		RequestResponse: func(_ context.Context, request *rsocket.Payload) (*rsocket.Payload, error) {
			log.Printf("the server asks %q", request.GetDataAsString())
			return rsocket.NewPayload(settings.name, ""), nil
		},
		RequestStream: func(_ context.Context, request *rsocket.Payload) iter.Seq2[*rsocket.Payload, error] {
			log.Printf("the server asks for %q", request.GetDataAsString())
			return func(yield func(*rsocket.Payload, error) bool) {
				for i := range settings.numbers {
					if !yield(rsocket.NewPayload(strconv.Itoa(i+1), ""), nil) {
						return
					}
				}
			}
		},
	}
}
