package rsocket_test

import (
	"bytes"
	"net"
	"strings"
	"sync/atomic"
	"testing"

	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
)

// countedReads counts the reads that brought something.
type countedReads struct {
	net.Conn
	reads *atomic.Int64
}

func (c countedReads) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n > 0 {
		c.reads.Add(1)
	}
	return n, err
}

// A connection that gets frames longer than its first buffers reads each at once, instead of growing up to it anew.
func TestLongFramesTakeFewReads(t *testing.T) {
	const typeRequestResponse, frames, warmUp = 0x04, 8, 2
	near, far := net.Pipe() // A read gets a whole write, if there is room for it.
	t.Cleanup(func() { _ = far.Close() })
	var reads atomic.Int64
	client, err := rsocket.NewClientConn(testContext(t), countedReads{near, &reads})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	server := rawPeer{t, far}
	data := strings.Repeat("64 bytes, over and over, so that a frame does not fit 64 KiB. ..", 1024)
	for i := range frames {
		answers := make(chan *rsocket.Payload, 1)
		go func() {
			answer, err := client.RequestResponse(testContext(t), rsocket.NewPayload("", ""))
			if err != nil {
				t.Error(err)
			}
			answers <- answer
		}()
		request := server.frameOf(typeRequestResponse)
		before := reads.Load()
		server.send(string(request[:4]) + "\x28\x60" + data) // PAYLOAD with NEXT and COMPLETE
		if answer := await(t, answers); !bytes.Equal(answer.Data(), []byte(data)) {
			t.Fatalf("answer %d has %d bytes that differ from the %d sent", i, len(answer.Data()), len(data))
		}
		if took := reads.Load() - before; i >= warmUp && took > 1 {
			t.Errorf("frame %d of %d bytes took %d reads", i, len(data), took)
		}
	}
}

// The last read of a long frame may be a short one, and the next one is read from the start.
func TestLongItemsThatFollowEachOther(t *testing.T) {
	for _, size := range []int{100 << 10, 300_000, 1 << 20} {
		client, server := rawServer(t)
		stream, err := client.OpenStream(testContext(t), rsocket.NewPayload("", ""))
		if err != nil {
			t.Fatal(err)
		}
		server.frameOf(0x06)
		item := "\x00\x00\x00\x01\x28\x20" + strings.Repeat("x", size)
		go server.send(item, item, item)
		for i := range 3 {
			got, err := stream.Recv(testContext(t))
			if err != nil || got.Len() != size {
				t.Fatalf("%d: item %d: %v, %d bytes", size, i, err, got.Len())
			}
		}
	}
}
