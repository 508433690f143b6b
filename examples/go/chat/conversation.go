package main

import (
	"context"
	"fmt"
	"io"

	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
)

// speaker is a client of the conversation, with the channel in its hands instead of two loops.
type speaker struct {
	name    string
	conn    *rsocket.Conn
	channel *rsocket.Channel
	out     io.Writer
}

// demonstrate has two clients talk with each other in the room at url.
func demonstrate(ctx context.Context, url string, out io.Writer) error {
	ada, err := enter(ctx, url, "Ada", out)
	if err != nil {
		return err
	}
	defer ada.conn.Close()
	grace, err := enter(ctx, url, "Grace", out)
	if err != nil {
		return err
	}
	defer grace.conn.Close()

	steps := []func() error{
		func() error { return ada.hear(ctx) }, // that Grace joined
		func() error { return ada.say(ctx, "Hello Grace!") },
		func() error { return grace.hear(ctx) },
		func() error { return grace.say(ctx, "Hello Ada, I have to go.") },
		func() error { return ada.hear(ctx) },
		func() error { return grace.leave(ctx) },
		func() error { return ada.hear(ctx) }, // that Grace left
		func() error { return ada.leave(ctx) },
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// enter connects and joins, and waits for the welcome.
func enter(ctx context.Context, url, name string, out io.Writer) (*speaker, error) {
	conn, err := rsocket.Dial(ctx, url)
	if err != nil {
		return nil, fmt.Errorf("connecting to %s: %w", url, err)
	}
	channel, err := conn.OpenChannel(ctx, rsocket.NewPayload(name, ""))
	if err != nil {
		conn.Close()
		return nil, fmt.Errorf("%s enters: %w", name, err)
	}
	s := &speaker{name, conn, channel, out}
	if err := s.hear(ctx); err != nil {
		conn.Close()
		return nil, err
	}
	return s, nil
}

func (s *speaker) say(ctx context.Context, line string) error {
	fmt.Fprintf(s.out, "%-5s says   %s\n", s.name, line)
	if err := s.channel.Send(ctx, rsocket.NewPayload(line, "")); err != nil {
		return fmt.Errorf("%s speaks: %w", s.name, err)
	}
	return nil
}

func (s *speaker) hear(ctx context.Context) error {
	item, err := s.channel.Recv(ctx)
	if err != nil {
		return fmt.Errorf("%s listens: %w", s.name, err)
	}
	fmt.Fprintf(s.out, "%-5s hears  %s\n", s.name, item.GetDataAsString())
	return nil
}

// leave completes the speaker's side of the channel and waits until the room has completed its own.
func (s *speaker) leave(ctx context.Context) error {
	fmt.Fprintf(s.out, "%-5s leaves\n", s.name)
	s.channel.CloseSend()
	if _, err := s.channel.Recv(ctx); err != io.EOF {
		return fmt.Errorf("%s leaves: %w", s.name, err)
	}
	return nil
}
