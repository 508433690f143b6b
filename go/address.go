package rsocket

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"syscall"
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
	scheme, rest, found := strings.Cut(text, "://")
	if !found {
		return address{}, badAddress(text, withoutScheme(text))
	}
	if reason := unreadable(rest); reason != "" {
		return address{}, badAddress(text, reason)
	}
	parsed, err := url.Parse(text)
	var read address
	var reason string
	switch {
	case err != nil && strings.Contains(text, "@"):
		reason = "is not a URL" // The error may have a part of a password.
	case err != nil:
		reason = "is not a URL: " + errors.Unwrap(err).Error()
	case parsed.User != nil:
		reason = "has user info, which no transport has a use for"
	case strings.Contains(text, "#"):
		reason = "has a fragment, which no transport has a use for"
	default:
		switch parsed.Scheme {
		case "tcp", "tls", "quic":
			read, reason = socketAddress(parsed)
		case "unix":
			read, reason = unixAddress(parsed)
		case "ws", "wss":
			read, reason = webSocketAddressOf(parsed)
		default:
			reason = fmt.Sprintf("is for %q, which is none of %s", scheme, GetSupportedTransports())
		}
	}
	if reason != "" {
		return address{}, badAddress(text, reason)
	}
	return read, nil
}

// badAddress is the error for a URL. It does not repeat a user's name and password.
func badAddress(text, reason string) error {
	scheme, rest, found := strings.Cut(text, "://")
	if at := strings.LastIndex(rest, "@"); found && at >= 0 && !strings.HasPrefix(rest, "/") {
		text = scheme + "://…" + rest[at:]
	}
	return fmt.Errorf("%w: the URL %q %s", ErrInvalidArgument, text, reason)
}

func withoutScheme(text string) string {
	reason := "has no scheme, such as tcp://"
	if _, err := parseAddress("tcp://" + text); err == nil {
		reason += fmt.Sprintf("; did you mean tcp://%s?", text)
	}
	return reason
}

// unreadable says what the parser would let pass, or would not name, in what follows the scheme.
func unreadable(rest string) string {
	authority := rest
	if end := strings.IndexAny(rest, "/?#"); end >= 0 {
		authority = rest[:end]
	}
	switch {
	case strings.ContainsAny(rest, " \t\r\n"):
		return "has a space, which is written %20 in a path and is in no host"
	case !strings.ContainsAny(authority, "[@") && strings.Count(authority, ":") > 1:
		return "has an IPv6 address without brackets around it, as in [::1]"
	default:
		return ""
	}
}

func socketAddress(parsed *url.URL) (address, string) {
	port := parsed.Port()
	switch {
	case port == "":
		return address{}, "has no port"
	case parsed.Path != "" && parsed.Path != "/":
		return address{}, "has a path, which " + parsed.Scheme + " has no use for"
	case parsed.RawQuery != "" || parsed.ForceQuery:
		return address{}, "has a query, which " + parsed.Scheme + " has no use for"
	}
	to, reason := hostAddress(parsed, port)
	if reason == "" && parsed.Scheme == "quic" {
		to.network, to.quic = "udp", true
	}
	return to, reason
}

// hostAddress reads the host. Without one it is the system's choice, which is for servers.
func hostAddress(parsed *url.URL, port string) (address, string) {
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return address{}, fmt.Sprintf("has the port %s, which is above 65535", port)
	}
	host := parsed.Hostname()
	if strings.HasPrefix(parsed.Host, "[") {
		ip, err := netip.ParseAddr(host)
		if err != nil || !ip.Is6() {
			return address{}, fmt.Sprintf("has %q in brackets, which is not an IPv6 address", host)
		}
	}
	// A zone leads to the host from here, and means nothing to the host itself.
	name, _, _ := strings.Cut(host, "%")
	return address{network: "tcp", address: net.JoinHostPort(host, port), secure: isSecure(parsed), host: name}, ""
}

func isSecure(parsed *url.URL) bool {
	return parsed.Scheme == "tls" || parsed.Scheme == "wss" || parsed.Scheme == "quic"
}

func unixAddress(parsed *url.URL) (address, string) {
	path := parsed.Path
	switch {
	case parsed.Host != "":
		return address{}, "has a host, where unix:///path has none, but a third slash"
	case path == "" || path == "/":
		return address{}, "has no path, as unix:///path has"
	case parsed.RawQuery != "" || parsed.ForceQuery:
		return address{}, "has a query, which unix has no use for; in a path ? is written %3F"
	case strings.Contains(path, "\x00"):
		return address{}, "has a zero byte in its path"
	case len(path) > maxUnixPath:
		return address{}, fmt.Sprintf("has a path of %d bytes; a Unix socket's has at most %d here", len(path), maxUnixPath)
	}
	return address{network: "unix", address: path}, ""
}

func webSocketAddressOf(parsed *url.URL) (address, string) {
	if parsed.Hostname() == "" {
		return address{}, "has no host"
	}
	port := parsed.Port()
	switch {
	case port != "":
	case strings.HasSuffix(parsed.Host, ":"):
		return address{}, "has a colon and no port"
	case isSecure(parsed):
		port = "443"
	default:
		port = "80"
	}
	to, reason := hostAddress(parsed, port)
	host := to.host
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if parsed.Port() != "" {
		host += ":" + port
	}
	to.webSocket = &webSocketAddress{host: host, path: parsed.RequestURI()}
	return to, reason
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
// need a certificate ([WithTLS]), and so does quic://host:port ([WithTLSPEM], [WithTLSFiles]); unix:// may have permissions
// ([WithUnixPermissions]). Other options have no effect here, but [Limits].HandshakeTimeout of quic://. Handshakes take place
// when connections are served.
//
// A Unix socket is removed when the listener is closed, with the lock file beside it. One that a server has left behind is
// replaced. Where a server listens already, or the path leads to something else, that is [ErrAddressInUse].
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

// windowsAddressInUse is what Windows has for EADDRINUSE, WSAEADDRINUSE. Elsewhere no error has this number.
const windowsAddressInUse = syscall.Errno(10048)

func (a address) listen(ctx context.Context, settings *settings) (net.Listener, error) {
	if a.network == "unix" {
		return a.listenUnix(settings)
	}
	if settings.unixPermissions != nil {
		return nil, fmt.Errorf("%w: WithUnixPermissions is for unix://, not for %s", ErrInvalidArgument, a.address)
	}
	var config net.ListenConfig
	listener, err := config.Listen(ctx, a.network, a.address)
	switch {
	case errors.Is(err, syscall.EADDRINUSE) || errors.Is(err, windowsAddressInUse):
		return nil, fmt.Errorf("%w: %w", ErrAddressInUse, err)
	case err != nil:
		return nil, fmt.Errorf("rsocket: %w", err)
	}
	if a.secure {
		return secureListener{listener, settings}, nil
	}
	return listener, nil
}

func (a address) listenUnix(settings *settings) (net.Listener, error) {
	listener, err := listenUnix(a.address, settings.unixPermissions)
	if err != nil && !errors.Is(err, ErrAddressInUse) && !errors.Is(err, ErrInvalidArgument) {
		err = fmt.Errorf("rsocket: listen at %s: %w", a.address, err)
	}
	return listener, err
}
