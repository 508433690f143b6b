package rsocket

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"time"

	"github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go/internal/ffi"
)

// The engine speaks QUIC by itself, on a thread of its own. A connection is one of a pair of Unix sockets here, and the
// other one is the engine's, which carries the bytes and tells what becomes of the handshake. It has TLS of its own too.

// quicGrace is how much longer than us the engine waits for a handshake, so that it is us who give it up.
const quicGrace = time.Second

// settleQUIC holds the settings against a quic:// URL.
func (s *settings) settleQUIC() error {
	if !ffi.QUICIsBuilt() {
		return fmt.Errorf("%w: %w: quic", ErrInvalidArgument, ErrNotBuilt)
	}
	if _, given := s.tls.(givenTLS); given {
		return fmt.Errorf("%w: quic:// has no use for a *tls.Config: WithTLSPEM and WithTLSFiles say what to trust and to show", ErrInvalidArgument)
	}
	return nil
}

// quicMaterial is what to trust and to show; nil where the program has not said.
func (s *settings) quicMaterial() (*tlsMaterial, error) {
	source, ok := s.tls.(*madeTLS)
	if !ok {
		return nil, nil
	}
	material, err := source.current()
	if material == nil {
		return nil, err
	}
	s.warnOfCertificates(err)
	return material, nil
}

// quicTLS is the same for the engine.
func (m *tlsMaterial) quicTLS() ffi.QUICTLS {
	if m == nil {
		return ffi.QUICTLS{}
	}
	return ffi.QUICTLS{Authorities: m.pem.ca, Certificates: m.pem.cert, Key: m.pem.key}
}

func (a address) openQUIC(ctx context.Context, settings *settings) (net.Conn, error) {
	addresses, err := lookUp(ctx, a.address)
	if err != nil {
		return nil, fmt.Errorf("rsocket: %w", err)
	}
	material, err := settings.quicMaterial()
	if err != nil {
		return nil, err
	}
	limit := settings.limits.HandshakeTimeout
	descriptor, err := ffi.QUICConnect(texts(addresses), a.host, material.quicTLS(), limit+quicGrace)
	if err != nil {
		return nil, fmt.Errorf("rsocket: %w", err)
	}
	conn, err := newQUICConn(descriptor, net.UDPAddrFromAddrPort(netip.AddrPort{}), net.UDPAddrFromAddrPort(addresses[0]))
	if err != nil {
		return nil, err
	}
	if err := settings.shakeHands(ctx, conn); err != nil {
		_ = conn.Close()
		return nil, err
	}
	return conn, nil
}

// lookUp finds the addresses of host:port.
func lookUp(ctx context.Context, hostPort string) ([]netip.AddrPort, error) {
	host, service, err := net.SplitHostPort(hostPort)
	if err != nil {
		return nil, err
	}
	port, err := net.DefaultResolver.LookupPort(ctx, "udp", service)
	if err != nil {
		return nil, err
	}
	found, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, err
	}
	addresses := make([]netip.AddrPort, len(found))
	for i, ip := range found {
		addresses[i] = netip.AddrPortFrom(ip.Unmap(), uint16(port))
	}
	return addresses, nil
}

func texts(addresses []netip.AddrPort) []string {
	texts := make([]string, len(addresses))
	for i, address := range addresses {
		texts[i] = address.String()
	}
	return texts
}

func (a address) listenQUIC(ctx context.Context, settings *settings) (net.Listener, error) {
	material, err := settings.quicMaterial()
	if err == nil && (material == nil || len(material.certificates) == 0) {
		err = errNoServerCertificate
	}
	if err != nil {
		return nil, err
	}
	var config net.ListenConfig
	socket, err := config.ListenPacket(ctx, a.network, a.address)
	if err != nil {
		return nil, fmt.Errorf("rsocket: %w", err)
	}
	defer socket.Close() // The engine has a descriptor of its own.
	asks := settings.tls.(*madeTLS).changes
	descriptor, err := listenOn(socket, material.quicTLS(), asks, settings.limits.HandshakeTimeout)
	if err != nil {
		return nil, fmt.Errorf("rsocket: %w", err)
	}
	records, err := socketOf(descriptor)
	if err != nil {
		return nil, err
	}
	listener := &quicListener{records: records, addr: socket.LocalAddr(), settings: settings, shown: material}
	first, err := readRecord(records)
	if err == nil {
		err = first.failure()
	}
	if err != nil {
		return nil, errors.Join(err, records.Close())
	}
	return listener, nil
}

func listenOn(socket net.PacketConn, tls ffi.QUICTLS, ask bool, handshakeTimeout time.Duration) (descriptor int, err error) {
	raw, err := socket.(*net.UDPConn).SyscallConn()
	if err != nil {
		return 0, err
	}
	controlErr := raw.Control(func(fd uintptr) {
		descriptor, err = ffi.QUICListen(fd, tls, ask, handshakeTimeout)
	})
	return descriptor, errors.Join(controlErr, err)
}

// socketOf makes a descriptor of the engine a socket of Go, which owns it.
func socketOf(descriptor int) (*net.UnixConn, error) {
	file := os.NewFile(uintptr(descriptor), "quic")
	defer file.Close() // The socket has another descriptor.
	nc, err := net.FileConn(file)
	if err != nil {
		return nil, fmt.Errorf("rsocket: %w", err)
	}
	return nc.(*net.UnixConn), nil
}

// quicErrorKind is which of the ErrTLS errors a result of the engine is; nil for none.
func quicErrorKind(result ffi.Result) error {
	switch result {
	case ffi.ResultUnknownAuthority:
		return ErrTLSUnknownAuthority
	case ffi.ResultCertificateExpired:
		return ErrTLSCertificateExpired
	case ffi.ResultWrongName:
		return ErrTLSWrongHost
	case ffi.ResultCertificate:
		return ErrTLSCertificateInvalid
	case ffi.ResultCertificateMissing:
		return ErrTLSCertificateMissing
	case ffi.ResultCertificateRefused:
		return ErrTLSCertificateRefused
	case ffi.ResultHandshakeRefused:
		return ErrTLSRefused
	case ffi.ResultLayerProtocol:
		return ErrTLSProtocol
	case ffi.ResultCutOff, ffi.ResultClosedWithError:
		return ErrTLSCutOff
	case ffi.ResultTimedOut:
		return ErrTLSHandshakeTimeout
	default:
		return nil
	}
}

// quicError is why there is no connection.
func quicError(result ffi.Result, message string) error {
	cause := fmt.Errorf("quic: %s", message)
	if kind := quicErrorKind(result); kind != nil {
		return &tlsError{kind: kind, cause: cause}
	}
	if result == ffi.ResultInvalidArgument {
		return fmt.Errorf("%w: %w", ErrInvalidArgument, cause)
	}
	return fmt.Errorf("rsocket: %w", cause)
}
