package rsocket

import (
	"context"
	"errors"
	"net"
	"time"
)

// maxAcceptDelay bounds the pause after an accept that failed for lack of resources.
const maxAcceptDelay = time.Second

// Serve accepts connections from l and answers their requests with handler until ctx ends or l fails. Then it closes
// l and every connection, and waits for their handlers. It returns ctx's error, or l's. [Server] can be shut down
// without cutting off what is under way.
func Serve(ctx context.Context, l net.Listener, handler Handler, opts ...Option) error {
	settings, err := newSettings(opts)
	if err == nil {
		err = settings.checkServer()
	}
	if err != nil {
		return errors.Join(err, l.Close())
	}
	server := newServer(ctx, handler, settings)
	stop := context.AfterFunc(ctx, func() { server.stop() })
	defer stop()
	err = server.Serve(l)
	_ = server.Close()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
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
