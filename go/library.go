package rsocket

import (
	"fmt"

	"github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go/internal/ffi"
)

// Init checks that the linked engine is the one this package was compiled for. It keeps no state, may be called any
// number of times, and need not be called.
func Init() error {
	major, minor, patch := ffi.HeaderVersion()
	compiled := fmt.Sprintf("%d.%d.%d", major, minor, patch)
	if linked := ffi.Version(); linked != compiled {
		return fmt.Errorf("rsocket: compiled for version %s of the engine, linked with %s", compiled, linked)
	}
	return nil
}

// GetVersion is the version of the library, such as "0.8.0".
func GetVersion() string {
	return ffi.Version()
}

// GetSupportedTransports names the transports of [Dial] and [Listen], separated by commas. "quic" is among them where the
// linked library was built with it.
func GetSupportedTransports() string {
	if ffi.QUICIsBuilt() {
		return "quic,tcp,tls,unix,ws,wss"
	}
	return "tcp,tls,unix,ws,wss"
}
