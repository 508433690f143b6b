package main

import (
	"context"
	"errors"
	"io"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/bench/load"
)

type conn struct {
	client *grpc.ClientConn
	ctx    context.Context
}

func (c conn) Close() { _ = c.client.Close() }

func (c conn) NewRequest(data []byte) load.Request { return wrapperspb.Bytes(data) }

func (c conn) RequestResponse(request load.Request) load.Ask {
	return func(look func([]byte)) error {
		answer := new(wrapperspb.BytesValue)
		if err := c.client.Invoke(c.ctx, echoMethod, request, answer); err != nil {
			return err
		}
		look(answer.GetValue())
		return nil
	}
}

// RequestStream has HTTP/2's windows of bytes for credit; a prefetch of items means nothing to it.
func (c conn) RequestStream(request []byte, _ int, each func([]byte)) error {
	stream, err := c.client.NewStream(c.ctx, &grpc.StreamDesc{ServerStreams: true}, itemsMethod)
	if err != nil {
		return err
	}
	if err := errors.Join(stream.SendMsg(wrapperspb.Bytes(request)), stream.CloseSend()); err != nil {
		return err
	}
	for {
		item := new(wrapperspb.BytesValue)
		err := stream.RecvMsg(item)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		each(item.GetValue())
	}
}
