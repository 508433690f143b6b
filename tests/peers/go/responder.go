package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"

	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
)

const (
	errorPrefix = "error:"
	hangRequest = "hang"
)

// responder answers requests until serving ends.
type responder struct {
	serving context.Context
	out     *lines
}

func (r *responder) handler() rsocket.Handler {
	return rsocket.Handler{
		RequestResponse: r.answer,
		FireAndForget: func(_ context.Context, request *rsocket.Payload) {
			r.out.printf("fnf data=%s metadata=%s", digest(request.Data()), metadataDigest(request))
		},
		RequestStream:  r.stream,
		RequestChannel: echoItems,
		MetadataPush:   func(_ context.Context, metadata []byte) { r.out.printf("push %s", digest(metadata)) },
		Lease:          r.leased,
	}
}

// answer takes its order from the request's data: fail, never answer, or echo.
func (r *responder) answer(ctx context.Context, request *rsocket.Payload) (*rsocket.Payload, error) {
	data := request.Data()
	if reason, ok := bytes.CutPrefix(data, []byte(errorPrefix)); ok {
		return nil, errors.New(string(reason))
	}
	if string(data) == hangRequest {
		return nil, r.hang(ctx)
	}
	return request, nil
}

// stream answers with the items that the request's data asks for, or never.
func (r *responder) stream(ctx context.Context, request *rsocket.Payload) items {
	data := request.GetDataAsString()
	if data == hangRequest {
		return func(yield func(*rsocket.Payload, error) bool) { yield(nil, r.hang(ctx)) }
	}
	return streamFor(data)
}

// leased tells what the client grants.
func (r *responder) leased(lease rsocket.Lease) {
	metadata := noMetadata
	if lease.Metadata != nil {
		metadata = hex.EncodeToString(lease.Metadata)
	}
	r.out.printf("lease requests=%d ttl=%dms metadata=%s", lease.Requests, lease.TTL.Milliseconds(), metadata)
}

func (r *responder) hang(ctx context.Context) error {
	r.out.printf("hang")
	<-ctx.Done()
	if r.serving.Err() == nil {
		r.out.printf("cancelled")
	}
	return ctx.Err()
}
