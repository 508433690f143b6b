package main

import (
	"context"
	"fmt"
	"log"
	"strconv"

	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
)

// session is what the server knows of one client.
type session struct {
	// client is there before the first request: none is read while setup runs.
	client *rsocket.Conn
	// name is there once named is closed.
	name  string
	named chan struct{}
	log   *log.Logger
}

func (s *session) setup(_ context.Context, _ *rsocket.Setup, client *rsocket.Conn) error {
	s.client = client
	return nil
}

func (s *session) askName(ctx context.Context) error {
	name, err := s.client.RequestResponse(ctx, rsocket.NewPayload("What is your name?", ""))
	if err != nil {
		return err
	}
	s.name = name.GetDataAsString()
	s.log.Printf("the client calls itself %q", s.name)
	close(s.named)
	return nil
}

// answer adds up the client's numbers, for which it asks the client on the same connection. If the client withdraws
// its request, ctx ends and the stream of numbers with it.
func (s *session) answer(ctx context.Context, request *rsocket.Payload) (*rsocket.Payload, error) {
	if request.GetDataAsString() != "sum" {
		return nil, rsocket.NewError(rsocket.CodeInvalid, "only sums are computed here")
	}
	sum, count, err := s.addNumbers(ctx)
	if err != nil {
		return nil, fmt.Errorf("asking back: %w", err)
	}
	s.log.Printf("the client streamed %d numbers", count)
	select {
	case <-s.named:
		return rsocket.NewPayload(fmt.Sprintf("%s, the sum of your %d numbers is %d", s.name, count, sum), ""), nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (s *session) addNumbers(ctx context.Context) (sum, count int, err error) {
	for item, err := range s.client.RequestStream(ctx, rsocket.NewPayload("numbers", "")) {
		if err != nil {
			return 0, 0, err
		}
		number, err := strconv.Atoi(item.GetDataAsString())
		if err != nil {
			return 0, 0, rsocket.NewError(rsocket.CodeInvalid, "an item is not a number")
		}
		sum += number
		count++
	}
	return sum, count, nil
}
