// Pubsub shows backpressure: a publisher that is faster than its subscriber, and how far each has come.
//
// By itself it plays publisher and subscriber in one process. With -listen it is only the publisher: it prints
// "ready URL" on standard output once it accepts connections, and runs until SIGINT or SIGTERM. With -connect it is
// only a subscriber.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"syscall"

	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run returns the exit code: 0 when all went well or it was told to stop, 1 when something failed, 2 when the command
// line is wrong.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	settings, err := parse(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil {
		return 2
	}
	if err := play(ctx, settings, stdout); err != nil && ctx.Err() == nil {
		fmt.Fprintln(stderr, "pubsub:", err)
		return 1
	}
	return 0
}

// play takes the roles that were asked for.
func play(ctx context.Context, settings settings, stdout io.Writer) error {
	meter := &meter{publishes: settings.connect == "", subscribes: settings.listen == ""}
	if settings.connect != "" {
		defer meter.show(stdout)()
		return subscribe(ctx, settings.connect, settings, meter)
	}
	url := settings.listen
	if url == "" {
		url = "tcp://127.0.0.1:0"
	}
	listener, err := rsocket.Listen(ctx, url)
	if err != nil {
		return fmt.Errorf("listening on %s: %w", url, err)
	}
	url = urlOf(listener.Addr())
	fmt.Fprintln(stdout, "ready", url)
	defer meter.show(stdout)()
	publisher := &publisher{settings, meter}
	if settings.listen != "" {
		return publisher.serve(ctx, listener)
	}

	ctx, stop := context.WithCancel(ctx)
	defer stop()
	served := make(chan error, 1)
	go func() { served <- publisher.serve(ctx, listener) }()
	err = subscribe(ctx, url, settings, meter)
	stop()
	return errors.Join(err, <-served)
}

func urlOf(address net.Addr) string {
	return address.Network() + "://" + address.String()
}
