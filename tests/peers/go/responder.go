package main

import (
	"bytes"
	"context"
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

func (r *responder) hang(ctx context.Context) error {
	r.out.printf("hang")
	<-ctx.Done()
	if r.serving.Err() == nil {
		r.out.printf("cancelled")
	}
	return ctx.Err()
}
