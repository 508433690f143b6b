package rsocket_test

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http/httptest"
	"strings"
	"testing"

	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
)

func TestTLSTakesItsConfigInThreeForms(t *testing.T) {
	ca := newAuthority(t, "CA")
	server := ca.issue(loopback)
	serverFiles := newFiles(t, ca.pem, server)
	pool := ca.pool()
	servers := map[string]rsocket.Option{
		"PEM":    server.serves(),
		"files":  rsocket.WithTLSFiles("", serverFiles.cert, serverFiles.key),
		"config": rsocket.WithTLS(&tls.Config{Certificates: []tls.Certificate{server.pair(t)}}),
	}
	clients := map[string]rsocket.Option{
		"PEM":    ca.trusts(),
		"files":  rsocket.WithTLSFiles(serverFiles.ca, "", ""),
		"config": rsocket.WithTLS(&tls.Config{RootCAs: pool}),
	}
	for name, server := range servers {
		url := listenSecurely(t, server)
		for other, client := range clients {
			t.Run(other+" to "+name, func(t *testing.T) {
				conn := dial(t, url, client)
				checkEcho(t, conn)
				state, ok := conn.TLS()
				if !ok || state.Version != tls.VersionTLS13 || state.NegotiatedProtocol != "" {
					t.Errorf("agreed upon: %v, %+v", ok, state)
				}
			})
		}
	}
}

func TestTLSIsTheOptionsOrTheTransports(t *testing.T) {
	ca := newAuthority(t, "CA")
	config := &tls.Config{Certificates: []tls.Certificate{ca.issue(loopback).pair(t)}}
	plain, err := net.Listen("tcp", loopback+":0")
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := tls.Listen("tcp", loopback+":0", config)
	if err != nil {
		t.Fatal(err)
	}
	handler := rsocket.Handler{RequestResponse: echo}
	for name, serve := range map[string]struct {
		listener net.Listener
		opts     []rsocket.Option
	}{
		"a plain listener, with the option": {plain, []rsocket.Option{rsocket.WithTLS(config)}},
		"a TLS listener":                    {theirs, nil},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(context.Background())
			served := make(chan error, 1)
			go func() { served <- rsocket.Serve(ctx, serve.listener, handler, serve.opts...) }()
			checkEcho(t, dial(t, "tls://"+serve.listener.Addr().String(), ca.trusts()))
			cancel()
			await(t, served)
		})
	}
}

func TestTLSOverAnyTransport(t *testing.T) {
	ca := newAuthority(t, "CA")
	pool := ca.pool()
	client := rsocket.WithTLS(&tls.Config{RootCAs: pool, ServerName: "server.example"})
	near, far := net.Pipe()
	go func() {
		handler := rsocket.Handler{RequestResponse: echo}
		_, _ = rsocket.ServeConn(context.Background(), far, handler, ca.issue("server.example").serves())
	}()
	conn, err := rsocket.NewClientConn(testContext(t), near, client)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	checkEcho(t, conn)
}

