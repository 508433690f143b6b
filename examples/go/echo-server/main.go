// Echo-server answers every request-response with the request's own payload and logs every fire-and-forget.
//
// It prints one line, "ready URL", on standard output once it accepts connections, and runs until SIGINT or SIGTERM.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
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

// run returns the exit code: 0 when it was told to stop, 1 when serving failed, 2 when the command line is wrong.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("echo-server", flag.ContinueOnError)
	flags.SetOutput(stderr)
	listen := flags.String("listen", "tcp://127.0.0.1:7878", "`URL` to listen on; port 0 takes a free one")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil {
		return 2
	}
	if flags.NArg() > 0 {
		fmt.Fprintf(stderr, "echo-server: unexpected argument %q, see -h\n", flags.Arg(0))
		return 2
	}

	if err := serve(ctx, *listen, stdout, stderr); err != nil {
		fmt.Fprintln(stderr, "echo-server:", err)
		return 1
	}
	return 0
}

func serve(ctx context.Context, url string, stdout, stderr io.Writer) error {
	if err := rsocket.Init(); err != nil {
		return fmt.Errorf("starting: %w", err)
	}
	listener, err := rsocket.Listen(ctx, url)
	if err != nil {
		return fmt.Errorf("listening on %s: %w", url, err)
	}
	defer listener.Close()
	fmt.Fprintln(stdout, "ready", urlOf(listener.Addr()))

	log := slog.New(slog.NewTextHandler(stderr, nil))
	err = rsocket.Serve(ctx, listener, echo(log), rsocket.WithLogger(log))
	if ctx.Err() != nil {
		return nil // we were told to stop
	}
	return err
}

func urlOf(address net.Addr) string {
	return address.Network() + "://" + address.String()
}
