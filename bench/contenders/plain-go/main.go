// Command plain-go is what a contender of the benchmark can reach at best in Go: length-prefixed frames with an id over a plain socket,
// written in batches as our package does (framed), or one after the other (ping-pong). Frames have as many bytes as RSocket's.
package main

import (
	"encoding/binary"
	"errors"
	"net"
	"sync/atomic"

	"github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/bench/load"
)

func main() {
	load.Main(load.Contender{Name: "plain-go", Serve: serve, Dial: dial})
}

// headerLen is what RSocket puts in front of data: a length of three bytes, and a frame header of six. Here the id has four of those.
const headerLen = 9

// maxFrameLen is the longest frame that is read.
const maxFrameLen = 1 << 20

var errTooLong = errors.New("the frame is too long")

func putHeader(header []byte, id uint32, dataLen int) {
	length := dataLen + headerLen - 3
	header[0], header[1], header[2] = byte(length>>16), byte(length>>8), byte(length)
	binary.BigEndian.PutUint32(header[3:], id)
	header[7], header[8] = 0, 0
}

// frameLen is the length of the frame that begins here, header and data; 0 if too little of it is there to tell.
func frameLen(input []byte) (int, error) {
	if len(input) < headerLen {
		return 0, nil
	}
	length := 3 + (int(input[0])<<16 | int(input[1])<<8 | int(input[2]))
	if length < headerLen || length > maxFrameLen {
		return 0, errTooLong
	}
	return length, nil
}

func serve(string, *atomic.Uint64) (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return // the clients will notice
			}
			go echo(conn)
		}
	}()
	return listener.Addr().String(), nil
}

// echo writes back what it reads, one write for each read: an answer is its request.
func echo(conn net.Conn) {
	defer conn.Close()
	buffer := make([]byte, readLen)
	for {
		n, err := conn.Read(buffer)
		if err != nil {
			return
		}
		if _, err := conn.Write(buffer[:n]); err != nil {
			return
		}
	}
}

func dial(settings load.Settings) (load.Conn, error) {
	socket, err := net.Dial("tcp", settings.Connect)
	if err != nil {
		return nil, err
	}
	if settings.Form == load.PingPong {
		return pingPong{socket}, nil
	}
	return newConn(socket), nil
}
