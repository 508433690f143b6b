package rsocket

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
)

// ErrServerClosed is what [Server.Serve] returns after [Server.Shutdown] or [Server.Close].
var ErrServerClosed = errors.New("rsocket: server closed")

// Server accepts connections and answers their requests. [Serve] is the short form for those who stop it by its
// context alone.
type Server struct {
	handler  Handler
	settings *settings
	// ctx ends with the server, and with it every connection.
	ctx    context.Context
	cancel context.CancelCauseFunc

	mu        sync.Mutex
	stopping  bool
	listeners map[net.Listener]struct{}
	conns     map[*Conn]struct{}
	// work is the connections and their handlers.
	work sync.WaitGroup
}

// NewServer makes a server that answers with handler. It is to be closed.
func NewServer(handler Handler, opts ...Option) (*Server, error) {
	settings, err := newSettings(opts)
	if err == nil {
		err = settings.checkServer()
	}
	if err != nil {
		return nil, err
	}
	return newServer(context.Background(), handler, settings), nil
}

func newServer(ctx context.Context, handler Handler, settings *settings) *Server {
	s := &Server{
		handler:   handler,
		settings:  settings,
		listeners: make(map[net.Listener]struct{}),
		conns:     make(map[*Conn]struct{}),
	}
	s.ctx, s.cancel = context.WithCancelCause(ctx)
	context.AfterFunc(s.ctx, s.closeConns)
	return s
}

// closeConns ends every connection with the server's context.
func (s *Server) closeConns() {
	for _, conn := range s.stop() {
		conn.spawn(func() { _ = conn.Close() })
	}
}

// Serve accepts connections from l, which it owns from then on, until the server is shut down or closed, or l fails.
// A server can serve several listeners at once.
func (s *Server) Serve(l net.Listener) error {
	if !s.addListener(l) {
		return errors.Join(ErrServerClosed, l.Close())
	}
	defer s.removeListener(l)
	over := func(nc net.Conn) (net.Conn, error) { return nc, nil }
	accepting, source := l, s.settings.tls
	if ws, ok := l.(*webSocketListener); ok {
		over = func(nc net.Conn) (net.Conn, error) { return ws.over(nc, s.settings) }
		accepting = ws.Listener
	}
	if secure, ok := accepting.(secureListener); ok {
		accepting, source = secure.Listener, secure.settings.tls
	}
	for {
		nc, err := acceptPatiently(s.ctx, accepting, s.settings)
		switch {
		case err != nil && s.isStopping():
			return ErrServerClosed
		case err != nil:
			return fmt.Errorf("rsocket: accept: %w", err)
		case !s.beginWork():
			_ = nc.Close()
			return ErrServerClosed
		}
		go func() {
			defer s.work.Done()
			s.serveAccepted(nc, source, over)
		}()
	}
}

// serveAccepted shakes hands and puts over a transport what is to be there, then serves it.
func (s *Server) serveAccepted(nc net.Conn, source tlsSource, over func(net.Conn) (net.Conn, error)) {
	secure, err := s.settings.secureServer(s.ctx, nc, source)
	if err != nil {
		level := slog.LevelWarn
		if s.ctx.Err() != nil {
			level = slog.LevelDebug // We were told to stop.
		}
		s.settings.logger.Log(s.ctx, level, "handshake failed", "remote", nc.RemoteAddr(), "reason", err)
		hangUpOn(s.ctx, nc, err)
		return
	}
	conn, err := over(secure)
	if err != nil {
		s.settings.logger.Error("connection not started", "remote", nc.RemoteAddr(), "reason", err)
		return
	}
	s.serveOne(s.ctx, conn)
}

// serveOne opens and starts one connection, which goes on by itself from then on; nil when that failed.
func (s *Server) serveOne(ctx context.Context, nc net.Conn) *Conn {
	if err := handshake(ctx, nc, s.settings); err != nil {
		s.settings.logger.Debug("connection not opened", "remote", nc.RemoteAddr(), "reason", err)
		return nil
	}
	conn, err := s.start(ctx, nc)
	switch {
	case errors.Is(err, ErrServerClosed):
		_ = nc.Close()
		return nil
	case err != nil:
		s.settings.logger.Error("connection not started", "remote", nc.RemoteAddr(), "reason", err)
		return nil
	}
	go conn.read()
	return conn
}

// end waits for the handlers of a connection that is over, and forgets it.
func (s *Server) end(conn *Conn) {
	defer s.work.Done()
	conn.work.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, conn)
}

// Shutdown stops accepting, refuses new requests, lets what is under way finish on every connection, and closes them;
// see [Conn.Shutdown]. When ctx ends first, what is left is cut off, and ctx's error is returned. It waits for every
// handler to return.
func (s *Server) Shutdown(ctx context.Context) error {
	var finished sync.WaitGroup
	for _, conn := range s.stop() {
		finished.Go(func() { _ = conn.Shutdown(ctx) })
	}
	finished.Wait()
	s.cancel(ErrServerClosed)
	s.work.Wait()
	return ctx.Err()
}

// Close stops accepting, closes every connection and waits for the handlers to return.
func (s *Server) Close() error {
	s.stop()
	s.cancel(ErrServerClosed)
	s.work.Wait()
	return nil
}

// stop ends accepting, and tells which connections are left.
func (s *Server) stop() []*Conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopping = true
	for l := range s.listeners {
		_ = l.Close()
	}
	left := make([]*Conn, 0, len(s.conns))
	for conn := range s.conns {
		left = append(left, conn)
	}
	return left
}

// beginWork counts one more connection; false when the server stops.
func (s *Server) beginWork() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.stopping {
		s.work.Add(1)
	}
	return !s.stopping
}

func (s *Server) isStopping() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stopping
}

func (s *Server) addListener(l net.Listener) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.stopping {
		s.listeners[l] = struct{}{}
	}
	return !s.stopping
}

func (s *Server) removeListener(l net.Listener) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.listeners, l)
	_ = l.Close()
}

// start begins to serve a connection. It is among the server's before its first request is handled, so that a shutdown
// lets that finish.
func (s *Server) start(ctx context.Context, nc net.Conn) (*Conn, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopping {
		return nil, ErrServerClosed
	}
	conn, err := newConn(ctx, nc, s.settings, &s.handler, true)
	if err == nil {
		conn.server = s
		s.conns[conn] = struct{}{}
		s.work.Add(1) // For end.
	}
	return conn, err
}
