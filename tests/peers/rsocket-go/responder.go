package main

import (
	"context"
	"errors"
	"strings"

	"github.com/rsocket/rsocket-go"
	"github.com/rsocket/rsocket-go/payload"
	"github.com/rsocket/rsocket-go/rx/flux"
	"github.com/rsocket/rsocket-go/rx/mono"
)

const (
	errorPrefix = "error:"
	hangRequest = "hang"
)

func responder(out *lines) rsocket.RSocket {
	return rsocket.NewAbstractSocket(
		rsocket.RequestResponse(func(request payload.Payload) mono.Mono { return answer(request, out) }),
		rsocket.FireAndForget(func(request payload.Payload) {
			metadata, ok := request.Metadata()
			out.printf("fnf data=%s metadata=%s", digest(request.Data()), metadataDigest(metadata, ok))
		}),
		rsocket.RequestStream(func(request payload.Payload) flux.Flux {
			data := request.DataUTF8()
			if data == hangRequest {
				return hangItems(out)
			}
			return streamFor(data)
		}),
		rsocket.RequestChannel(echoItems),
		rsocket.MetadataPush(func(push payload.Payload) {
			metadata, _ := push.Metadata()
			out.printf("push %s", digest(metadata))
		}),
	)
}

// answer takes its order from the request's data: fail, never answer, or echo.
func answer(request payload.Payload, out *lines) mono.Mono {
	data := string(request.Data())
	if reason, ok := strings.CutPrefix(data, errorPrefix); ok {
		return mono.Error(errors.New(reason))
	}
	if data == hangRequest {
		return hang(out)
	}
	// The library takes the request's memory back when the handler is done, so the echo is a copy.
	return mono.Just(payload.Clone(request))
}

func hang(out *lines) mono.Mono {
	return mono.
		Create(func(context.Context, mono.Sink) { out.printf("hang") }).
		DoOnCancel(func() { out.printf("cancelled") })
}
