package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/rsocket/rsocket-go"
	"github.com/rsocket/rsocket-go/payload"
	"github.com/rsocket/rsocket-go/rx"
)

var errCancelled = errors.New("cancelled")

// cancel cancels a request when standard input says that the server has it, shows with an echo that the connection
// lives on, and holds the connection until standard input ends, so that the server can tell CANCEL from a close.
func cancel(client rsocket.Client, o options, r *report) error {
	input := bufio.NewReader(os.Stdin)
	subscriptions := make(chan rx.Subscription, 1)
	client.RequestResponse(payload.New([]byte(hangRequest), nil)).Subscribe(context.Background(),
		rx.OnSubscribe(func(_ context.Context, s rx.Subscription) {
			subscriptions <- s
			// In rsocket-go this call lasts until the answer is there.
			s.Request(rx.RequestMax)
		}),
	)
	if _, err := input.ReadString('\n'); err != nil {
		return fmt.Errorf("waiting for go: %w", err)
	}
	(<-subscriptions).Cancel()
	// Nothing to wait for: rsocket-go notes the cancellation, and tells it to nobody until the request ends otherwise.
	if err := r.failure(0, errCancelled); err != nil {
		return err
	}
	if err := echoOnce(client, o.echoRequest(), 1, r); err != nil {
		return err
	}
	if err := r.done(); err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, input); err != nil {
		return fmt.Errorf("waiting for the end of the input: %w", err)
	}
	return nil
}
