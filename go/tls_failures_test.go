package rsocket_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
)

// secureURLs are where servers with TLS listen.
var secureURLs = []string{"tls://" + loopback + ":0", "wss://" + loopback + ":0/rsocket"}

// A handshake that fails names its reason on both sides, in our words and in those of crypto/x509.
func TestTLSSaysWhatIsWrongWithTheServer(t *testing.T) {
	ca, other := newAuthority(t, "CA"), newAuthority(t, "other")
	now := time.Now()
	for name, c := range map[string]struct {
		shows identity
		want  error
		as    any
	}{
		"wrong host":    {ca.issue("other.example"), rsocket.ErrTLSWrongHost, new(x509.HostnameError)},
		"wrong address": {ca.issue("127.0.0.2"), rsocket.ErrTLSWrongHost, new(x509.HostnameError)},
		"expired": {
			ca.issueFor(loopback, now.Add(-2*time.Hour), now.Add(-time.Hour)),
			rsocket.ErrTLSCertificateExpired, new(x509.CertificateInvalidError),
		},
		"not valid yet": {
			ca.issueFor(loopback, now.Add(time.Hour), now.Add(2*time.Hour)),
			rsocket.ErrTLSCertificateExpired, new(x509.CertificateInvalidError),
		},
		"unknown CA": {other.issue(loopback), rsocket.ErrTLSUnknownAuthority, new(x509.UnknownAuthorityError)},
	} {
		for _, url := range secureURLs {
			t.Run(name+" at "+url, func(t *testing.T) {
				seen, logger := newReasons()
				url := listenAndServe(t, url, rsocket.Handler{}, c.shows.serves(), logger)
				_, err := rsocket.Dial(testContext(t), url, ca.trusts())
				if !errors.Is(err, rsocket.ErrTLS) || !errors.Is(err, rsocket.ErrHandshake) ||
					!errors.Is(err, c.want) || !errors.As(err, c.as) {
					t.Errorf("client: %v", err)
				}
				if err := await(t, seen); !errors.Is(err, rsocket.ErrTLSCertificateRefused) {
					t.Errorf("server: %v", err)
				}
			})
		}
	}
}

func TestTLSTrustsTheSystemsAuthoritiesOnly(t *testing.T) {
	url := listenSecurely(t, newAuthority(t, "CA").issue(loopback).serves())
	if _, err := rsocket.Dial(testContext(t), url); !errors.Is(err, rsocket.ErrTLSUnknownAuthority) {
		t.Errorf("got %v", err)
	}
}

func TestTLSSaysWhatIsWrongWithTheClient(t *testing.T) {
	ca, other := newAuthority(t, "CA"), newAuthority(t, "other")
	now := time.Now()
	server := ca.issue(loopback)
	seen, logger := newReasons()
	url := listenSecurely(t, rsocket.WithTLSPEM(ca.pem, server.cert, server.key), logger)
	pool := ca.pool()
	expired := ca.issueFor("client", now.Add(-2*time.Hour), now.Add(-time.Hour))
	for name, c := range map[string]struct {
		shows            []tls.Certificate
		atServer, before error // before is what a client hears in TLS 1.2, which has no alert for a missing certificate.
		after            error
	}{
		"missing":    {nil, rsocket.ErrTLSCertificateMissing, rsocket.ErrTLSRefused, rsocket.ErrTLSCertificateMissing},
		"unknown CA": {[]tls.Certificate{other.issue("client").pair(t)}, rsocket.ErrTLSUnknownAuthority, rsocket.ErrTLSCertificateRefused, rsocket.ErrTLSCertificateRefused},
		"expired":    {[]tls.Certificate{expired.pair(t)}, rsocket.ErrTLSCertificateExpired, rsocket.ErrTLSCertificateRefused, rsocket.ErrTLSCertificateRefused},
	} {
		config := func(version uint16) rsocket.Option {
			return rsocket.WithTLS(&tls.Config{
				RootCAs:    pool,
				MaxVersion: version,
				// Shown whether the server knows its authority or not.
				GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
					if len(c.shows) == 0 {
						return &tls.Certificate{}, nil
					}
					return &c.shows[0], nil
				},
			})
		}
		t.Run(name+", TLS 1.2", func(t *testing.T) {
			if _, err := rsocket.Dial(testContext(t), url, config(tls.VersionTLS12)); !errors.Is(err, c.before) {
				t.Errorf("client: %v", err)
			}
			if err := await(t, seen); !errors.Is(err, rsocket.ErrTLS) || !errors.Is(err, c.atServer) {
				t.Errorf("server: %v", err)
			}
		})
		t.Run(name+", TLS 1.3", func(t *testing.T) {
			// The client's handshake is over before the server has looked at its certificate.
			conn, err := rsocket.Dial(testContext(t), url, config(tls.VersionTLS13))
			if err == nil {
				await(t, conn.Done())
				err = conn.Err()
				if !errors.Is(err, rsocket.ErrConnectionLost) {
					t.Errorf("client: %v", err)
				}
			}
			if !errors.Is(err, rsocket.ErrTLS) || !errors.Is(err, c.after) {
				t.Errorf("client: %v", err)
			}
			if err := await(t, seen); !errors.Is(err, rsocket.ErrTLS) || !errors.Is(err, c.atServer) {
				t.Errorf("server: %v", err)
			}
		})
	}
}

