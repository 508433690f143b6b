// Performance-benchmark keeps a number of request-responses in flight on one connection and prints throughput and
// latency.
//
// Without -connect it measures against a server in its own process, over loopback.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
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

// run returns the exit code: 0 when every request was answered, 1 when something failed or was interrupted, 2 when
// the command line is wrong.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	settings, err := parse(args, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return 2
	}
	if err := measure(ctx, settings, stdout, stderr); err != nil {
		fmt.Fprintln(stderr, "performance-benchmark:", err)
		return 1
	}
	return 0
}

func measure(ctx context.Context, settings settings, stdout, stderr io.Writer) error {
	if err := rsocket.Init(); err != nil {
		return fmt.Errorf("starting: %w", err)
	}
	url := settings.url
	if url == "" {
		server, err := startServer(ctx)
		if err != nil {
			return err
		}
		defer server.close()
		url = server.url
		fmt.Fprintf(stderr, "no -connect: client and server share this process, over %s\n", url)
	}
	conn, err := rsocket.Dial(ctx, url)
	if err != nil {
		return fmt.Errorf("connecting to %s: %w", url, err)
	}
	defer conn.Close()

	metrics := rsocket.NewPerformanceMetrics()
	finishProgress := showProgress(stderr, isTerminal(stderr), metrics, settings)
	result := newLoad(conn, metrics, settings).run(ctx)
	finishProgress()

	if err := report(stdout, settings, metrics, result); err != nil {
		return fmt.Errorf("printing the result: %w", err)
	}
	switch {
	case ctx.Err() != nil:
		return errors.New("interrupted")
	case result.firstError != nil:
		return fmt.Errorf("%d of %d requests failed, the first with: %w", metrics.GetErrorCount(), metrics.GetRequestCount(), result.firstError)
	}
	return nil
}
