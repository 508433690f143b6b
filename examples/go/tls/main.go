// Tls shows a server and a client that know each other by certificate, a stranger that is told why it is not let in, and
// a server's certificate that is renewed while it runs.
//
// By itself it plays server and client in one process, with certificates that it makes. With -listen it is only the
// server: it prints one line, "ready URL", on standard output once it accepts connections, and runs until SIGINT or
// SIGTERM. With -connect it is only the client. Both take their certificates from -dir then, where the first run with an
// empty folder puts some.
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
		fmt.Fprintln(stderr, "tls:", err)
		return 1
	}
	return 0
}

// play takes the roles that were asked for.
func play(ctx context.Context, settings settings, stdout, stderr io.Writer) error {
	folder, remove, err := openFolder(settings.dir)
	if err != nil {
		return err
	}
	defer remove()
	if settings.connect != "" {
		return greet(ctx, settings.connect, folder, stdout)
	}
	url := settings.listen
	if url == "" {
		url = "tls://127.0.0.1:0"
	}
	listener, err := listen(ctx, url, folder)
	if err != nil {
		return err
	}
	url = "tls://" + listener.Addr().String()
	fmt.Fprintln(stdout, "ready", url)
	if settings.listen != "" {
		return serve(ctx, listener, stderr)
	}

	ctx, stop := context.WithCancel(ctx)
	defer stop()
	served := make(chan error, 1)
	go func() { served <- serve(ctx, listener, stderr) }()
	err = talk(ctx, url, folder, stdout)
	stop()
	return errors.Join(err, <-served)
}
