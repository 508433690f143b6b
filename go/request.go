package rsocket

import (
	"fmt"

	"github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go/metadata"
)

// MetadataOption adds an entry to the composite metadata of [NewRequest].
type MetadataOption func(metadata.Composite) (metadata.Composite, error)

// NewRequest returns a payload with a copy of data, and with composite metadata (Composite Metadata Extension) that holds
// what the options add, in their order:
//
//	request, err := rsocket.NewRequest(data, rsocket.WithRoute("orders.find"), rsocket.WithBearerToken(token))
//
// Without options there is no metadata. What an entry cannot hold is [ErrInvalidArgument], with a [*metadata.Error] that
// names the field.
//
// The connection has to be made with [WithCompositeMetadata], so that the peer reads the metadata as what it is. A setup
// payload may be made like this as well ([WithSetupPayload]). [RouteOf] reads a route.
func NewRequest(data []byte, opts ...MetadataOption) (*Payload, error) {
	var composite metadata.Composite
	for _, opt := range opts {
		if opt == nil {
			return nil, fmt.Errorf("%w: a metadata option is nil", ErrInvalidArgument)
		}
		var err error
		if composite, err = opt(composite); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrInvalidArgument, err)
		}
	}
	return NewPayloadFromBytes(data, composite), nil
}

// WithRoute says where the request should go (Routing Metadata Extension): the route, which names the handler at Spring's
// servers and others, and tags that the server may heed as well. Each is UTF-8 of at most [metadata.MaxTagLen] bytes.
func WithRoute(route string, tags ...string) MetadataOption {
	return WithMetadataItem(metadata.Route(route, tags...))
}

// WithBearerToken says who asks by a token (Authentication Extension), without any prefix, in UTF-8. Only an encrypted
// transport hides it.
func WithBearerToken(token string) MetadataOption {
	return WithMetadataItem(metadata.BearerAuth(token))
}

// WithSimpleAuth says who asks by a name and a password (Authentication Extension), in UTF-8, the name of at most
// [metadata.MaxUsernameLen] bytes. Only an encrypted transport hides them.
func WithSimpleAuth(username, password string) MetadataOption {
	return WithMetadataItem(metadata.SimpleAuth(username, password))
}

// WithMetadataEntry adds content of any MIME type: ASCII of at most [metadata.MaxNameLen] bytes, such as
// "application/json". The content has at most [metadata.MaxContentLen] bytes, and is copied by NewRequest.
func WithMetadataEntry(mime string, content []byte) MetadataOption {
	return WithMetadataItem(metadata.Entry{MIME: metadata.MIME(mime), Content: content})
}

// WithMetadataItem adds what package metadata makes, such as [metadata.Zipkin] or [metadata.AcceptMIME].
func WithMetadataItem(item metadata.Item) MetadataOption {
	return func(composite metadata.Composite) (metadata.Composite, error) {
		if item == nil {
			return nil, fmt.Errorf("%w: no metadata item", ErrInvalidArgument)
		}
		return composite.Append(item)
	}
}
