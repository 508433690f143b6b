package rsocket_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
)

// secureRawServer gives a client over TLS whose server is a rawPeer.
func secureRawServer(t testing.TB, opts ...rsocket.Option) (*rsocket.Conn, rawPeer) {
	t.Helper()
	ca := newAuthority(t, "CA")
	config := &tls.Config{Certificates: []tls.Certificate{ca.issue(loopback).pair(t)}}
	accepted := make(chan net.Conn, 1)
	url := listenRaw(t, func(nc net.Conn) {
		secure := tls.Server(nc, config)
		if secure.Handshake() == nil {
			accepted <- secure
		}
	})
	client := dial(t, url, append(opts, ca.trusts())...)
	return client, rawPeer{t, await(t, accepted)}
}

// countedWrites is a transport that counts writes to it.
type countedWrites struct {
	net.Conn
	count atomic.Int64
}

func (c *countedWrites) Write(p []byte) (int, error) {
	c.count.Add(1)
	return c.Conn.Write(p)
}

// What a batch comes to is written together, however many records and payloads it has.
func TestTLSWritesBatchesTogether(t *testing.T) {
	ca := newAuthority(t, "CA")
	near, far := net.Pipe()
	go func() {
		server := ca.issue("server.example").serves()
		_, _ = rsocket.ServeConn(context.Background(), far, rsocket.Handler{RequestResponse: echo}, server)
	}()
	pool := ca.pool()
	counted := &countedWrites{Conn: near}
	conn, err := rsocket.NewClientConn(testContext(t), counted, rsocket.WithTLS(&tls.Config{
		RootCAs:                     pool,
		ServerName:                  "server.example",
		DynamicRecordSizingDisabled: true,
	}))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	checkEcho(t, conn)
	before := counted.count.Load()
	// Metadata and data of more than a record each, besides what frames them.
	long := bytes.Repeat([]byte{7}, 40<<10)
	answer, err := conn.RequestResponse(testContext(t), rsocket.NewPayloadFromBytes(long, long))
	if err != nil || !bytes.Equal(answer.Data(), long) {
		t.Fatal(err)
	}
	// The request, and perhaps something of the engine's own.
	if writes := counted.count.Load() - before; writes > 2 {
		t.Errorf("a request took %d writes", writes)
	}
}

// A peer that does not read for a while makes writes wait, beyond what callers are held up for, and everything still
// arrives, in order.
func TestTLSWritesGoOnWhenThePeerReadsAgain(t *testing.T) {
	conn, peer := secureRawServer(t)
	const senders, each = 8, 60
	var sent sync.WaitGroup
	for sender := range senders {
		sent.Go(func() {
			for i := range each {
				data := make([]byte, 50<<10)
				binary.BigEndian.PutUint32(data, uint32(sender))
				binary.BigEndian.PutUint32(data[4:], uint32(i))
				if err := conn.FireAndForget(testContext(t), rsocket.NewPayloadFromBytes(data, nil)); err != nil {
					t.Errorf("sending: %v", err)
					return
				}
			}
		})
	}
	// Long enough for the transport's buffers to be full and for deadlines to strike.
	time.Sleep(300 * time.Millisecond)
	next := make([]uint32, senders)
	for range senders * each {
		frame := peer.frameOf(0x05)
		if len(frame) != 6+50<<10 {
			t.Fatalf("a frame of %d bytes", len(frame))
		}
		sender, i := binary.BigEndian.Uint32(frame[6:]), binary.BigEndian.Uint32(frame[10:])
		if next[sender] != i {
			t.Fatalf("of sender %d number %d came, not %d", sender, i, next[sender])
		}
		next[sender]++
	}
	sent.Wait()
}

func TestTLSClosesAlthoughThePeerDoesNotRead(t *testing.T) {
	conn, _ := secureRawServer(t)
	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	// Until nothing fits any more.
	for ctx.Err() == nil {
		_ = conn.FireAndForget(ctx, rsocket.NewPayloadFromBytes(make([]byte, 60<<10), nil))
	}
	begin := time.Now()
	_ = conn.Close()
	eventually(t, "the connection's goroutines leave", func() bool { return goroutinesOf() == 0 })
	if took := time.Since(begin); took > 3*time.Second {
		t.Errorf("it took %v", took)
	}
}

func TestTLSSaysGoodbye(t *testing.T) {
	conn, peer := secureRawServer(t)
	_ = conn.Close()
	for frame := peer.frame(); frame != nil; frame = peer.frame() {
	}
	// The end of the stream is one of TLS, not of the transport alone.
	if _, err := peer.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("the end is %v", err)
	}
}

// holdUp forwards to an address, and stops for a while when the client has sent so many bytes. It gives the address to
// dial instead.
func holdUp(t testing.TB, address string, after int64, pause time.Duration) string {
	t.Helper()
	return strings.TrimPrefix(listenRaw(t, func(near net.Conn) {
		far, err := net.Dial("tcp", address)
		if err != nil {
			_ = near.Close()
			return
		}
		go func() {
			_, _ = io.Copy(near, far)
			_ = near.Close()
		}()
		_, _ = io.CopyN(far, near, after)
		time.Sleep(pause)
		_, _ = io.Copy(far, near)
		_ = far.Close()
	}), "tls://")
}

// Whatever is over the transport, and wherever in a batch a deadline strikes, nothing is lost, doubled or changed.
func TestWritesGoOnAfterDeadlines(t *testing.T) {
	ca := newAuthority(t, "CA")
	handler := rsocket.Handler{RequestResponse: echo}
	for _, url := range []string{"tcp://127.0.0.1:0", "tls://127.0.0.1:0", "ws://127.0.0.1:0/", "wss://127.0.0.1:0/"} {
		scheme, _, _ := strings.Cut(url, "://")
		t.Run(scheme, func(t *testing.T) {
			var server, client []rsocket.Option
			if scheme == "tls" || scheme == "wss" {
				server, client = append(server, ca.issue(loopback).serves()), append(client, ca.trusts())
			}
			address := strings.TrimPrefix(listenAndServe(t, url, handler, server...), scheme+"://")
			address = strings.TrimSuffix(address, "/")
			conn := dial(t, scheme+"://"+holdUp(t, address, 20<<10, 300*time.Millisecond), client...)
			var work sync.WaitGroup
			for sender := range 8 {
				work.Go(func() {
					for i := range 20 {
						// Small ones between long ones.
						data := bytes.Repeat([]byte{byte(sender), byte(i)}, 1+25<<10*(i%2))
						answer, err := conn.RequestResponse(testContext(t), rsocket.NewPayloadFromBytes(data, nil))
						if err != nil || !bytes.Equal(answer.Data(), data) {
							t.Errorf("request %d of sender %d: %v", i, sender, err)
							return
						}
					}
				})
			}
			// Enough at once to fill the transport.
			for range 100 {
				work.Go(func() {
					data := make([]byte, 100<<10)
					answer, err := conn.RequestResponse(testContext(t), rsocket.NewPayloadFromBytes(data, nil))
					if err != nil || len(answer.Data()) != len(data) {
						t.Errorf("a long request: %v", err)
					}
				})
			}
			work.Wait()
		})
	}
}
