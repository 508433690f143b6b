package rsocket

import (
	"errors"

	"github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go/metadata"
)

var (
	// ErrNoRoute: a payload has no route; see [RouteOf].
	ErrNoRoute = errors.New("rsocket: no route")
	// ErrMalformedMetadata: a payload's metadata is not the composite metadata that it is taken for.
	ErrMalformedMetadata = errors.New("rsocket: malformed metadata")
)

// RouteOf reads the route from a payload's composite metadata (Routing Metadata Extension): the first tag of the first
// routing entry. The peer says by its setup whether its metadata is composite ([Setup.MetadataMIMEType]).
//
// Its errors are [ErrNoRoute] for a payload without one, and [ErrMalformedMetadata], with a [*metadata.Error] that names
// the field, where the metadata could not be read up to the route. A handler may return them as they are: the peer gets
// INVALID, and what is wrong.
func RouteOf(payload *Payload) (string, error) {
	content, ok, err := metadata.Composite(payload.GetMetadata()).Find(metadata.MIMERouting)
	if err != nil {
		return "", unroutable(ErrMalformedMetadata, "the metadata cannot be read: "+err.Error(), err)
	}
	if !ok {
		return "", unroutable(ErrNoRoute, "the request has no routing metadata", nil)
	}
	for tag, err := range metadata.ParseTags(content) {
		if err != nil {
			return "", unroutable(ErrMalformedMetadata, "the routing metadata cannot be read: "+err.Error(), err)
		}
		return string(tag), nil
	}
	return "", unroutable(ErrNoRoute, "the request's routing metadata is empty", nil)
}

// unroutable is what is wrong with a payload whose route was asked for.
func unroutable(kind error, message string, cause error) error {
	return &Error{Code: CodeInvalid, Message: message, Origin: OriginLibrary, kind: kind, cause: cause}
}
