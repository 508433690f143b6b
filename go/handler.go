package rsocket

import (
	"context"
	"iter"
	"time"

	"github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go/internal/ffi"
)

// Handler answers the peer's requests. A nil member answers "not supported" (REJECTED).
//
// Handlers run beside the connection's reader, many at a time, and one that blocks holds up no other. Those of streams and
// channels have goroutines of their own; the others share some, which take one after the other as long as they return. Where
// these others take less than about 2 us in the mean, the reader calls them itself, one after the other. If one blocks then, the
// others go on without it 2 to 4 ms later, and at least the next 10,000 have goroutines again.
// A handler's ctx ends when the peer cancels the request, and when the connection ends. A panic, or the end of the handler's
// goroutine, fails the request, not the program.
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

	// RequestStream returns the items of the answer. Each is taken from the sequence when the peer has asked for it, so
	// a yield returns when the item is on its way, and false when nobody wants more. An error that is yielded fails the
	// request, as in RequestResponse.
	RequestStream func(ctx context.Context, request *Payload) iter.Seq2[*Payload, error]

	// RequestChannel gets the peer's items, of which the first opened the channel, and returns its own, as in
	// RequestStream. What the handler takes is asked for again; leaving the loop tells the peer that no more are
	// wanted, while the handler's own go on. The requests are to be ranged over once, while the handler runs.
	RequestChannel func(ctx context.Context, requests iter.Seq2[*Payload, error]) iter.Seq2[*Payload, error]

	// Lease hears what the peer allows with each of its leases; see [WithLease]. It is called on the connection's
	// reader and must not block.
	Lease func(lease Lease)

	// MetadataPush takes metadata that the peer pushed for the connection. Without it they are ignored.
	MetadataPush func(ctx context.Context, metadata []byte)
}

// noHandler is for those who answer nothing.
var noHandler Handler

// connKey finds the connection in a handler's context.
type connKey struct{}

// ConnFromContext gives the connection that a handler's request came on, from the handler's ctx, so that it can make
// requests of its own there; nil for a ctx of another origin.
func ConnFromContext(ctx context.Context) *Conn {
	conn, _ := ctx.Value(connKey{}).(*Conn)
	return conn
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
		Payload:           newReceived(proposed.Metadata, proposed.Data, proposed.HasMetadata),
		MetadataMIMEType:  proposed.MetadataMIME,
		DataMIMEType:      proposed.DataMIME,
		KeepaliveInterval: time.Duration(proposed.KeepaliveIntervalMS) * time.Millisecond,
		MaxLifetime:       time.Duration(proposed.MaxLifetimeMS) * time.Millisecond,
	}
}
