package rsocket

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go/internal/ffi"
)

// quicConn is a QUIC connection: the socket that the engine carries its bytes to. To be used, it has to be open, which
// HandshakeContext waits for.
type quicConn struct {
	*net.UnixConn

	opening sync.Mutex
	opened  bool
	// failure is why it will not be.
	failure error

	mu            sync.Mutex
	local, remote net.Addr
	state         tls.ConnectionState
}

// newQUICConn takes a descriptor of the engine. The addresses are what is known of them before the handshake.
func newQUICConn(descriptor int, local, remote net.Addr) (*quicConn, error) {
	socket, err := socketOf(descriptor)
	if err != nil {
		return nil, err
	}
	return &quicConn{UnixConn: socket, local: local, remote: remote}, nil
}

// HandshakeContext waits until the engine has shaken hands with the peer, or ctx ends; after that the connection is of no
// use.
func (c *quicConn) HandshakeContext(ctx context.Context) error {
	c.opening.Lock()
	defer c.opening.Unlock()
	if c.opened || c.failure != nil {
		return c.failure
	}
	stop := context.AfterFunc(ctx, func() { _ = c.SetReadDeadline(time.Unix(1, 0)) })
	c.failure = c.open()
	if !stop() {
		c.failure = ctx.Err()
	}
	c.opened = c.failure == nil
	return c.failure
}

func (c *quicConn) open() error {
	first, err := readRecord(c.UnixConn)
	if err != nil {
		return &tlsError{kind: ErrTLSCutOff, cause: err}
	}
	if err := first.failure(); err != nil {
		return err
	}
	return c.note(first)
}

// note keeps what the engine tells of an open connection.
func (c *quicConn) note(r quicRecord) error {
	state := tls.ConnectionState{
		Version:            tls.VersionTLS13,
		HandshakeComplete:  true,
		NegotiatedProtocol: string(r.field(3)),
		ServerName:         string(r.field(4)),
	}
	for i := 5; i < len(r.fields); i++ {
		certificate, err := x509.ParseCertificate(r.fields[i])
		if err != nil {
			return &tlsError{kind: ErrTLSCertificateInvalid, cause: err}
		}
		state.PeerCertificates = append(state.PeerCertificates, certificate)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.local, c.remote = udpAddr(r.field(1)), udpAddr(r.field(2))
	c.state = state
	return nil
}

// ConnectionState tells what was agreed upon. The cipher suite is not known.
func (c *quicConn) ConnectionState() tls.ConnectionState {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state
}

// LocalAddr is the UDP address of this side.
func (c *quicConn) LocalAddr() net.Addr {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.local
}

// RemoteAddr is the UDP address of the peer.
func (c *quicConn) RemoteAddr() net.Addr {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.remote
}

// udpAddr reads what the engine says; IPv4 addresses are such, also where the system has them as IPv6.
func udpAddr(text []byte) net.Addr {
	parsed, err := netip.ParseAddrPort(string(text))
	if err != nil {
		return &net.UDPAddr{}
	}
	return net.UDPAddrFromAddrPort(netip.AddrPortFrom(parsed.Addr().Unmap(), parsed.Port()))
}

// quicListener is the socket that the engine tells of clients on.
type quicListener struct {
	records  *net.UnixConn
	addr     net.Addr
	settings *settings

	// accepting is held while a record is read and answered.
	accepting sync.Mutex
	// shown is what clients were shown last.
	shown *tlsMaterial
}

// Answers to records.
const (
	quicAsBefore = 0
	quicAnew     = 1
)

// Accept waits for a client that has connected.
func (l *quicListener) Accept() (net.Conn, error) {
	l.accepting.Lock()
	defer l.accepting.Unlock()
	for {
		record, err := readRecord(l.records)
		if err != nil {
			return nil, l.closed(err)
		}
		switch record.number {
		case ffi.QUICHello:
			if err := l.answerHello(); err != nil {
				return nil, l.closed(err)
			}
		case ffi.QUICFailed:
			reason := quicError(ffi.Result(number(record.field(0))), string(record.field(2)))
			l.settings.logger.Warn("handshake failed", "remote", string(record.field(1)), "reason", reason)
		case ffi.QUICAccepted:
			// From then on the descriptor is ours.
			if _, err := l.records.Write([]byte{quicAsBefore}); err != nil {
				return nil, l.closed(err)
			}
			conn, err := newQUICConn(int(number(record.field(0))), l.addr, udpAddr(record.field(1)))
			if err != nil {
				return nil, err
			}
			return conn, nil
		}
	}
}

// answerHello lets a client shake hands, with other certificates if they have changed.
func (l *quicListener) answerHello() error {
	answer := []byte{quicAsBefore}
	if material, err := l.settings.quicMaterial(); err != nil {
		l.settings.warnOfCertificates(err)
	} else if material != l.shown && len(material.certificates) > 0 {
		l.shown = material
		answer = []byte{quicAnew}
		for _, text := range [][]byte{material.pem.ca, material.pem.cert, material.pem.key} {
			answer = appendField(answer, text)
		}
	}
	_, err := l.records.Write(answer)
	return err
}

// closed is why nothing more is accepted.
func (l *quicListener) closed(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return &net.OpError{Op: "accept", Net: "quic", Addr: l.addr, Err: net.ErrClosed}
	}
	return &net.OpError{Op: "accept", Net: "quic", Addr: l.addr, Err: err}
}

// Close stops listening. The port is free when the connections are closed, too.
func (l *quicListener) Close() error { return l.records.Close() }

// Addr is the UDP address.
func (l *quicListener) Addr() net.Addr { return l.addr }

var _ secureConn = (*quicConn)(nil)
