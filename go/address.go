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
	// secure: TLS is spoken there, with a certificate for host.
	secure bool
	host   string
}

// parseAddress reads tcp://host:port, tls://host:port and unix:///path.
func parseAddress(text string) (address, error) {
	parsed, err := url.Parse(text)
	if err != nil {
		return address{}, fmt.Errorf("%w: %w", ErrInvalidArgument, err)
	}
	switch parsed.Scheme {
	case "tcp", "tls":
		if parsed.Port() == "" {
			return address{}, fmt.Errorf("%w: %q has no port", ErrInvalidArgument, text)
		}
		if parsed.Path != "" && parsed.Path != "/" {
			return address{}, fmt.Errorf("%w: %q has a path, which %s has no use for", ErrInvalidArgument, text, parsed.Scheme)
		}
		return address{"tcp", parsed.Host, parsed.Scheme == "tls", parsed.Hostname()}, nil
	case "unix":
		if parsed.Path == "" || parsed.Host != "" {
			return address{}, fmt.Errorf("%w: %q is not of the form unix:///path", ErrInvalidArgument, text)
		}
		return address{network: "unix", address: parsed.Path}, nil
	case "":
		return address{}, fmt.Errorf("%w: %q has no scheme; did you mean tcp://%s?", ErrInvalidArgument, text, text)
	default:
		return address{}, fmt.Errorf("%w: transport %q of %q is none of %s",
			ErrInvalidArgument, parsed.Scheme, text, GetSupportedTransports())
	}
}

// Dial connects to a server: tcp://host:port, tls://host:port ([WithTLS]) or unix:///path. ctx bounds dialling, not the
// connection, which lives until it is closed or lost. See [NewClientConn] for what the result means.
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
	dial := to.dial
	if resume := settings.resume; resume != nil && resume.Dial != nil {
		dial = resume.Dial
	}
	dial = settings.securely(dial, to.host)
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
	case a.secure && settings.tls == nil:
		settings.tls = systemTLS()
	case !a.secure && settings.tls != nil:
		return fmt.Errorf("%w: WithTLS is for tls://, not for %s://%s", ErrInvalidArgument, a.network, a.address)
	}
	return nil
}

func (a address) dial(ctx context.Context) (net.Conn, error) {
	var dialer net.Dialer
	nc, err := dialer.DialContext(ctx, a.network, a.address)
	if err != nil {
		return nil, fmt.Errorf("rsocket: %w", err)
	}
	return nc, nil
}

// Listen opens a listener for [Serve]: tcp://host:port, where port 0 picks a free one that the listener's Addr tells,
// tls://host:port, which needs a certificate ([WithTLS]), or unix:///path. Other options than those of TLS have no
// effect here. The connections that a secure listener accepts shake hands when they are served.
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
	var config net.ListenConfig
	listener, err := config.Listen(ctx, at.network, at.address)
	if err != nil {
		return nil, fmt.Errorf("rsocket: %w", err)
	}
	if at.secure {
		return secureListener{listener, settings}, nil
	}
	return listener, nil
}
