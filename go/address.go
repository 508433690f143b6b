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
	// secure: TLS is spoken there, with a certificate for host.
	secure bool
	host   string
	// quic: the engine dials and listens, and speaks TLS by itself.
	quic bool
	// webSocket is nil for none.
	webSocket *webSocketAddress
}

// webSocketAddress is what a WebSocket's request says.
type webSocketAddress struct {
	// host has the port if the URL has; path has the query.
	host, path string
}

// parseAddress reads tcp://host:port, unix:///path and ws://host:port/path, and tls://, quic:// and wss:// likewise.
func parseAddress(text string) (address, error) {
	parsed, err := url.Parse(text)
	if err != nil {
		return address{}, fmt.Errorf("%w: %w", ErrInvalidArgument, err)
	}
	switch parsed.Scheme {
	case "tcp", "tls", "quic":
		if parsed.Port() == "" {
			return address{}, fmt.Errorf("%w: %q has no port", ErrInvalidArgument, text)
		}
		if parsed.Path != "" && parsed.Path != "/" {
			return address{}, fmt.Errorf("%w: %q has a path, which %s has no use for", ErrInvalidArgument, text, parsed.Scheme)
		}
		if parsed.Scheme == "quic" {
			return address{network: "udp", address: parsed.Host, secure: true, host: parsed.Hostname(), quic: true}, nil
		}
		return address{network: "tcp", address: parsed.Host, secure: parsed.Scheme == "tls", host: parsed.Hostname()}, nil
	case "unix":
		if parsed.Path == "" || parsed.Host != "" {
			return address{}, fmt.Errorf("%w: %q is not of the form unix:///path", ErrInvalidArgument, text)
		}
		return address{network: "unix", address: parsed.Path}, nil
	case "ws", "wss":
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
	secure := parsed.Scheme == "wss"
	port := parsed.Port()
	switch {
	case port != "":
	case secure:
		port = "443"
	default:
		port = "80"
	}
	return address{
		network:   "tcp",
		address:   net.JoinHostPort(parsed.Hostname(), port),
		secure:    secure,
		host:      parsed.Hostname(),
		webSocket: &webSocketAddress{host: parsed.Host, path: parsed.RequestURI()},
	}, nil
}

// Dial connects to a server: tcp://host:port, unix:///path or ws://host:port/path, and tls:// and wss:// for the same with
// TLS ([WithTLS]), or quic://host:port where the linked library has QUIC. ctx bounds dialling, handshakes included, not the connection, which lives until it is closed or lost.
// See [NewClientConn] for what the result means.
func Dial(ctx context.Context, url string, opts ...Option) (*Conn, error) {
	to, err := parseAddress(url)
	if err != nil {
		return nil, err
	}
	settings, err := newSettings(opts)
	if err == nil {
		err = to.settle(settings)
	}
	if err != nil {
		return nil, err
	}
	socket := to.dialSocket
	if resume := settings.resume; resume != nil && resume.Dial != nil {
		if to.quic {
			return nil, fmt.Errorf("%w: quic:// does not go over what ResumeOptions.Dial gives", ErrInvalidArgument)
		}
		socket = resume.Dial
	}
	dial := func(ctx context.Context) (net.Conn, error) { return to.open(ctx, socket, settings) }
	if resume := settings.resume; resume != nil {
		resume.Dial = dial
	}
	nc, err := dial(ctx)
	if err != nil {
		return nil, err
	}
	return newClientConn(nc, settings)
}

// settle holds the settings against the URL, so that nothing is secure that was not meant to be, nor the other way
// round.
func (a address) settle(settings *settings) error {
	switch {
	case a.quic:
		return settings.settleQUIC()
	case a.secure && settings.tls == nil:
		settings.tls = systemTLS()
	case !a.secure && settings.tls != nil:
		return fmt.Errorf("%w: WithTLS is for tls:// and wss://, not for %s", ErrInvalidArgument, a.address)
	}
	return nil
}

// open dials, and puts over the socket what the URL says.
func (a address) open(ctx context.Context, dial dialFunc, settings *settings) (net.Conn, error) {
	switch {
	case a.quic:
		return a.openQUIC(ctx, settings)
	case a.webSocket != nil:
		return a.openWebSocket(ctx, dial, settings)
	}
	return a.openSocket(ctx, dial, settings)
}

func (a address) openSocket(ctx context.Context, dial dialFunc, settings *settings) (net.Conn, error) {
	nc, err := dial(ctx)
	if err != nil {
		return nil, fmt.Errorf("rsocket: %w", err)
	}
	return settings.secureClient(ctx, nc, a.host)
}

// dialFunc gives a transport.
type dialFunc = func(ctx context.Context) (net.Conn, error)

func (a address) dialSocket(ctx context.Context) (net.Conn, error) {
	var dialer net.Dialer
	return dialer.DialContext(ctx, a.network, a.address)
}

// Listen opens a listener for [Serve]: tcp://host:port, where port 0 picks a free one that the listener's Addr tells,
// unix:///path, or ws://host:port/path, where no other path is served and the path is / unless it is given. tls:// and wss://
// need a certificate ([WithTLS]), and so does quic://host:port ([WithTLSPEM], [WithTLSFiles]); other options have no effect
// here, but [Limits].HandshakeTimeout of quic://. Handshakes take place when connections are served.
func Listen(ctx context.Context, url string, opts ...Option) (net.Listener, error) {
	at, err := parseAddress(url)
	if err != nil {
		return nil, err
	}
	settings, err := newSettings(opts)
	if err == nil {
		err = at.settle(settings)
	}
	if err == nil {
		err = settings.checkServer()
	}
	if err != nil {
		return nil, err
	}
	switch {
	case at.quic:
		return at.listenQUIC(ctx, settings)
	case at.webSocket != nil:
		return at.listenWebSocket(ctx, settings)
	}
	return at.listen(ctx, settings)
}

func (a address) listen(ctx context.Context, settings *settings) (net.Listener, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, a.network, a.address)
	if err != nil {
		return nil, fmt.Errorf("rsocket: %w", err)
	}
	if a.secure {
		return secureListener{listener, settings}, nil
	}
	return listener, nil
}
