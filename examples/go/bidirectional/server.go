package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"sync"

	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
)

// serve returns when ctx ends and every session has. It accepts by itself, as each connection has a handler of its own
// that knows its client.
func serve(ctx context.Context, listener net.Listener, _ settings, stderr io.Writer) error {
	log := log.New(stderr, "server: ", 0)
	defer context.AfterFunc(ctx, func() { listener.Close() })()
	var sessions sync.WaitGroup
	defer sessions.Wait()
	ctx, stop := context.WithCancel(ctx)
	defer stop() // before waiting, also when accepting fails
	for {
		nc, err := listener.Accept()
		if ctx.Err() != nil {
			return nil // we were told to stop
		}
		if err != nil {
			return fmt.Errorf("accepting: %w", err)
		}
		sessions.Go(func() { serveClient(ctx, nc, log) })
	}
}

// serveClient serves one client until it leaves, beginning with a question.
func serveClient(ctx context.Context, nc net.Conn, log *log.Logger) {
	session := &session{log: log, named: make(chan struct{})}
	client, err := rsocket.ServeConn(ctx, nc, rsocket.Handler{
		Setup:           session.setup,
		RequestResponse: session.answer,
	})
	if err != nil {
		log.Println("not connected:", err)
		return
	}
	defer client.Close()
	if err := session.askName(ctx); err != nil {
		log.Println("asking for the name:", err)
		return
	}
	<-client.Done()
}
