package rsocket

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
)

// What errors.Is can ask of a connection that TLS has failed. Each such error is also [ErrTLS], and errors.As finds what
// crypto/tls and crypto/x509 said, such as an [x509.HostnameError].
var (
	// ErrTLS: TLS failed, in one of the following ways or another one.
	ErrTLS = errors.New("rsocket: TLS failed")
	// ErrTLSUnknownAuthority: no authority that this side trusts has signed the peer's certificate.
	ErrTLSUnknownAuthority = errors.New("rsocket: TLS certificate of an unknown authority")
	// ErrTLSCertificateExpired: the peer's certificate has expired or is not valid yet.
	ErrTLSCertificateExpired = errors.New("rsocket: TLS certificate expired or not valid yet")
	// ErrTLSWrongHost: the server's certificate is for other names than the one that was dialled.
	ErrTLSWrongHost = errors.New("rsocket: TLS certificate for another host")
	// ErrTLSCertificateInvalid: the peer's certificate is not acceptable for another reason.
	ErrTLSCertificateInvalid = errors.New("rsocket: TLS certificate invalid")
	// ErrTLSCertificateMissing: the server wants a certificate, and the client showed none. Both sides can get it; a
	// client may hear of it only after the handshake, as the reason why its connection is over.
	ErrTLSCertificateMissing = errors.New("rsocket: TLS certificate of the client missing")
	// ErrTLSCertificateRefused: the peer did not accept this side's certificate. A client may hear of it only after the
	// handshake, as the reason why its connection is over.
	ErrTLSCertificateRefused = errors.New("rsocket: TLS certificate refused by the peer")
	// ErrTLSRefused: the peer ended the handshake for another reason, for example that there is no common version.
	ErrTLSRefused = errors.New("rsocket: TLS handshake refused by the peer")
	// ErrTLSOtherProtocol: the peer does not speak TLS.
	ErrTLSOtherProtocol = errors.New("rsocket: TLS expected, the peer speaks another protocol")
	// ErrTLSProtocol: the peer broke the rules of TLS, or something changed its bytes on the way.
	ErrTLSProtocol = errors.New("rsocket: TLS protocol violation")
	// ErrTLSCutOff: the transport ended during the handshake.
	ErrTLSCutOff = errors.New("rsocket: TLS handshake cut off")
	// ErrTLSHandshakeTimeout: the handshake took longer than [Limits].HandshakeTimeout.
	ErrTLSHandshakeTimeout = errors.New("rsocket: TLS handshake timed out")
)

// tlsError is what TLS failed for, in our words and in those of crypto/tls.
type tlsError struct {
	kind, cause error
	// established: the handshake was over.
	established bool
}

func (e *tlsError) Error() string {
	return fmt.Sprintf("%v: %v", e.kind, e.cause)
}

// Unwrap gives the kinds, and what crypto/tls said.
func (e *tlsError) Unwrap() []error {
	if e.established {
		return []error{ErrTLS, e.kind, e.cause}
	}
	return []error{ErrTLS, ErrHandshake, e.kind, e.cause}
}

// handshakeError says what kind of error a handshake failed with.
func handshakeError(err error) error {
	if known := new(tlsError); errors.As(err, &known) {
		return err
	}
	kind := certificateErrorKind(err)
	if kind == nil {
		kind = recordErrorKind(err)
	}
	if kind == nil {
		kind = transportErrorKind(err)
	}
	return &tlsError{kind: kind, cause: err}
}

// establishedError says the same of an error after the handshake, where it is one of TLS.
func establishedError(err error) error {
	if kind := recordErrorKind(err); kind != nil {
		return &tlsError{kind: kind, cause: err, established: true}
	}
	return err
}

// certificateErrorKind is what is wrong with the peer's certificate; nil for nothing.
func certificateErrorKind(err error) error {
	var (
		authority x509.UnknownAuthorityError
		invalid   x509.CertificateInvalidError
		host      x509.HostnameError
		other     *tls.CertificateVerificationError
	)
	switch {
	case errors.As(err, &authority):
		return ErrTLSUnknownAuthority
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return ErrTLSCertificateExpired
	case errors.As(err, &host):
		return ErrTLSWrongHost
	case errors.As(err, &invalid), errors.As(err, &other):
		return ErrTLSCertificateInvalid
	case err.Error() == missingCertificate:
		return ErrTLSCertificateMissing
	default:
		return nil
	}
}

// missingCertificate is how crypto/tls says that a client had no certificate to show; it has no type for it.
const missingCertificate = "tls: client didn't provide a certificate"

// recordErrorKind is what is wrong with the peer's records, or what they say is wrong with ours; nil for nothing.
func recordErrorKind(err error) error {
	var header tls.RecordHeaderError
	if errors.As(err, &header) {
		if header.Conn != nil {
			return ErrTLSOtherProtocol
		}
		return ErrTLSProtocol
	}
	var alert *net.OpError
	if !errors.As(err, &alert) {
		return nil
	}
	switch alert.Op {
	case "remote error":
		return alertKind(alert.Err)
	case "local error":
		return ErrTLSProtocol
	default:
		return nil
	}
}

// alertKinds are what peers' alerts mean, by the text that crypto/tls has for them: their type is its secret. The
// numbers are those of RFC 8446, section 6.
var alertKinds = func() map[string]error {
	kinds := make(map[string]error)
	for _, refused := range []tls.AlertError{42, 43, 44, 45, 46, 48} {
		kinds[refused.Error()] = ErrTLSCertificateRefused
	}
	for _, broken := range []tls.AlertError{10, 20, 22, 47, 50, 51} {
		kinds[broken.Error()] = ErrTLSProtocol
	}
	kinds[tls.AlertError(116).Error()] = ErrTLSCertificateMissing
	return kinds
}()

func alertKind(alert error) error {
	if kind, ok := alertKinds[alert.Error()]; ok {
		return kind
	}
	return ErrTLSRefused
}

// transportErrorKind is what else can have ended a handshake.
func transportErrorKind(err error) error {
	var transport net.Error
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.ErrClosedPipe),
		errors.As(err, &transport):
		return ErrTLSCutOff
	default:
		return ErrTLSProtocol
	}
}
