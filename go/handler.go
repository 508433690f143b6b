package rsocket

import (
	"context"
	"time"

	"github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go/internal/ffi"
)

// Handler answers the peer's requests. A nil member answers "not supported" (REJECTED).
//
// Handlers run in goroutines of their own, many at a time. A handler's ctx ends when the peer cancels the request, and
// when the connection ends. A panic fails the request, not the program.
type Handler struct {
	// Setup decides whether a client may connect; servers only. An error turns the client away with REJECTED_SETUP, or
	// with the code of an [*Error] that is INVALID_SETUP or UNSUPPORTED_SETUP. Requests on conn work once it returned.
	// While it runs nothing else is read from the client; [Limits.SetupTimeout] ends its ctx.
	Setup func(ctx context.Context, setup *Setup, conn *Conn) error

	// RequestResponse returns the answer; nil completes the request without one. An error fails it with
	// APPLICATION_ERROR, or with the code of an [*Error].
	RequestResponse func(ctx context.Context, request *Payload) (*Payload, error)

	// FireAndForget takes a request that gets no answer. Without it they are ignored.
	FireAndForget func(ctx context.Context, request *Payload)
}

// Setup is what a client proposes (specification, "SETUP Frame").
type Setup struct {
	// Payload is the setup payload.
	Payload *Payload
	// MetadataMIMEType and DataMIMEType tell how payloads are encoded on this connection.
	MetadataMIMEType string
	DataMIMEType     string
	// KeepaliveInterval is the time between the client's KEEPALIVE frames.
	KeepaliveInterval time.Duration
	// MaxLifetime is the silence after which each side gives the other up.
	MaxLifetime time.Duration
}

func newSetup(proposed ffi.Setup) *Setup {
	return &Setup{
		Payload:           newOwned(proposed.Metadata, proposed.Data, proposed.HasMetadata),
		MetadataMIMEType:  proposed.MetadataMIME,
		DataMIMEType:      proposed.DataMIME,
		KeepaliveInterval: time.Duration(proposed.KeepaliveIntervalMS) * time.Millisecond,
		MaxLifetime:       time.Duration(proposed.MaxLifetimeMS) * time.Millisecond,
	}
}
