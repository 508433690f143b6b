package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
)

// bound is how long a request may take before it counts as hung.
const bound = 10 * time.Second

var errHung = errors.New("hung")

func runClient(args []string) error {
	o, err := parseOptions(args, os.Stderr)
	if err != nil {
		return err
	}
	run, ok := scenarios[o.scenario]
	if !ok {
		return fmt.Errorf("unknown scenario %q", o.scenario)
	}
	ctx := context.Background()
	opts := append(o.tls.options(),
		rsocket.WithKeepalive(o.keepaliveInterval, o.keepaliveLifetime),
		rsocket.WithSetupPayload(o.setup.payload()),
	)
	conn, err := rsocket.Dial(ctx, o.connect, opts...)
	if err != nil {
		return fmt.Errorf("connecting to %s: %w", o.connect, err)
	}
	defer func() { _ = conn.Close() }()
	report := &report{scenario: o.scenario, out: newLines(os.Stdout)}
	if err := run(ctx, conn, o, report); err != nil {
		return fmt.Errorf("scenario %s: %w", o.scenario, err)
	}
	return nil
}

// request sends a request-response and waits for its answer, as long as the bound allows.
func request(ctx context.Context, conn *rsocket.Conn, p *rsocket.Payload) (*rsocket.Payload, error) {
	ctx, stop := context.WithTimeout(ctx, bound)
	defer stop()
	answer, err := conn.RequestResponse(ctx, p)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return nil, errHung
	case err == nil && answer == nil:
		return nil, errors.New("completed without a payload")
	default:
		return answer, err
	}
}
