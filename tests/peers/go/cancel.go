package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
)

var errCancelled = errors.New("cancelled")

// cancel cancels a request when standard input says that the server has it, shows with an echo that the connection
// lives on, and holds the connection until standard input ends, so that the server can tell CANCEL from a close.
func cancel(ctx context.Context, conn *rsocket.Conn, o options, r *report) error {
	input := bufio.NewReader(os.Stdin)
	hanging, giveUp := context.WithCancel(ctx)
	defer giveUp()
	ended := make(chan outcome, 1)
	go func() {
		answer, err := request(hanging, conn, rsocket.NewPayload(hangRequest, ""))
		ended <- outcome{0, answer, err}
	}()
	if _, err := input.ReadString('\n'); err != nil {
		return fmt.Errorf("waiting for go: %w", err)
	}
	giveUp()
	got := <-ended
	if errors.Is(got.err, context.Canceled) {
		got.err = errCancelled
	}
	if err := r.either(0, got.answer, got.err); err != nil {
		return err
	}
	if err := echoOnce(ctx, conn, o.echoRequest(), 1, r); err != nil {
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
