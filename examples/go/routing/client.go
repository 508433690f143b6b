package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
)

// client sends requests to routes and prints the answers.
type client struct {
	conn *rsocket.Conn
	data string
	out  io.Writer
}

// talk makes the requests that were asked for to the server at url.
func talk(ctx context.Context, url string, settings settings, out io.Writer) error {
	conn, err := rsocket.Dial(ctx, url, rsocket.WithCompositeMetadata(), rsocket.WithDataMIME("text/plain"))
	if err != nil {
		return fmt.Errorf("connecting to %s: %w", url, err)
	}
	defer conn.Close()
	c := client{conn: conn, data: settings.data, out: out}
	if settings.route != "" {
		return c.ask(ctx, settings.route)
	}
	return c.askAll(ctx)
}

func (c client) askAll(ctx context.Context) error {
	for _, route := range []string{"text.upper", "text.reverse"} {
		if err := c.ask(ctx, route); err != nil {
			return err
		}
	}
	if err := c.askStream(ctx, "text.words"); err != nil {
		return err
	}
	// The server says so of a route that it does not have, and the connection goes on.
	err := c.ask(ctx, "text.nowhere")
	if !errors.Is(err, rsocket.ErrInvalid) {
		return fmt.Errorf("a route that does not exist: %w", err)
	}
	fmt.Fprintln(c.out, "client:", err)
	return nil
}

func (c client) ask(ctx context.Context, route string) error {
	request, err := c.request(route)
	if err != nil {
		return err
	}
	answer, err := c.conn.RequestResponse(ctx, request)
	if err != nil {
		return fmt.Errorf("%s: %w", route, err)
	}
	fmt.Fprintf(c.out, "client: %s answers %q\n", route, answer.GetDataAsString())
	return nil
}

func (c client) askStream(ctx context.Context, route string) error {
	request, err := c.request(route)
	if err != nil {
		return err
	}
	for item, err := range c.conn.RequestStream(ctx, request) {
		if err != nil {
			return fmt.Errorf("%s: %w", route, err)
		}
		fmt.Fprintf(c.out, "client: %s yields %q\n", route, item.GetDataAsString())
	}
	return nil
}

// request puts a route on the data. A token (rsocket.WithBearerToken) or a trace would stand beside it.
func (c client) request(route string) (*rsocket.Payload, error) {
	request, err := rsocket.NewRequest([]byte(c.data), rsocket.WithRoute(route))
	if err != nil {
		return nil, fmt.Errorf("route %q: %w", route, err)
	}
	return request, nil
}