func TestTLSSaysThatThereIsNoCommonVersion(t *testing.T) {
	ca := newAuthority(t, "CA")
	config := &tls.Config{Certificates: []tls.Certificate{ca.issue(loopback).pair(t)}, MinVersion: tls.VersionTLS13}
	url := listenSecurely(t, rsocket.WithTLS(config))
	_, err := rsocket.Dial(testContext(t), url, rsocket.WithTLS(&tls.Config{MaxVersion: tls.VersionTLS12}))
	if !errors.Is(err, rsocket.ErrTLSRefused) {
		t.Errorf("got %v", err)
	}
}

// notTLS are first words of peers that speak something else.
var notTLS = map[string]string{
	"HTTP request":  "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
	"HTTP response": "HTTP/1.1 400 Bad Request\r\n\r\n",
	"SSH":           "SSH-2.0-OpenSSH_9.9\r\n",
	"RSocket":       "\x00\x00\x1a" + setupFrame,
	"zeros":         strings.Repeat("\x00", 64),
	"ones":          strings.Repeat("\xff", 64),
}

func TestTLSServerTellsOtherProtocols(t *testing.T) {
	ca := newAuthority(t, "CA")
	seen, logger := newReasons()
	url := listenSecurely(t, ca.issue(loopback).serves(), logger)
	for name, words := range notTLS {
		t.Run(name, func(t *testing.T) {
			peer := rawClient(t, "tcp"+strings.TrimPrefix(url, "tls"))
			if _, err := peer.Write([]byte(words)); err != nil {
				t.Fatal(err)
			}
			if err := await(t, seen); !errors.Is(err, rsocket.ErrTLS) || !errors.Is(err, rsocket.ErrTLSOtherProtocol) {
				t.Errorf("server: %v", err)
			}
			_ = peer.SetReadDeadline(time.Now().Add(patience))
			if _, err := io.Copy(io.Discard, peer); errors.Is(err, os.ErrDeadlineExceeded) {
				t.Error("the server did not hang up")
			}
		})
	}
	checkEcho(t, dial(t, url, ca.trusts()))
}

// listenRaw gives the address of a server that does this with each connection.
func listenRaw(t testing.TB, serve func(net.Conn)) string {
	t.Helper()
	listener, err := net.Listen("tcp", loopback+":0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			nc, err := listener.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { _ = nc.Close() })
			go serve(nc)
		}
	}()
	return "tls://" + listener.Addr().String()
}

func TestTLSClientTellsOtherProtocols(t *testing.T) {
	for name, words := range notTLS {
		t.Run(name, func(t *testing.T) {
			url := listenRaw(t, func(nc net.Conn) { _, _ = nc.Write([]byte(words)) })
			if _, err := rsocket.Dial(testContext(t), url); !errors.Is(err, rsocket.ErrTLSOtherProtocol) {
				t.Errorf("client: %v", err)
			}
		})
	}
}

func TestTLSGarbageOfAnyKindIsAnError(t *testing.T) {
	ca := newAuthority(t, "CA")
	url := listenSecurely(t, ca.issue(loopback).serves())
	// Whole records of TLS with nothing sensible in them.
	for kind := range byte(30) {
		record := "\x03\x01\x00\x20" + strings.Repeat(string([]byte{kind}), 32)
		peer := rawClient(t, "tcp"+strings.TrimPrefix(url, "tls"))
		_, _ = peer.Write([]byte(string([]byte{kind}) + record))
		_ = peer.Conn.(*net.TCPConn).CloseWrite()
		_ = peer.SetReadDeadline(time.Now().Add(patience))
		_, _ = io.Copy(io.Discard, peer)

		client := listenRaw(t, func(nc net.Conn) {
			_, _ = nc.Write([]byte(string([]byte{kind}) + record))
			_ = nc.(*net.TCPConn).CloseWrite()
		})
		if _, err := rsocket.Dial(testContext(t), client); !errors.Is(err, rsocket.ErrTLS) {
			t.Errorf("kind %d: %v", kind, err)
		}
	}
	checkEcho(t, dial(t, url, ca.trusts()))
}

