package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"

	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
)

// listen opens a listener that shows the server's certificate, and lets in only clients with one of the authority. The
// files are read again when they change.
func listen(ctx context.Context, url string, certificates folder) (net.Listener, error) {
	files := rsocket.WithTLSFiles(certificates.authority(), certificates.certificate("server"), certificates.key("server"))
	listener, err := rsocket.Listen(ctx, url, files)
	if err != nil {
		return nil, fmt.Errorf("listening on %s: %w", url, err)
	}
	return listener, nil
}

// serve greets each client by the name in its certificate, until ctx ends.
func serve(ctx context.Context, listener net.Listener, stderr io.Writer) error {
	handler := rsocket.Handler{
		RequestResponse: func(ctx context.Context, _ *rsocket.Payload) (*rsocket.Payload, error) {
			state, _ := rsocket.ConnFromContext(ctx).TLS()
			client := state.PeerCertificates[0].Subject.CommonName
			return rsocket.NewPayload("Hello, "+client+"!", ""), nil
		},
	}
	// Who is not let in, and why, is in the log.
	logger := slog.New(slog.NewTextHandler(stderr, nil))
	err := rsocket.Serve(ctx, listener, handler, rsocket.WithLogger(logger))
	if ctx.Err() != nil {
		return nil // we were told to stop
	}
	return err
}
