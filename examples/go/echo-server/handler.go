package main

import (
	"context"
	"log/slog"

	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
)

func echo(log *slog.Logger) rsocket.Handler {
	return rsocket.Handler{
		RequestResponse: func(_ context.Context, request *rsocket.Payload) (*rsocket.Payload, error) {
			return request, nil
		},
		FireAndForget: func(ctx context.Context, request *rsocket.Payload) {
			log.InfoContext(ctx, "fire-and-forget", "data", preview(request.Data()), "bytes", request.Len())
		},
	}
}

// preview keeps a log line short, however large the payload is.
func preview(data []byte) string {
	const most = 80
	if len(data) > most {
		return string(data[:most]) + "…"
	}
	return string(data)
}
