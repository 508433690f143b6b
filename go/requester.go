package rsocket

import (
	"context"
	"iter"
)

// Requester is what makes requests: a [Conn], or a [Reconnector] for those who want the next connection when one is
// lost. What each method does is said there.
type Requester interface {
	RequestResponse(ctx context.Context, payload *Payload) (*Payload, error)
	RequestResponseFunc(payload *Payload, callback ResponseCallback) error
	FireAndForget(ctx context.Context, payload *Payload) error
	RequestStream(ctx context.Context, request *Payload, opts ...StreamOption) iter.Seq2[*Payload, error]
	OpenStream(ctx context.Context, request *Payload, opts ...StreamOption) (*Stream, error)
	RequestChannel(ctx context.Context, source iter.Seq2[*Payload, error], opts ...StreamOption) iter.Seq2[*Payload, error]
	OpenChannel(ctx context.Context, first *Payload, opts ...StreamOption) (*Channel, error)
	MetadataPush(ctx context.Context, metadata []byte) error
}

var (
	_ Requester = (*Conn)(nil)
	_ Requester = (*Reconnector)(nil)
)
