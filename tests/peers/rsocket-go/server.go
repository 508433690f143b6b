package main

import (
	"context"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/rsocket/rsocket-go"
	"github.com/rsocket/rsocket-go/core/transport"
	"github.com/rsocket/rsocket-go/payload"
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
	address, err := parseAddress(*listen)
	if err != nil {
		return err
	}
	builder := rsocket.Receive()
	if *lease > 0 {
		factory, err := leaseFactory(*lease, *leaseTTL)
		if err != nil {
			return err
		}
		builder = builder.Lease(factory)
	}
	if *resume {
		builder = builder.Resume()
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	return serve(ctx, builder, address, files, newLines(os.Stdout))
}

func serve(ctx context.Context, builder rsocket.ServerBuilder, address *url.URL, files tlsFiles, out *lines) error {
	listener, err := net.Listen("tcp", address.Host)
	if err != nil {
		return fmt.Errorf("listening on %s: %w", address, err)
	}
	if isSecure(address) {
		config, err := files.config("")
		if err != nil {
			return err
		}
		listener = tls.NewListener(listener, config)
	}
	// The library's own listener does not tell the port that it got, so it is handed one that does.
	own := func(context.Context) (net.Listener, error) { return listener, nil }
	handOver := func(context.Context) (transport.ServerTransport, error) {
		if isWebSocket(address) {
			return transport.NewWebsocketServerTransport(own, address.Path, nil), nil
		}
		return transport.NewTCPServerTransport(own), nil
	}
	ready := *address
	ready.Host = listener.Addr().String()
	err = builder.
		OnStart(func() { out.printf("ready %s", &ready) }).
		Acceptor(acceptor(out)).
		Transport(handOver).
		Serve(ctx)
	if err != nil {
		return fmt.Errorf("serving on %s: %w", address, err)
	}
	return nil
}

func acceptor(out *lines) rsocket.ServerAcceptor {
	return func(_ context.Context, setup payload.SetupPayload, _ rsocket.CloseableRSocket) (rsocket.RSocket, error) {
		metadata, ok := setup.Metadata()
		out.printf("setup data=%x metadata=%s", setup.Data(), metadataHex(metadata, ok))
		if reason, reject := strings.CutPrefix(string(setup.Data()), rejectPrefix); reject {
			return nil, errors.New(reason)
		}
		return responder(out), nil
	}
}