func TestTLSIsNeverLeftOutByMistake(t *testing.T) {
	ca := newAuthority(t, "CA")
	ctx := testContext(t)
	server := ca.issue(loopback)
	for name, try := range map[string]func() error{
		"a config for tcp": func() error {
			_, err := rsocket.Dial(ctx, "tcp://"+loopback+":1", ca.trusts())
			return err
		},
		"a config for listening on tcp": func() error {
			_, err := rsocket.Listen(ctx, "tcp://"+loopback+":0", server.serves())
			return err
		},
		"listening without a certificate": func() error {
			_, err := rsocket.Listen(ctx, "tls://"+loopback+":0")
			return err
		},
		"listening with the clients' authorities only": func() error {
			_, err := rsocket.Listen(ctx, "tls://"+loopback+":0", ca.trusts())
			return err
		},
		"serving with an empty config": func() error {
			_, err := rsocket.NewServer(rsocket.Handler{}, rsocket.WithTLS(&tls.Config{}))
			return err
		},
		"a client without a name to check": func() error {
			near, _ := net.Pipe()
			_, err := rsocket.NewClientConn(ctx, near, ca.trusts())
			return err
		},
		"no config":            func() error { return tryOption(rsocket.WithTLS(nil)) },
		"authorities of bytes": func() error { return tryOption(rsocket.WithTLSPEM([]byte("x"), nil, nil)) },
		"empty authorities":    func() error { return tryOption(rsocket.WithTLSPEM([]byte{}, server.cert, server.key)) },
		"a key alone":          func() error { return tryOption(rsocket.WithTLSPEM(nil, nil, server.key)) },
		"another's key": func() error {
			return tryOption(rsocket.WithTLSPEM(nil, server.cert, ca.issue(loopback).key))
		},
		"a file that is not there": func() error { return tryOption(rsocket.WithTLSFiles("/nowhere/ca.pem", "", "")) },
		"a negative timeout": func() error {
			return tryOption(rsocket.WithLimits(rsocket.Limits{HandshakeTimeout: -1}))
		},
	} {
		t.Run(name, func(t *testing.T) {
			if err := try(); !errors.Is(err, rsocket.ErrInvalidArgument) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func tryOption(option rsocket.Option) error {
	_, err := rsocket.NewServer(rsocket.Handler{}, option)
	return err
}

func TestTLSAsksForTheHostOfTheURL(t *testing.T) {
	ca := newAuthority(t, "CA")
	pair := ca.issue("localhost").pair(t)
	asked := make(chan string, 1)
	url := listenSecurely(t, rsocket.WithTLS(&tls.Config{
		GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
			asked <- hello.ServerName
			return &pair, nil
		},
	}))
	checkEcho(t, dial(t, strings.Replace(url, loopback, "localhost", 1), ca.trusts()))
	if name := await(t, asked); name != "localhost" {
		t.Errorf("asked for %q", name)
	}
}

func TestTLSShowsEachNameItsCertificate(t *testing.T) {
	ca := newAuthority(t, "CA")
	names := []string{"a.example", "b.example"}
	config := &tls.Config{}
	for _, name := range names {
		config.Certificates = append(config.Certificates, ca.issue(name).pair(t))
	}
	address := strings.TrimPrefix(listenSecurely(t, rsocket.WithTLS(config)), "tls://")
	pool := ca.pool()
	for _, name := range names {
		nc, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		client := rsocket.WithTLS(&tls.Config{RootCAs: pool, ServerName: name})
		conn, err := rsocket.NewClientConn(testContext(t), nc, client)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		checkEcho(t, conn)
		if state, _ := conn.TLS(); state.PeerCertificates[0].Subject.CommonName != name {
			t.Errorf("%s was shown the certificate of %s", name, state.PeerCertificates[0].Subject.CommonName)
		}
	}
}

func TestTLSTellsAHandlerWhoItsClientIs(t *testing.T) {
	ca := newAuthority(t, "CA")
	server, client := ca.issue(loopback), ca.issue("client.example")
	handler := rsocket.Handler{
		RequestResponse: func(ctx context.Context, _ *rsocket.Payload) (*rsocket.Payload, error) {
			state, ok := rsocket.ConnFromContext(ctx).TLS()
			if !ok || len(state.PeerCertificates) == 0 {
				return nil, errors.New("nobody")
			}
			return rsocket.NewPayload(state.PeerCertificates[0].Subject.CommonName, ""), nil
		},
	}
	url := serveSecurely(t, handler, rsocket.WithTLSPEM(ca.pem, server.cert, server.key))
	conn := dial(t, url, rsocket.WithTLSPEM(ca.pem, client.cert, client.key))
	answer, err := conn.RequestResponse(testContext(t), rsocket.NewPayload("who am I?", ""))
	if err != nil || answer.GetDataAsString() != "client.example" {
		t.Errorf("got %v, %v", answer.GetDataAsString(), err)
	}
}

func TestTLSResumesSessions(t *testing.T) {
	ca := newAuthority(t, "CA")
	server, client := ca.issue(loopback), ca.issue("client.example")
	files := newFiles(t, ca.pem, client)
	pool := ca.pool()
	url := listenSecurely(t, rsocket.WithTLSPEM(ca.pem, server.cert, server.key))
	for name, option := range map[string]rsocket.Option{
		"PEM":    rsocket.WithTLSPEM(ca.pem, client.cert, client.key),
		"files":  rsocket.WithTLSFiles(files.ca, files.cert, files.key),
		"config": rsocket.WithTLS(&tls.Config{RootCAs: pool, Certificates: []tls.Certificate{client.pair(t)}}),
		"TLS 1.2": rsocket.WithTLS(&tls.Config{
			RootCAs:      pool,
			Certificates: []tls.Certificate{client.pair(t)},
			MaxVersion:   tls.VersionTLS12,
		}),
	} {
		t.Run(name, func(t *testing.T) {
			for i := range 3 {
				conn := dial(t, url, option)
				checkEcho(t, conn)
				if state, _ := conn.TLS(); state.DidResume != (i > 0) {
					t.Errorf("connection %d: resumed %v", i+1, state.DidResume)
				}
				_ = conn.Close()
			}
		})
	}
}

func TestTLSAgreesOnAProtocolWhenAsked(t *testing.T) {
	ca := newAuthority(t, "CA")
	pair := ca.issue(loopback).pair(t)
	pool := ca.pool()
	url := listenSecurely(t, rsocket.WithTLS(&tls.Config{Certificates: []tls.Certificate{pair}, NextProtos: []string{"rsocket"}}))
	conn := dial(t, url, rsocket.WithTLS(&tls.Config{RootCAs: pool, NextProtos: []string{"h2", "rsocket"}}))
	checkEcho(t, conn)
	if state, _ := conn.TLS(); state.NegotiatedProtocol != "rsocket" {
		t.Errorf("agreed on %q", state.NegotiatedProtocol)
	}
	_, err := rsocket.Dial(testContext(t), url, rsocket.WithTLS(&tls.Config{RootCAs: pool, NextProtos: []string{"h2"}}))
	if !errors.Is(err, rsocket.ErrTLSRefused) {
		t.Errorf("got %v", err)
	}
}

func TestNoTLSWithoutIt(t *testing.T) {
	conn := connectTCP(t, rsocket.Handler{})
	if _, ok := conn.TLS(); ok {
		t.Error("tcp has TLS")
	}
}

func TestTLSConnectionsAreResumed(t *testing.T) {
	ca := newAuthority(t, "CA")
	resume := rsocket.WithResume(rsocket.ResumeOptions{})
	url := listenSecurely(t, ca.issue(loopback).serves(), resume)
	var dialer net.Dialer
	transport := make(chan net.Conn, 10)
	resume = rsocket.WithResume(rsocket.ResumeOptions{
		Dial: func(ctx context.Context) (net.Conn, error) {
			nc, err := dialer.DialContext(ctx, "tcp", strings.TrimPrefix(url, "tls://"))
			if err == nil {
				transport <- nc
			}
			return nc, err
		},
	})
	conn := dial(t, url, ca.trusts(), resume)
	for range 3 {
		checkEcho(t, conn)
		if _, ok := conn.TLS(); !ok {
			t.Error("not secure")
		}
		_ = await(t, transport).Close()
		checkEcho(t, conn)
	}
}

func TestTLSBelowAWebSocket(t *testing.T) {
	ca, other := newAuthority(t, "CA"), newAuthority(t, "other")
	server, client := ca.issue(loopback), ca.issue("client.example")
	demanding := rsocket.WithTLSPEM(ca.pem, server.cert, server.key)
	at := listenAndServe(t, "wss://"+loopback+":0/rsocket", rsocket.Handler{RequestResponse: echo}, demanding)
	conn := dial(t, at, rsocket.WithTLSPEM(ca.pem, client.cert, client.key))
	checkEcho(t, conn)
	if state, ok := conn.TLS(); !ok || len(state.PeerCertificates) == 0 {
		t.Errorf("agreed upon: %v, %+v", ok, state)
	}
	_, err := rsocket.Dial(testContext(t), at, other.trusts())
	if !errors.Is(err, rsocket.ErrTLSUnknownAuthority) || !errors.Is(err, rsocket.ErrHandshake) {
		t.Errorf("of another authority: %v", err)
	}
	_, err = rsocket.Dial(testContext(t), at, ca.trusts())
	if !errors.Is(err, rsocket.ErrTLSCertificateMissing) || !errors.Is(err, rsocket.ErrHandshake) {
		t.Errorf("without a certificate: %v", err)
	}
}

func TestTLSBesideOtherRoutes(t *testing.T) {
	ca := newAuthority(t, "CA")
	server, err := rsocket.NewServer(rsocket.Handler{
		RequestResponse: func(ctx context.Context, request *rsocket.Payload) (*rsocket.Payload, error) {
			if _, ok := rsocket.ConnFromContext(ctx).TLS(); !ok {
				return nil, errors.New("not secure")
			}
			return request, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	site := httptest.NewUnstartedServer(rsocket.NewHTTPHandler(server))
	site.TLS = &tls.Config{Certificates: []tls.Certificate{ca.issue(loopback).pair(t)}, NextProtos: []string{"http/1.1"}}
	site.StartTLS()
	defer site.Close()
	url := "wss" + strings.TrimPrefix(site.URL, "https")
	checkEcho(t, dial(t, url, ca.trusts()))
}
