package rsocket

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go/internal/ffi"
)

// webSocketSettings are what clients ask for and whom servers let in.
type webSocketSettings struct {
	// headers are a client's, one line each.
	headers []string
	// origins and hosts are a server's.
	origins, hosts []string
	subprotocols   []string
}

// WithHeader adds a header to the request that a client makes for a WebSocket, such as Authorization.
func WithHeader(name, value string) Option {
	return func(s *settings) error {
		if name == "" || strings.ContainsAny(name, ":\r\n") || strings.ContainsAny(value, "\r\n") {
			return fmt.Errorf("%w: the header %q cannot be sent", ErrInvalidArgument, name)
		}
		s.webSocket.headers = append(s.webSocket.headers, name+": "+value)
		return nil
	}
}

// WithSubprotocols sets what a client asks for over a WebSocket and what a server agrees to, the best first. Where there
// is none that both have, they speak RSocket all the same. Default "rsocket".
func WithSubprotocols(names ...string) Option {
	return func(s *settings) error {
		if err := checkLines("subprotocol", names); err != nil {
			return err
		}
		s.webSocket.subprotocols = names
		return nil
	}
}

// WithOrigins allows the pages of these origins, such as "https://example.com", to connect to a server's WebSocket beside
// the pages of the host that they connect to; "*" is all of the web, and lets any page act for whoever looks at it. Clients
// that are not browsers are always let in. Default none.
func WithOrigins(origins ...string) Option {
	return func(s *settings) error {
		if err := checkLines("origin", origins); err != nil {
			return err
		}
		s.webSocket.origins = origins
		return nil
	}
}

// WithHosts sets the names that a server's WebSocket goes by, with a port where only that will do; a client that asks for
// another is refused. Default any.
func WithHosts(hosts ...string) Option {
	return func(s *settings) error {
		if err := checkLines("host", hosts); err != nil {
			return err
		}
		s.webSocket.hosts = hosts
		return nil
	}
}

// checkLines checks that values can go into lines of a list.
func checkLines(what string, values []string) error {
	for _, value := range values {
		if value == "" || strings.ContainsAny(value, "\r\n") {
			return fmt.Errorf("%w: the %s %q is not one", ErrInvalidArgument, what, value)
		}
	}
	return nil
}

// clientLayer makes a client's side of a WebSocket.
func (s *settings) clientLayer(to *webSocketAddress) (*ffi.Layer, error) {
	client := ffi.WebSocketClient{
		Host:          to.host,
		Path:          to.path,
		Headers:       s.webSocket.headers,
		Subprotocols:  s.webSocket.subprotocols,
		MaxMessageLen: s.limits.MaxFrameLen,
	}
	layer, err := client.NewLayer()
	if err != nil {
		// The values of headers may be secret.
		var names []string
		for _, header := range s.webSocket.headers {
			name, _, _ := strings.Cut(header, ":")
			names = append(names, name)
		}
		return nil, fmt.Errorf("%w: a request to the host %q for the path %q with the headers %q and the subprotocols %q: %w",
			ErrInvalidArgument, to.host, to.path, names, s.webSocket.subprotocols, err)
	}
	return layer, nil
}

// serverLayer makes a server's side of one WebSocket. Without paths it is found at each.
func (s *settings) serverLayer(paths ...string) (*ffi.Layer, error) {
	server := ffi.WebSocketServer{
		Origins:       s.webSocket.origins,
		Hosts:         s.webSocket.hosts,
		Paths:         paths,
		Subprotocols:  s.webSocket.subprotocols,
		MaxMessageLen: s.limits.MaxFrameLen,
	}
	layer, err := server.NewLayer()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalidArgument, err)
	}
	return layer, nil
}

func (a address) openWebSocket(ctx context.Context, dial dialFunc, settings *settings) (net.Conn, error) {
	layer, err := settings.clientLayer(a.webSocket)
	if err != nil {
		return nil, err
	}
	nc, err := a.openSocket(ctx, dial, settings)
	if err != nil {
		layer.Free()
		return nil, err
	}
	conn := newLayeredConn(nc, layer)
	if err := conn.handshake(ctx, settings.limits.HandshakeTimeout); err != nil {
		return nil, err
	}
	return conn, nil
}

func (a address) listenWebSocket(ctx context.Context, settings *settings) (net.Listener, error) {
	path, _, hasQuery := strings.Cut(a.webSocket.path, "?")
	if hasQuery {
		return nil, fmt.Errorf("%w: the query of %q is the client's", ErrInvalidArgument, a.webSocket.path)
	}
	below, err := a.listen(ctx, settings)
	if err != nil {
		return nil, err
	}
	return &webSocketListener{below, path}, nil
}

// webSocketListener is a listener for a [Server], which has the settings. Its connections do their handshake when they
// are first read or written.
type webSocketListener struct {
	net.Listener
	path string
}

// Accept gives a connection with the default settings.
func (l *webSocketListener) Accept() (net.Conn, error) {
	settings, err := newSettings(nil)
	if err != nil {
		return nil, err
	}
	nc, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return l.over(nc, settings)
}

// over puts the server's side of a WebSocket over a transport.
func (l *webSocketListener) over(nc net.Conn, settings *settings) (net.Conn, error) {
	layer, err := settings.serverLayer(l.path)
	if err != nil {
		return nil, errors.Join(err, nc.Close())
	}
	return newLayeredConn(nc, layer), nil
}
