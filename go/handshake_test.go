package rsocket_test

import (
	"context"
	"crypto/tls"
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

// webSockets are the transports with a handshake of a WebSocket.
var webSockets = []string{"ws", "wss"}

// limits is how many bytes each side may say.
type byteLimits struct{ client, server int64 }

// cutter is a way to a server that ends after so many bytes of a side.
type cutter struct {
	net.Listener
	to     string
	limits atomic.Pointer[byteLimits]
}

func newCutter(t *testing.T, to string) *cutter {
	t.Helper()
	listener, err := net.Listen("tcp", loopback+":0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cutter{Listener: listener, to: to}
	var work sync.WaitGroup
	work.Go(func() {
		for {
			near, err := listener.Accept()
			if err != nil {
				return
			}
			work.Go(func() { c.carry(near.(*net.TCPConn)) })
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		work.Wait()
	})
	return c
}

func (c *cutter) carry(near *net.TCPConn) {
	defer near.Close()
	far, err := net.Dial("tcp", c.to)
	if err != nil {
		return
	}
	defer far.Close()
	limits := c.limits.Load()
	over := make(chan struct{}, 2)
	var work sync.WaitGroup
	carry := func(to, from *net.TCPConn, limit int64) {
		_, _ = io.CopyN(to, from, limit)
		over <- struct{}{}
		_, _ = io.Copy(io.Discard, from) // So that nobody hears of a reset.
	}
	work.Go(func() { carry(far.(*net.TCPConn), near, limits.client) })
	work.Go(func() { carry(near, far.(*net.TCPConn), limits.server) })
	<-over
	_ = near.CloseWrite()
	_ = far.(*net.TCPConn).CloseWrite()
	work.Wait()
}

// socketOf is the address in a URL.
func socketOf(url string) string {
	_, rest, _ := strings.Cut(url, "://")
	address, _, _ := strings.Cut(rest, "/")
	return address
}

func TestWebSocketHandshakesCutAtEveryByte(t *testing.T) {
	for _, scheme := range webSockets {
		for side, limit := range map[string]func(int64) byteLimits{
			"client": func(n int64) byteLimits { return byteLimits{n, uncut} },
			"server": func(n int64) byteLimits { return byteLimits{uncut, n} },
		} {
			t.Run(scheme+", the bytes of the "+side, func(t *testing.T) {
				at, told := listening[scheme](t)
				url := listenAndServe(t, at, rsocket.Handler{RequestResponse: echo}, told.server...)
				between := newCutter(t, socketOf(url))
				through := strings.Replace(url, socketOf(url), between.Addr().String(), 1)
				cuts := 0
				for n := int64(0); ; n++ {
					limits := limit(n)
					between.limits.Store(&limits)
					conn, err := rsocket.Dial(testContext(t), through, told.client...)
					if err != nil {
						cuts++
						if !errors.Is(err, rsocket.ErrHandshake) || !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, rsocket.ErrTLSCutOff) {
							t.Fatalf("after %d bytes: %v", n, err)
						}
						continue
					}
					// The handshake was over.
					err = tryEcho(t, conn, "hello")
					_ = conn.Close()
					if err == nil {
						break
					}
					if !errors.Is(err, rsocket.ErrConnectionLost) {
						t.Fatalf("after %d bytes: %v", n, err)
					}
				}
				if cuts < 100 {
					t.Errorf("the part of the %s has only %d bytes", side, cuts)
				}
				checkEcho(t, dial(t, url, told.client...))
			})
		}
	}
}

// secured is a client's side of a server's TLS, with nothing over it.
func secured(t *testing.T, url string) net.Conn {
	t.Helper()
	nc, err := tls.Dial("tcp", socketOf(url), &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = nc.Close() })
	return nc
}

func TestASecureWebSocketServerSurvivesAnyBytes(t *testing.T) {
	at, told := listening["wss"](t)
	url := listenAndServe(t, at, rsocket.Handler{RequestResponse: echo}, told.server...)
	for name, words := range notTLS {
		t.Run(name, func(t *testing.T) {
			nc := secured(t, url)
			_, _ = io.WriteString(nc, words) // It may be refused before its end.
			_ = nc.Close()
			checkEcho(t, dial(t, url, told.client...))
		})
	}
}

// listenToSay gives the address of a server that says this to each client, over TLS where there is a config.
func listenToSay(t *testing.T, words string, config *tls.Config) string {
	t.Helper()
	url := listenRaw(t, func(nc net.Conn) {
		if config != nil {
			secure := tls.Server(nc, config)
			if secure.Handshake() != nil {
				return
			}
			_, _ = io.WriteString(secure, words)
			_ = secure.CloseWrite()
		} else {
			_, _ = io.WriteString(nc, words)
			_ = nc.(*net.TCPConn).CloseWrite()
		}
		_, _ = io.Copy(io.Discard, nc)
	})
	return socketOf(url)
}

func TestAWebSocketClientTellsOtherProtocols(t *testing.T) {
	ca := newAuthority(t, "CA")
	config := &tls.Config{Certificates: []tls.Certificate{ca.issue(loopback).pair(t)}}
	for name, words := range notTLS {
		t.Run(name, func(t *testing.T) {
			want := "not valid HTTP"
			if name == "HTTP response" {
				want = "400 Bad Request"
			}
			plain, under := listenToSay(t, words, nil), listenToSay(t, words, config)
			_, overPlain := rsocket.Dial(testContext(t), "ws://"+plain)
			_, overSecure := rsocket.Dial(testContext(t), "wss://"+under, ca.trusts())
			for _, err := range []error{overPlain, overSecure} {
				if !errors.Is(err, rsocket.ErrHandshake) || errors.Is(err, rsocket.ErrTLS) || !strings.Contains(err.Error(), want) {
					t.Errorf("it does not say %q: %v", want, err)
				}
			}
			_, err := rsocket.Dial(testContext(t), "wss://"+plain, ca.trusts())
			if !errors.Is(err, rsocket.ErrHandshake) || !errors.Is(err, rsocket.ErrTLSOtherProtocol) {
				t.Errorf("in place of TLS: %v", err)
			}
		})
	}
}

func TestClientsThatStallAfterTLSHoldUpNobody(t *testing.T) {
	limits := rsocket.WithLimits(rsocket.Limits{HandshakeTimeout: 300 * time.Millisecond})
	at, told := listening["wss"](t)
	url := listenAndServe(t, at, rsocket.Handler{RequestResponse: echo}, append(told.server, limits)...)
	stalled := []net.Conn{secured(t, url), secured(t, url)}
	if _, err := io.WriteString(stalled[1], "GET /rsocket HTTP/1.1\r\nHost:"); err != nil {
		t.Fatal(err)
	}
	checkEcho(t, dial(t, url, told.client...))
	for _, nc := range stalled {
		_ = nc.SetReadDeadline(time.Now().Add(patience))
		var timeout net.Error
		if _, err := io.Copy(io.Discard, nc); errors.As(err, &timeout) && timeout.Timeout() {
			t.Error("the server did not hang up")
		}
	}
}

func TestAServerThatStallsAfterTLSIsGivenUp(t *testing.T) {
	ca := newAuthority(t, "CA")
	config := &tls.Config{Certificates: []tls.Certificate{ca.issue(loopback).pair(t)}}
	url := listenRaw(t, func(nc net.Conn) { _ = tls.Server(nc, config).Handshake() })
	limits := rsocket.WithLimits(rsocket.Limits{HandshakeTimeout: 300 * time.Millisecond})
	_, err := rsocket.Dial(testContext(t), "wss://"+socketOf(url), ca.trusts(), limits)
	if !errors.Is(err, rsocket.ErrHandshake) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}
