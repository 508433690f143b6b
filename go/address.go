package rsocket

import (
	"context"
	"fmt"
	"net"
	"net/url"
)

// address is where to dial or listen, in the words of package net, and what is over that.
type address struct {
	network, address string
	// webSocket is nil for none.
	webSocket *webSocketAddress
}

// webSocketAddress is what a WebSocket's request says.
type webSocketAddress struct {
	// host has the port if the URL has; path has the query.
	host, path string
}

// parseAddress reads tcp://host:port, unix:///path and ws://host:port/path.
func parseAddress(text string) (address, error) {
	parsed, err := url.Parse(text)
	if err != nil {
		return address{}, fmt.Errorf("%w: %w", ErrInvalidArgument, err)
	}
	switch parsed.Scheme {
	case "tcp":
		if parsed.Port() == "" {
			return address{}, fmt.Errorf("%w: %q has no port", ErrInvalidArgument, text)
		}
		if parsed.Path != "" && parsed.Path != "/" {
			return address{}, fmt.Errorf("%w: %q has a path, which tcp has no use for", ErrInvalidArgument, text)
		}
		return address{network: "tcp", address: parsed.Host}, nil
	case "unix":
		if parsed.Path == "" || parsed.Host != "" {
			return address{}, fmt.Errorf("%w: %q is not of the form unix:///path", ErrInvalidArgument, text)
		}
		return address{network: "unix", address: parsed.Path}, nil
	case "ws":
		return parseWebSocketAddress(parsed)
	case "":
		return address{}, fmt.Errorf("%w: %q has no scheme; did you mean tcp://%s?", ErrInvalidArgument, text, text)
	default:
		return address{}, fmt.Errorf("%w: transport %q of %q is none of %s",
			ErrInvalidArgument, parsed.Scheme, text, GetSupportedTransports())
	}
}

func parseWebSocketAddress(parsed *url.URL) (address, error) {
	if parsed.Hostname() == "" || parsed.User != nil || parsed.Fragment != "" {
		return address{}, fmt.Errorf("%w: %q is not of the form ws://host:port/path", ErrInvalidArgument, parsed.Redacted())
	}
	port := parsed.Port()
	if port == "" {
		port = "80"
	}
	return address{
		network:   "tcp",
		address:   net.JoinHostPort(parsed.Hostname(), port),
		webSocket: &webSocketAddress{host: parsed.Host, path: parsed.RequestURI()},
	}, nil
}

// Dial connects to a server: tcp://host:port, unix:///path or ws://host:port/path. ctx bounds dialling, a WebSocket's
// handshake included, not the connection, which lives until it is closed or lost. See [NewClientConn] for what the result
// means.
func Dial(ctx context.Context, url string, opts ...Option) (*Conn, error) {
	to, err := parseAddress(url)
	if err != nil {
		return nil, err
	}
	settings, err := newSettings(opts)
	if err != nil {
		return nil, err
	}
	dial := func(ctx context.Context) (net.Conn, error) { return to.dial(ctx, settings) }
	if resume := settings.resume; resume != nil {
		if resume.Dial == nil {
			resume.Dial = dial
		}
		dial = resume.Dial
	}
	nc, err := dial(ctx)
	if err != nil {
		return nil, fmt.Errorf("rsocket: %w", err)
	}
	return newClientConn(nc, settings)
}

func (a address) dial(ctx context.Context, settings *settings) (net.Conn, error) {
	if a.webSocket != nil {
		return a.dialWebSocket(ctx, settings)
	}
	var dialer net.Dialer
	return dialer.DialContext(ctx, a.network, a.address)
}

// Listen opens a listener for [Serve]: tcp://host:port, where port 0 picks a free one that the listener's Addr tells,
// unix:///path, or ws://host:port/path, where no other path is served and the path is / unless it is given.
func Listen(ctx context.Context, url string) (net.Listener, error) {
	at, err := parseAddress(url)
	if err != nil {
		return nil, err
	}
	if at.webSocket != nil {
		return at.listenWebSocket(ctx)
	}
	return at.listen(ctx)
}

func (a address) listen(ctx context.Context) (net.Listener, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, a.network, a.address)
	if err != nil {
		return nil, fmt.Errorf("rsocket: %w", err)
	}
	return listener, nil
}
