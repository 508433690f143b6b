package rsocket_test

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"sync"
	"testing"

	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
)

// cutPipe is a transport in memory that breaks after its writer has sent so many bytes.
type cutPipe struct {
	net.Conn
	mu   sync.Mutex
	left int
}

func (c *cutPipe) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(p) <= c.left {
		n, err := c.Conn.Write(p)
		c.left -= n
		return n, err
	}
	n, _ := c.Conn.Write(p[:c.left])
	c.left = 0
	_ = c.Conn.Close()
	return n, net.ErrClosed
}

const uncut = 1 << 30

// cutHandshake has a client and a server shake hands over a transport that breaks after so many bytes of each, and
// tells what they say. Connections that came to be are closed.
func cutHandshake(t *testing.T, client, server rsocket.Option, up, down int) (atClient, atServer error) {
	t.Helper()
	near, far := net.Pipe()
	served := make(chan error, 1)
	go func() {
		conn, err := rsocket.ServeConn(context.Background(), &cutPipe{Conn: far, left: down}, rsocket.Handler{}, server)
		if err == nil {
			defer conn.Close()
		}
		served <- err
	}()
	conn, atClient := rsocket.NewClientConn(testContext(t), &cutPipe{Conn: near, left: up}, client)
	if atClient == nil {
		// What follows the handshake is cut as well, unless nothing is.
		if up != uncut || down != uncut {
			defer func() { await(t, conn.Done()) }()
		}
		defer conn.Close()
	}
	return atClient, await(t, served)
}

func TestTLSHandshakeCutAtEveryByte(t *testing.T) {
	ca := newAuthority(t, "CA")
	pool := ca.pool()
	server := ca.issue("server.example").serves()
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		client := rsocket.WithTLS(&tls.Config{
			RootCAs:                pool,
			ServerName:             "server.example",
			MaxVersion:             version,
			SessionTicketsDisabled: true,
		})
		t.Run(tls.VersionName(version)+", the client's bytes", func(t *testing.T) {
			cuts := 0
			for at := 0; ; at++ {
				_, err := cutHandshake(t, client, server, at, uncut)
				if errors.Is(err, rsocket.ErrTLSCutOff) && errors.Is(err, rsocket.ErrTLS) {
					cuts++
					continue
				}
				// The handshake is over at the server; the SETUP has been cut.
				if !errors.Is(err, rsocket.ErrConnectionLost) {
					t.Fatalf("after %d bytes the server says %v", at, err)
				}
				break
			}
			if cuts < 200 {
				t.Errorf("the client's part of a handshake has only %d bytes", cuts)
			}
		})
		t.Run(tls.VersionName(version)+", the server's bytes", func(t *testing.T) {
			cuts := 0
			for at := 0; ; at++ {
				err, _ := cutHandshake(t, client, server, uncut, at)
				if errors.Is(err, rsocket.ErrTLSCutOff) && errors.Is(err, rsocket.ErrTLS) {
					cuts++
					continue
				}
				if err != nil {
					t.Fatalf("after %d bytes the client says %v", at, err)
				}
				break
			}
			if cuts < 500 {
				t.Errorf("the server's part of a handshake has only %d bytes", cuts)
			}
		})
	}
	eventually(t, "no goroutine is left", func() bool { return goroutinesOf() == 0 })
}

func TestTLSConnectionIsCutOff(t *testing.T) {
	ca := newAuthority(t, "CA")
	pool := ca.pool()
	near, far := net.Pipe()
	go func() {
		server := ca.issue("server.example").serves()
		_, _ = rsocket.ServeConn(context.Background(), far, rsocket.Handler{RequestResponse: echo}, server)
	}()
	config := rsocket.WithTLS(&tls.Config{RootCAs: pool, ServerName: "server.example"})
	conn, err := rsocket.NewClientConn(testContext(t), near, config)
	if err != nil {
		t.Fatal(err)
	}
	checkEcho(t, conn)
	_ = far.Close()
	await(t, conn.Done())
	if !errors.Is(conn.Err(), rsocket.ErrConnectionLost) {
		t.Errorf("over because %v", conn.Err())
	}
}
