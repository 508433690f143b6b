package ffi

// #include "rsocket.h"
import "C"

import (
	"strings"
	"time"
	"unsafe"
)

// Results of QUIC.
const (
	ResultLayerProtocol      Result = C.RSOCKET_RESULT_LAYER_PROTOCOL
	ResultClosedWithError    Result = C.RSOCKET_RESULT_CLOSED_WITH_ERROR
	ResultCertificate        Result = C.RSOCKET_RESULT_CERTIFICATE
	ResultCertificateRefused Result = C.RSOCKET_RESULT_CERTIFICATE_REFUSED
	ResultUnknownAuthority   Result = C.RSOCKET_RESULT_UNKNOWN_AUTHORITY
	ResultCertificateExpired Result = C.RSOCKET_RESULT_CERTIFICATE_EXPIRED
	ResultWrongName          Result = C.RSOCKET_RESULT_WRONG_NAME
	ResultCertificateMissing Result = C.RSOCKET_RESULT_CERTIFICATE_MISSING
	ResultTimedOut           Result = C.RSOCKET_RESULT_TIMED_OUT
	ResultIO                 Result = C.RSOCKET_RESULT_IO
)

// Records of a listener.
const (
	QUICHello    uint32 = C.RSOCKET_QUIC_HELLO
	QUICAccepted uint32 = C.RSOCKET_QUIC_ACCEPTED
	QUICFailed   uint32 = C.RSOCKET_QUIC_FAILED
)

// QUICIsBuilt reports whether the linked library has QUIC.
func QUICIsBuilt() bool {
	return bool(C.rsocket_quic_is_built())
}

// QUICTLS is what a side of QUIC trusts and shows, in PEM; each may be empty.
type QUICTLS struct {
	Authorities, Certificates, Key []byte
}

// QUICConnect connects to the first address that answers, each with a port, and returns a descriptor at once, which is
// the caller's; see rsocket_quic_connect in rsocket.h for what is read from it.
func QUICConnect(addresses []string, serverName string, tls QUICTLS, handshakeTimeout time.Duration) (int, error) {
	lines := strings.Join(addresses, "\n")
	var descriptor C.int32_t
	result := C.rsocket_quic_connect(
		stringData(lines), C.size_t(len(lines)),
		stringData(serverName), C.size_t(len(serverName)),
		bytesData(tls.Authorities), C.size_t(len(tls.Authorities)),
		bytesData(tls.Certificates), C.size_t(len(tls.Certificates)),
		bytesData(tls.Key), C.size_t(len(tls.Key)),
		C.uint64_t(milliseconds(handshakeTimeout)), &descriptor)
	if err := check(result, "QUIC"); err != nil {
		return 0, err
	}
	return int(descriptor), nil
}

// QUICListen listens on a UDP socket that is bound, and returns a descriptor at once, which is the caller's; see
// rsocket_quic_listen in rsocket.h for what is read from it. The socket may be closed afterwards.
func QUICListen(socket uintptr, tls QUICTLS, ask bool, handshakeTimeout time.Duration) (int, error) {
	var descriptor C.int32_t
	result := C.rsocket_quic_listen(
		C.int32_t(socket),
		bytesData(tls.Authorities), C.size_t(len(tls.Authorities)),
		bytesData(tls.Certificates), C.size_t(len(tls.Certificates)),
		bytesData(tls.Key), C.size_t(len(tls.Key)),
		C.bool(ask), C.uint64_t(milliseconds(handshakeTimeout)), &descriptor)
	if err := check(result, "QUIC"); err != nil {
		return 0, err
	}
	return int(descriptor), nil
}

func bytesData(bytes []byte) *C.uint8_t {
	return (*C.uint8_t)(unsafe.SliceData(bytes))
}
