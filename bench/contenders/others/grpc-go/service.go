package main

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/bench/load"
)

const (
	echoMethod  = "/bench.Bench/Echo"
	itemsMethod = "/bench.Bench/Items"
)

// service is what protoc-gen-go-grpc would write for a service over google.protobuf.BytesValue.
var service = grpc.ServiceDesc{
	ServiceName: "bench.Bench",
	HandlerType: (*any)(nil),
	Methods:     []grpc.MethodDesc{{MethodName: "Echo", Handler: echo}},
	Streams:     []grpc.StreamDesc{{StreamName: "Items", Handler: items, ServerStreams: true}},
}

func echo(_ any, _ context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
	request := new(wrapperspb.BytesValue)
	if err := decode(request); err != nil {
		return nil, err
	}
	return request, nil
}

func items(_ any, stream grpc.ServerStream) error {
	request := new(wrapperspb.BytesValue)
	if err := stream.RecvMsg(request); err != nil {
		return err
	}
	n, size, err := load.ParseStream(request.GetValue())
	if err != nil {
		return err
	}
	item := load.Pattern(0, size)
	for i := range n {
		load.PutIndex(item, uint64(i))
		// It is encoded before SendMsg returns.
		if err := stream.SendMsg(wrapperspb.Bytes(item)); err != nil {
			return err
		}
	}
	return nil
}
