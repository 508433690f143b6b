package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"time"

	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
)

// loadFlags is what a load's command line asks for.
type loadFlags struct {
	connect     string
	concurrency int
	duration    time.Duration
	size        int
}

func parseLoadFlags(args []string) (loadFlags, error) {
	var l loadFlags
	flags := flag.NewFlagSet("load", flag.ContinueOnError)
	flags.StringVar(&l.connect, "connect", "", "address of the server, tcp://HOST:PORT or ws://HOST:PORT/PATH")
	flags.IntVar(&l.concurrency, "concurrency", 1, "how many requests are in flight")
	flags.DurationVar(&l.duration, "duration", time.Second, "how long to make requests")
	flags.IntVar(&l.size, "size", 64, "bytes of data in a request")
	if err := flags.Parse(args); err != nil {
		return l, fmt.Errorf("reading the flags: %w", err)
	}
	if l.concurrency < 1 || l.size < 0 {
		return l, fmt.Errorf("--concurrency %d and --size %d: that is no load", l.concurrency, l.size)
	}
	return l, nil
}

// runLoad prints how many echoes one connection carries.
func runLoad(args []string) error {
	l, err := parseLoadFlags(args)
	if err != nil {
		return err
	}
	ctx, stop := context.WithTimeout(context.Background(), l.duration+bound)
	defer stop()
	conn, err := rsocket.Dial(ctx, l.connect)
	if err != nil {
		return fmt.Errorf("connecting to %s: %w", l.connect, err)
	}
	defer func() { _ = conn.Close() }()
	request := echoer(ctx, conn, pattern(0, l.size))
	if err := request(); err != nil {
		return fmt.Errorf("the first request: %w", err)
	}
	return newLines(os.Stdout).json(measure(l.concurrency, l.duration, request))
}

// echoer makes requests with this data, each from a payload of its own.
func echoer(ctx context.Context, conn *rsocket.Conn, data []byte) func() error {
	return func() error {
		answer, err := conn.RequestResponse(ctx, rsocket.NewPayloadFromBytes(data, nil))
		if err == nil && len(answer.Data()) != len(data) {
			return errors.New("the echo differs from the request")
		}
		return err
	}
}
