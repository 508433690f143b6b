package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
)

// rejectPrefix begins the setup data of a connection that wants to be rejected.
const rejectPrefix = "reject:"

func runServer(args []string) error {
	flags := flag.NewFlagSet("server", flag.ContinueOnError)
	listen := flags.String("listen", "tcp://127.0.0.1:0", "address to listen on")
	lease := flags.Int("lease", 0, "agree to leases, each for so many requests; 0 for no leases")
	leaseTTL := flags.Duration("lease-ttl", time.Minute, "how long a lease is good, and when the next one follows")
	resume := flags.Bool("resume", false, "agree that connections outlive their transports")
	var files tlsFiles
	files.addTo(flags)
	if err := flags.Parse(args); err != nil {
		return fmt.Errorf("reading the flags: %w", err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	options := files.options()
	if *lease > 0 {
		options = append(options, rsocket.WithLease(rsocket.FixedLease(*lease, *leaseTTL)))
	}
	if *resume {
		options = append(options, rsocket.WithResume(rsocket.ResumeOptions{}))
	}
	return serve(ctx, *listen, newLines(os.Stdout), options)
}

func serve(ctx context.Context, url string, out *lines, options []rsocket.Option) error {
	listener, err := rsocket.Listen(ctx, url, options...)
	if err != nil {
		return fmt.Errorf("listening on %s: %w", url, err)
	}
	out.printf("ready %s", readyURL(url, listener.Addr()))
	handler := (&responder{serving: ctx, out: out}).handler()
	handler.Setup = func(_ context.Context, setup *rsocket.Setup, _ *rsocket.Conn) error { return admit(setup, out) }
	err = rsocket.Serve(ctx, listener, handler, options...)
	if ctx.Err() != nil {
		return nil // We were told to end.
	}
	return fmt.Errorf("serving on %s: %w", url, err)
}

// readyURL is the address that was asked for, with the port that it got.
func readyURL(listen string, at net.Addr) string {
	scheme, rest, _ := strings.Cut(listen, "://")
	if scheme == "unix" {
		return listen
	}
	_, path, hasPath := strings.Cut(rest, "/")
	if !hasPath {
		return scheme + "://" + at.String()
	}
	return scheme + "://" + at.String() + "/" + path
}

func admit(setup *rsocket.Setup, out *lines) error {
	data := setup.Payload.Data()
	out.printf("setup data=%x metadata=%s", data, metadataHex(setup.Payload))
	if reason, reject := strings.CutPrefix(string(data), rejectPrefix); reject {
		return errors.New(reason)
	}
	return nil
}
