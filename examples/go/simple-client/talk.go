package main

import (
	"context"
	"fmt"
	"io"

	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
)

// talk has one conversation with the server at address.
func talk(ctx context.Context, address, data, metadata string, out io.Writer) error {
	if err := rsocket.Init(); err != nil {
		return fmt.Errorf("starting: %w", err)
	}
	fmt.Fprintf(out, "rsocket %s, transports: %s\n", rsocket.GetVersion(), rsocket.GetSupportedTransports())

	client := rsocket.NewClient()
	if err := client.ConnectTCP(address); err != nil {
		return fmt.Errorf("connecting to %s: %w", address, err)
	}
	defer client.Close()
	fmt.Fprintf(out, "connected to %s: %t\n", address, client.IsConnected())

	// Frames keep their order, so an answer to the request below also says that this one was sent.
	if err := client.FireAndForget(rsocket.NewPayload("no answer needed", "")); err != nil {
		return fmt.Errorf("fire-and-forget: %w", err)
	}
	fmt.Fprintln(out, "fire-and-forget: sent")

	answer, err := ask(ctx, client, rsocket.NewPayload(data, metadata))
	if err != nil {
		return fmt.Errorf("request-response: %w", err)
	}
	fmt.Fprintln(out, "request-response:", describe(answer))
	return nil
}

// ask waits for a callback, which is called exactly once if RequestResponse returned nil. In a program that only has
// to wait, the method RequestResponse of a Conn does the same without a callback.
func ask(ctx context.Context, client *rsocket.Client, request *rsocket.Payload) (*rsocket.Payload, error) {
	type outcome struct {
		answer *rsocket.Payload
		err    error
	}
	// Room for one, so that the callback never blocks, even when nobody waits any more.
	done := make(chan outcome, 1)
	err := client.RequestResponse(request, func(answer *rsocket.Payload, err error) {
		done <- outcome{answer, err}
	})
	if err != nil {
		return nil, err
	}
	select {
	case got := <-done:
		return got.answer, got.err
	case <-ctx.Done():
		return nil, fmt.Errorf("waiting for the answer: %w", ctx.Err())
	}
}

func describe(answer *rsocket.Payload) string {
	switch {
	case answer == nil:
		return "completed without a payload"
	case answer.HasMetadata():
		return fmt.Sprintf("data %q, metadata %q", answer.GetDataAsString(), answer.GetMetadataAsString())
	default:
		return fmt.Sprintf("data %q", answer.GetDataAsString())
	}
}
