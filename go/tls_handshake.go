package rsocket

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"time"
)

// secureConn is a transport with TLS, Go's own or another that looks like it.
type secureConn interface {
	net.Conn
	HandshakeContext(ctx context.Context) error
}

// secureClient shakes hands over nc where the settings or nc itself want TLS. host is what the server's certificate has
// to be for, unless the config says so. It owns nc.
func (s *settings) secureClient(ctx context.Context, nc net.Conn, host string) (net.Conn, error) {
	secure, ok := nc.(secureConn)
	if !ok && !wantsTLS(nc, s.tls) {
		return nc, nil
	}
	if !ok {
		config, err := s.tls.clientConfig()
		if config == nil {
			return nil, errors.Join(err, nc.Close())
		}
		s.warnOfCertificates(err)
		config = config.Clone()
		if config.ServerName == "" {
			config.ServerName = host
		}
		if config.ServerName == "" && !config.InsecureSkipVerify {
			return nil, errors.Join(fmt.Errorf("%w: the TLS config has no ServerName", ErrInvalidArgument), nc.Close())
		}
		secure = newTLSClient(nc, config)
	}
	if err := s.shakeHands(ctx, secure); err != nil {
		_ = nc.Close()
		return nil, err
	}
	return secure, nil
}

// secureServer does the same as a server, where source is not nil. It takes as long as the peer likes, up to the limit.
// When it fails, nc is to be hung up on.
func (s *settings) secureServer(ctx context.Context, nc net.Conn, source tlsSource) (net.Conn, error) {
	secure, ok := nc.(secureConn)
	if !ok && !wantsTLS(nc, source) {
		return nc, nil
	}
	if !ok {
		config, err := source.serverConfig()
		if config == nil {
			return nil, err
		}
		s.warnOfCertificates(err)
		secure = newTLSServer(nc, config)
	}
	if err := s.shakeHands(ctx, secure); err != nil {
		return nil, err
	}
	return secure, nil
}

// wantsTLS reports whether TLS is to be put over a transport. It is not over a WebSocket, which is over TLS itself.
func wantsTLS(nc net.Conn, source tlsSource) bool {
	_, layered := nc.(*layeredConn)
	return source != nil && !layered
}

// checkServer says what a server lacks to shake hands.
func (s *settings) checkServer() error {
	if s.tls == nil {
		return nil
	}
	if config, err := s.tls.serverConfig(); config == nil {
		return err
	}
	return nil
}

// secureListener accepts transports that have yet to shake hands. A [Server] does that for it, elsewhere than where it
// accepts, as it may take reading files.
type secureListener struct {
	net.Listener
	settings *settings
}

// Accept is for those who serve by themselves.
func (l secureListener) Accept() (net.Conn, error) {
	nc, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	config, err := l.settings.tls.serverConfig()
	if config == nil {
		return nil, errors.Join(err, nc.Close())
	}
	l.settings.warnOfCertificates(err)
	return newTLSServer(nc, config), nil
}

func (s *settings) warnOfCertificates(err error) {
	if err != nil {
		s.logger.Warn("certificates not read again; the former ones stay in use", "reason", err)
	}
}

// shakeHands gives the handshake the time that the limits and ctx leave it.
func (s *settings) shakeHands(ctx context.Context, nc secureConn) error {
	bounded, cancel := context.WithTimeoutCause(ctx, s.limits.HandshakeTimeout, ErrTLSHandshakeTimeout)
	defer cancel()
	err := nc.HandshakeContext(bounded)
	switch {
	case err == nil:
		return nil
	case bounded.Err() == nil:
		return handshakeError(err)
	case errors.Is(context.Cause(bounded), ErrTLSHandshakeTimeout):
		return &tlsError{kind: ErrTLSHandshakeTimeout, cause: bounded.Err()}
	default:
		return fmt.Errorf("rsocket: TLS handshake given up: %w", bounded.Err())
	}
}

// hangUpOn closes the transport of a handshake that failed in such a way that the peer hears the alert: closing with
// bytes unread would have the operating system reset the connection, and the reset would overtake the alert.
func hangUpOn(ctx context.Context, nc net.Conn, reason error) {
	if secure, ok := nc.(interface{ NetConn() net.Conn }); ok {
		nc = secure.NetConn()
	}
	defer nc.Close()
	half, ok := nc.(interface{ CloseWrite() error })
	// Who does not speak TLS is sent no alert.
	if !ok || errors.Is(reason, ErrTLSOtherProtocol) || half.CloseWrite() != nil {
		return
	}
	defer context.AfterFunc(ctx, func() { _ = nc.Close() })()
	_ = nc.SetReadDeadline(time.Now().Add(lingerTimeout))
	_, _ = io.Copy(io.Discard, nc)
}

// TLS tells what was agreed upon where the connection's transport is TLS: the version, the protocol, whether a session
// was resumed, and the peer's certificates.
func (c *Conn) TLS() (state tls.ConnectionState, ok bool) {
	nc := *c.remote.Load()
	if layered, ok := nc.(*layeredConn); ok {
		nc = layered.Conn
	}
	if prefixed, ok := nc.(*prefixedConn); ok {
		nc = prefixed.Conn
	}
	secure, ok := nc.(interface{ ConnectionState() tls.ConnectionState })
	if !ok {
		return tls.ConnectionState{}, false
	}
	return secure.ConnectionState(), true
}
