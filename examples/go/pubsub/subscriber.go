package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
)

// subscribe takes messages of the publisher at url at its own rate, for as long as was asked for.
func subscribe(ctx context.Context, url string, settings settings, meter *meter) error {
	conn, err := rsocket.Dial(ctx, url)
	if err != nil {
		return fmt.Errorf("connecting to %s: %w", url, err)
	}
	defer conn.Close()
	if settings.duration > 0 {
		limited, cancel := context.WithTimeout(ctx, settings.duration)
		defer cancel()
		ctx = limited
	}
	err = take(ctx, conn, settings, meter)
	if errors.Is(err, context.DeadlineExceeded) {
		return nil // the time is over
	}
	return err
}

// take receives messages until ctx ends.
func take(ctx context.Context, conn *rsocket.Conn, settings settings, meter *meter) error {
	ticker := time.NewTicker(interval(settings.rate))
	defer ticker.Stop()
	subscription := rsocket.NewPayload("everything", "")
	for _, err := range conn.RequestStream(ctx, subscription, rsocket.WithPrefetch(settings.prefetch)) {
		if err != nil {
			return fmt.Errorf("receiving: %w", err)
		}
		meter.received.Add(1)
		select {
		case <-ticker.C: // a loop that is slow, and slows the publisher down with it
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return errors.New("the publisher ended the subscription")
}
