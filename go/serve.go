package rsocket

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"
)

// maxAcceptDelay bounds the pause after an accept that failed for lack of resources.
const maxAcceptDelay = time.Second

// Serve accepts connections from l and answers their requests with handler until ctx ends or l fails. Then it closes
// l and every connection, and waits for their handlers. It returns ctx's error, or l's.
func Serve(ctx context.Context, l net.Listener, handler Handler, opts ...Option) error {
	settings, err := newSettings(opts)
	if err != nil {
		return errors.Join(err, l.Close())
	}
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(ctx, func() { _ = l.Close() })
	var connections sync.WaitGroup
	defer connections.Wait()
	defer cancel()
	defer stop()
	for {
		nc, err := acceptPatiently(ctx, l, settings)
		if err != nil {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			return errors.Join(fmt.Errorf("rsocket: accept: %w", err), l.Close())
		}
		connections.Go(func() { serveOne(ctx, nc, settings, handler) })
	}
}

// serveOne serves one connection until it is over and its handlers have returned.
func serveOne(ctx context.Context, nc net.Conn, settings *settings, handler Handler) {
	conn, err := newConn(ctx, nc, settings, handler, true)
	if err != nil {
		settings.logger.Error("connection not started", "remote", nc.RemoteAddr(), "reason", err)
		return
	}
	conn.work.Wait()
}

// acceptPatiently waits out errors that pass, such as too many open files.
func acceptPatiently(ctx context.Context, l net.Listener, settings *settings) (net.Conn, error) {
	delay := 5 * time.Millisecond
	for {
		nc, err := l.Accept()
		if err == nil || ctx.Err() != nil || errors.Is(err, net.ErrClosed) || !passes(err) {
			return nc, err
		}
		settings.logger.Warn("accept failed; trying again", "reason", err, "delay", delay)
		select {
		case <-time.After(delay):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		delay = min(2*delay, maxAcceptDelay)
	}
}
