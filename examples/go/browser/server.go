package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"time"

	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
)

//go:embed page.html
var page []byte

// serve returns nil when ctx ends, once every handler has returned.
func serve(ctx context.Context, settings settings, stdout io.Writer) error {
	if _, err := os.Stat(settings.bundle); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is no %s: run npm ci and npm run build in examples/go/browser", settings.bundle)
	} else if err != nil {
		return fmt.Errorf("looking for rsocket-js: %w", err)
	}
	station := newStation(settings.interval(), stdout)
	server, err := rsocket.NewServer(station.handler())
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", settings.listen)
	if err != nil {
		return err
	}
	site := &http.Server{Handler: routes(settings, server), ReadHeaderTimeout: 10 * time.Second}
	fmt.Fprintf(stdout, "ready http://%s/\n", listener.Addr())

	defer context.AfterFunc(ctx, func() { _ = site.Close() })()
	err = site.Serve(listener)
	// The site does not know of the connections that have become WebSockets.
	_ = server.Close()
	if ctx.Err() != nil {
		return nil // we were told to stop
	}
	return err
}

// routes puts RSocket beside what else a site has. Only pages of this site may connect.
func routes(settings settings, server *rsocket.Server) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/rsocket", rsocket.NewHTTPHandler(server))
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(page)
	})
	mux.HandleFunc("GET /rsocket.js", func(w http.ResponseWriter, r *http.Request) {
		http.ServeFile(w, r, settings.bundle)
	})
	return mux
}
