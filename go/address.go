package rsocket

import (
	"context"
	"fmt"
	"net"
	"net/url"
)

// address is where to dial or listen, in the words of package net.
type address struct {
	network, address string
}

// parseAddress reads tcp://host:port and unix:///path.
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
		return address{"tcp", parsed.Host}, nil
	case "unix":
		if parsed.Path == "" || parsed.Host != "" {
			return address{}, fmt.Errorf("%w: %q is not of the form unix:///path", ErrInvalidArgument, text)
		}
		return address{"unix", parsed.Path}, nil
	case "":
		return address{}, fmt.Errorf("%w: %q has no scheme; did you mean tcp://%s?", ErrInvalidArgument, text, text)
	default:
		return address{}, fmt.Errorf("%w: transport %q of %q is none of %s",
			ErrInvalidArgument, parsed.Scheme, text, GetSupportedTransports())
	}
}

// Dial connects to a server: tcp://host:port or unix:///path. ctx bounds dialling, not the connection, which lives
// until it is closed or lost. See [NewClientConn] for what the result means.
func Dial(ctx context.Context, url string, opts ...Option) (*Conn, error) {
	to, err := parseAddress(url)
	if err != nil {
		return nil, err
	}
	settings, err := newSettings(opts)
	if err != nil {
		return nil, err
	}
	dial := to.dial
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

func (a address) dial(ctx context.Context) (net.Conn, error) {
	var dialer net.Dialer
	return dialer.DialContext(ctx, a.network, a.address)
}

// Listen opens a listener for [Serve]: tcp://host:port, where port 0 picks a free one that the listener's Addr tells,
// or unix:///path.
func Listen(ctx context.Context, url string) (net.Listener, error) {
	at, err := parseAddress(url)
	if err != nil {
		return nil, err
	}
	var config net.ListenConfig
	listener, err := config.Listen(ctx, at.network, at.address)
	if err != nil {
		return nil, fmt.Errorf("rsocket: %w", err)
	}
	return listener, nil
}
