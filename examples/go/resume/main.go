// Resume shows a stream that goes on, exactly where it was, when its connection is killed.
//
// By itself it plays server and client in one process. With -listen it is only the server: it prints one line,
// "ready URL", on standard output once it accepts connections, and runs until SIGINT or SIGTERM. With -connect it is
// only the client.
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
	if err := play(ctx, settings, stdout, stderr); err != nil && ctx.Err() == nil {
		fmt.Fprintln(stderr, "resume:", err)
		return 1
	}
	return 0
}

// play takes the roles that were asked for.
func play(ctx context.Context, settings settings, stdout, stderr io.Writer) error {
	if settings.connect != "" {
		return talk(ctx, settings.connect, settings, stdout)
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
	if settings.listen != "" {
		return serve(ctx, listener, stderr)
	}

	ctx, stop := context.WithCancel(ctx)
	defer stop()
	served := make(chan error, 1)
	go func() { served <- serve(ctx, listener, stderr) }()
	err = talk(ctx, url, settings, stdout)
	stop()
	return errors.Join(err, <-served)
}

func urlOf(address net.Addr) string {
	return address.Network() + "://" + address.String()
}
