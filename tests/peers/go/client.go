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

// How long a client waits before it dials again.
const (
	minDelay = time.Millisecond
	maxDelay = 50 * time.Millisecond
)

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
	dialOptions := append(o.tls.options(),
		rsocket.WithKeepalive(o.keepaliveInterval, o.keepaliveLifetime),
		rsocket.WithSetupPayload(o.setup.payload()),
	)
	if needsLeases[o.scenario] {
		o.leases = make(leases, 1)
		dialOptions = append(dialOptions, o.leases.options()...)
	}
	if o.resume {
		backoff := rsocket.Backoff{Min: minDelay, Max: maxDelay}
		dialOptions = append(dialOptions, rsocket.WithResume(rsocket.ResumeOptions{Backoff: backoff}))
	}
	conn, err := rsocket.Dial(ctx, o.connect, dialOptions...)
	if err != nil {
		return fmt.Errorf("connecting to %s: %w", o.connect, err)
	}
	defer func() { _ = conn.Close() }()
	if o.resume {
		// When this is answered the server knows the session. What else comes of it shows in the scenario's requests.
		_, _ = request(ctx, conn, rsocket.NewPayload("", ""))
	}
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