func TestTLSClientDoesNotWaitForAServerThatStalls(t *testing.T) {
	url := listenRaw(t, func(net.Conn) {})
	limits := rsocket.WithLimits(rsocket.Limits{HandshakeTimeout: 50 * time.Millisecond})
	_, err := rsocket.Dial(testContext(t), url, limits)
	if !errors.Is(err, rsocket.ErrTLS) || !errors.Is(err, rsocket.ErrTLSHandshakeTimeout) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

func TestTLSClientDoesNotWaitForAServerThatDrips(t *testing.T) {
	url := listenRaw(t, func(nc net.Conn) {
		// A record that never ends.
		for _, err := nc.Write([]byte("\x16\x03\x03\x40\x00")); err == nil; _, err = nc.Write([]byte{2}) {
			time.Sleep(5 * time.Millisecond)
		}
	})
	limits := rsocket.WithLimits(rsocket.Limits{HandshakeTimeout: 100 * time.Millisecond})
	if _, err := rsocket.Dial(testContext(t), url, limits); !errors.Is(err, rsocket.ErrTLSHandshakeTimeout) {
		t.Errorf("got %v", err)
	}
}

func TestTLSHandshakeEndsWithItsContext(t *testing.T) {
	reached := make(chan struct{}, 1)
	url := listenRaw(t, func(net.Conn) { reached <- struct{}{} })
	ctx, cancel := context.WithCancel(testContext(t))
	go func() {
		<-reached
		cancel()
	}()
	_, err := rsocket.Dial(ctx, url)
	if !errors.Is(err, context.Canceled) || errors.Is(err, rsocket.ErrTLSHandshakeTimeout) {
		t.Errorf("got %v", err)
	}
}

func TestTLSHandshakesThatStallBlockNobody(t *testing.T) {
	ca := newAuthority(t, "CA")
	seen, logger := newReasons()
	limits := rsocket.WithLimits(rsocket.Limits{HandshakeTimeout: 300 * time.Millisecond})
	url := listenSecurely(t, ca.issue(loopback).serves(), limits, logger)
	hello := clientHello(t)
	const stalled = 50
	peers := make([]rawPeer, stalled)
	for i := range peers {
		peers[i] = rawClient(t, "tcp"+strings.TrimPrefix(url, "tls"))
		// Nothing, or a part of the first word.
		if _, err := peers[i].Write(hello[:len(hello)*i/stalled]); err != nil {
			t.Fatal(err)
		}
	}
	checkEcho(t, dial(t, url, ca.trusts()))
	for range peers {
		if err := await(t, seen); !errors.Is(err, rsocket.ErrTLSHandshakeTimeout) {
			t.Errorf("server: %v", err)
		}
	}
	for _, peer := range peers {
		_ = peer.SetReadDeadline(time.Now().Add(patience))
		if _, err := io.Copy(io.Discard, peer); errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatal("the server did not hang up")
		}
	}
}

// clientHello is the first word of a client.
func clientHello(t testing.TB) []byte {
	t.Helper()
	near, far := net.Pipe()
	go func() { _ = tls.Client(near, &tls.Config{InsecureSkipVerify: true}).Handshake() }()
	buffer := make([]byte, 16<<10)
	n, err := far.Read(buffer)
	if err != nil {
		t.Fatal(err)
	}
	_ = far.Close()
	return buffer[:n]
}

func TestTLSServerClosesWhileHandshakesStall(t *testing.T) {
	ca := newAuthority(t, "CA")
	server, err := rsocket.NewServer(rsocket.Handler{}, ca.issue(loopback).serves())
	if err != nil {
		t.Fatal(err)
	}
	accepted := make(chan struct{}, 1)
	inner, err := net.Listen("tcp", loopback+":0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(tellAccept{inner, accepted}) }()
	peer := rawClient(t, "tcp://"+inner.Addr().String())
	await(t, accepted)
	begin := time.Now()
	_ = server.Close()
	if took := time.Since(begin); took > 5*time.Second {
		t.Errorf("closing took %v", took)
	}
	if err := await(t, served); !errors.Is(err, rsocket.ErrServerClosed) {
		t.Errorf("Serve returned %v", err)
	}
	_ = peer.SetReadDeadline(time.Now().Add(patience))
	if _, err := io.Copy(io.Discard, peer); errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error("the server did not hang up")
	}
}

// tellAccept is a listener that tells when it has accepted.
type tellAccept struct {
	net.Listener
	accepted chan<- struct{}
}

func (l tellAccept) Accept() (net.Conn, error) {
	nc, err := l.Listener.Accept()
	if err == nil {
		l.accepted <- struct{}{}
	}
	return nc, err
}
