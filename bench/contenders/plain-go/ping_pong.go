package main

import (
	"io"
	"net"

	"github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/bench/load"
)

// pingPong is the floor of latency: one request at a time, which its caller writes and whose answer it reads itself.
type pingPong struct{ socket net.Conn }

func (p pingPong) Close() { _ = p.socket.Close() }

func (p pingPong) NewRequest(data []byte) load.Request {
	frame := make([]byte, headerLen+len(data))
	putHeader(frame, 0, len(data))
	copy(frame[headerLen:], data)
	return frame
}

func (p pingPong) RequestResponse(request load.Request) load.Ask {
	frame := request.([]byte)
	answer := make([]byte, len(frame))
	return func(look func([]byte)) error {
		if _, err := p.socket.Write(frame); err != nil {
			return err
		}
		if _, err := io.ReadFull(p.socket, answer); err != nil {
			return err
		}
		look(answer[headerLen:])
		return nil
	}
}
