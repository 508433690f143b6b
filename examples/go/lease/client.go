package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"

	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
)

// client makes requests as fast as its leases allow.
type client struct {
	conn *rsocket.Conn
	log  *log.Logger
	// leased has a value when a lease came that nobody has waited for yet.
	leased chan struct{}
}

// talk makes requests to the server at url.
func talk(ctx context.Context, url string, settings settings, out io.Writer) error {
	c := &client{log: log.New(out, "client: ", log.Ltime|log.Lmicroseconds|log.Lmsgprefix), leased: make(chan struct{}, 1)}
	conn, err := rsocket.Dial(ctx, url,
		// Proposes leases. The server makes no requests, so it is granted none.
		rsocket.WithLease(func(context.Context, *rsocket.Conn) {}),
		rsocket.WithHandler(rsocket.Handler{Lease: c.heard}))
	if err != nil {
		return fmt.Errorf("connecting to %s: %w", url, err)
	}
	defer conn.Close()
	c.conn = conn
	for i := range settings.requests {
		if err := c.request(ctx, fmt.Sprintf("request %d", i+1)); err != nil {
			return err
		}
	}
	return nil
}

// heard runs on the connection's reader, so it must not block.
func (c *client) heard(lease rsocket.Lease) {
	c.log.Printf("a lease allows %d requests within %v", lease.Requests, lease.TTL)
	select {
	case c.leased <- struct{}{}:
	default:
	}
}

// request makes one request, when a lease allows it.
func (c *client) request(ctx context.Context, data string) error {
	for {
		select {
		case <-c.leased: // of before this attempt
		default:
		}
		_, err := c.conn.RequestResponse(ctx, rsocket.NewPayload(data, ""))
		if err == nil {
			c.log.Printf("%s is answered", data)
			return nil
		}
		if !errors.Is(err, rsocket.ErrNoLease) {
			return fmt.Errorf("%s: %w", data, err)
		}
		// Nothing was sent.
		c.log.Printf("%s waits: %v", data, err)
		if err := c.awaitLease(ctx); err != nil {
			return fmt.Errorf("%s: waiting for a lease: %w", data, err)
		}
	}
}

func (c *client) awaitLease(ctx context.Context) error {
	select {
	case <-c.leased:
		return nil
	case <-c.conn.Done():
		return c.conn.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}
