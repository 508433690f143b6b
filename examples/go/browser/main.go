// Browser serves a page that streams from this program over WebSocket with rsocket-js, and shows on both sides how credit
// holds a stream back.
//
// It prints one line, "ready URL", on standard output once the page can be opened, then one line for each stream that
// ends, and runs until SIGINT or SIGTERM. The page needs rsocket-js from npm, which README.md says how to get.
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
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run returns the exit code: 0 when it was told to stop, 1 when something failed, 2 when the command line is wrong.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	settings, err := parse(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil {
		return 2
	}
	if err := serve(ctx, settings, stdout); err != nil {
		fmt.Fprintln(stderr, "browser:", err)
		return 1
	}
	return 0
}
