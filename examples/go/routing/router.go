package main

import (
	"context"
	"fmt"
	"iter"

	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
	"github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go/metadata"
)

// router finds the handler of a request by its route.
type router struct {
	responses map[string]func(context.Context, *rsocket.Payload) (*rsocket.Payload, error)
	streams   map[string]func(context.Context, *rsocket.Payload) iter.Seq2[*rsocket.Payload, error]
}

func (r router) handler() rsocket.Handler {
	return rsocket.Handler{
		Setup:           wantComposite,
		RequestResponse: r.response,
		RequestStream:   r.stream,
	}
}

// wantComposite turns away clients whose metadata this server cannot read.
func wantComposite(_ context.Context, setup *rsocket.Setup, _ *rsocket.Conn) error {
	if setup.MetadataMIMEType != string(metadata.MIMEComposite) {
		return rsocket.NewError(rsocket.CodeUnsupportedSetup, "metadata must be "+string(metadata.MIMEComposite))
	}
	return nil
}

func (r router) response(ctx context.Context, request *rsocket.Payload) (*rsocket.Payload, error) {
	handle, err := find(r.responses, request)
	if err != nil {
		return nil, err
	}
	return handle(ctx, request)
}

func (r router) stream(ctx context.Context, request *rsocket.Payload) iter.Seq2[*rsocket.Payload, error] {
	handle, err := find(r.streams, request)
	if err != nil {
		return func(yield func(*rsocket.Payload, error) bool) { yield(nil, err) }
	}
	return handle(ctx, request)
}

func find[handle any](handlers map[string]handle, request *rsocket.Payload) (handle, error) {
	route, err := rsocket.RouteOf(request)
	found, known := handlers[route]
	if err == nil && !known {
		err = rsocket.NewError(rsocket.CodeInvalid, fmt.Sprintf("nothing is at route %q", route))
	}
	return found, err
}
