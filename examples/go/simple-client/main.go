// Simple-client sends one fire-and-forget and one request-response over the original, callback-style API and prints
// what happens.
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
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run returns the exit code: 0 when the request was answered, 1 when something failed, 2 when the command line is
// wrong.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("simple-client", flag.ContinueOnError)
	flags.SetOutput(stderr)
	address := flags.String("connect", "127.0.0.1:7878", "`address` of the server, as host:port")
	data := flags.String("data", "Hello from Go", "data of the request")
	metadata := flags.String("metadata", "", "metadata of the request; none when it is empty")
	timeout := flags.Duration("timeout", 10*time.Second, "how long to wait for the answer")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil {
		return 2
	}
	if flags.NArg() > 0 {
		fmt.Fprintf(stderr, "simple-client: unexpected argument %q, see -h\n", flags.Arg(0))
		return 2
	}

	ctx, cancel := context.WithTimeout(ctx, *timeout)
	defer cancel()
	if err := talk(ctx, *address, *data, *metadata, stdout); err != nil {
		fmt.Fprintln(stderr, "simple-client:", err)
		return 1
	}
	return 0
}
