package rsocket_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
)

func TestQUICTellsWhoIsThere(t *testing.T) {
	if !needsQUIC(t) {
		return
	}
	ca := newAuthority(t, "CA")
	server, client := ca.issue("localhost"), ca.issue("client.example")
	seen := make(chan tls.ConnectionState, 1)
	handler := rsocket.Handler{
		Setup: func(_ context.Context, _ *rsocket.Setup, conn *rsocket.Conn) error {
			state, _ := conn.TLS()
			seen <- state
			return nil
		},
		RequestResponse: echo,
	}
	url := listenAndServe(t, quicURL, handler, rsocket.WithTLSPEM(ca.pem, server.cert, server.key))
	port := url[strings.LastIndex(url, ":"):]
	conn := dial(t, "quic://localhost"+port, rsocket.WithTLSPEM(ca.pem, client.cert, client.key))
	checkEcho(t, conn)
	state, ok := conn.TLS()
	if !ok || state.Version != tls.VersionTLS13 || state.NegotiatedProtocol != "rsocket" ||
		!bytes.Equal(state.PeerCertificates[0].Raw, der(t, server)) {
		t.Errorf("agreed upon: %v, %+v", ok, state)
	}
	if state := await(t, seen); state.ServerName != "localhost" || !bytes.Equal(state.PeerCertificates[0].Raw, der(t, client)) {
		t.Errorf("the server sees %+v", state)
	}
}

func TestQUICTellsAddresses(t *testing.T) {
	if !needsQUIC(t) {
		return
	}
	ca := newAuthority(t, "CA")
	listener, err := rsocket.Listen(testContext(t), quicURL, ca.issue(loopback).serves())
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	accepted := make(chan net.Conn, 1)
	go func() {
		nc, err := listener.Accept()
		if err != nil {
			t.Error(err)
		}
		accepted <- nc
	}()
	network := newRelay(t, "quic://"+listener.Addr().String(), 0, 0, 0)
	dial(t, network.url(), ca.trusts())
	nc := await(t, accepted)
	defer nc.Close()
	network.mu.Lock()
	defer network.mu.Unlock()
	for _, client := range network.clients {
		if got := nc.RemoteAddr(); got.Network() != "udp" || got.String() != client.back.LocalAddr().String() {
			t.Errorf("the client is %v, and not %v", got, client.back.LocalAddr())
		}
	}
	if got := nc.LocalAddr(); got.Network() != "udp" || got.String() != listener.Addr().String() {
		t.Errorf("the server is %v, and not %v", got, listener.Addr())
	}
}

func TestQUICSaysWhatIsWrongWithTheServer(t *testing.T) {
	if !needsQUIC(t) {
		return
	}
	ca, other := newAuthority(t, "CA"), newAuthority(t, "other")
	now := time.Now()
	for name, c := range map[string]struct {
		shows identity
		want  error
	}{
		"wrong host":    {ca.issue("other.example"), rsocket.ErrTLSWrongHost},
		"wrong address": {ca.issue("127.0.0.2"), rsocket.ErrTLSWrongHost},
		"expired":       {ca.issueFor(loopback, now.Add(-2*time.Hour), now.Add(-time.Hour)), rsocket.ErrTLSCertificateExpired},
		"not valid yet": {ca.issueFor(loopback, now.Add(time.Hour), now.Add(2*time.Hour)), rsocket.ErrTLSCertificateExpired},
		"unknown CA":    {other.issue(loopback), rsocket.ErrTLSUnknownAuthority},
	} {
		t.Run(name, func(t *testing.T) {
			seen, logger := newReasons()
			url := listenQUIC(t, c.shows.serves(), logger)
			_, err := rsocket.Dial(testContext(t), url, ca.trusts())
			if !errors.Is(err, rsocket.ErrTLS) || !errors.Is(err, rsocket.ErrHandshake) || !errors.Is(err, c.want) {
				t.Errorf("client: %v", err)
			}
			if err := await(t, seen); !errors.Is(err, rsocket.ErrTLSCertificateRefused) {
				t.Errorf("server: %v", err)
			}
		})
	}
}

func TestQUICSaysWhatIsWrongWithTheClient(t *testing.T) {
	if !needsQUIC(t) {
		return
	}
	ca, other := newAuthority(t, "CA"), newAuthority(t, "other")
	now := time.Now()
	server := ca.issue(loopback)
	seen, logger := newReasons()
	url := listenQUIC(t, rsocket.WithTLSPEM(ca.pem, server.cert, server.key), logger)
	stranger := other.issue("client")
	expired := ca.issueFor("client", now.Add(-2*time.Hour), now.Add(-time.Hour))
	for name, c := range map[string]struct {
		client           rsocket.Option
		atClient, server error
	}{
		"missing":    {ca.trusts(), rsocket.ErrTLSCertificateMissing, rsocket.ErrTLSCertificateMissing},
		"unknown CA": {rsocket.WithTLSPEM(ca.pem, stranger.cert, stranger.key), rsocket.ErrTLSCertificateRefused, rsocket.ErrTLSUnknownAuthority},
		"expired":    {rsocket.WithTLSPEM(ca.pem, expired.cert, expired.key), rsocket.ErrTLSCertificateRefused, rsocket.ErrTLSCertificateExpired},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := rsocket.Dial(testContext(t), url, c.client); !errors.Is(err, c.atClient) {
				t.Errorf("client: %v", err)
			}
			if err := await(t, seen); !errors.Is(err, rsocket.ErrTLS) || !errors.Is(err, c.server) {
				t.Errorf("server: %v", err)
			}
		})
	}
}

func TestQUICTrustsTheSystemsAuthoritiesByItself(t *testing.T) {
	if !needsQUIC(t) {
		return
	}
	url := listenQUIC(t, newAuthority(t, "CA").issue(loopback).serves())
	_, err := rsocket.Dial(testContext(t), url)
	// A system may trust nobody, which its library finds to be no argument at all.
	if !errors.Is(err, rsocket.ErrTLSUnknownAuthority) && !errors.Is(err, rsocket.ErrInvalidArgument) {
		t.Errorf("got %v", err)
	}
}

func TestQUICOptionsThatMakeNoSense(t *testing.T) {
	if !needsQUIC(t) {
		return
	}
	ca := newAuthority(t, "CA")
	config := rsocket.WithTLS(&tls.Config{RootCAs: ca.pool()})
	ctx := testContext(t)
	dialled := rsocket.WithResume(rsocket.ResumeOptions{
		Dial: func(context.Context) (net.Conn, error) { return nil, errors.New("not called") },
	})
	for name, try := range map[string]func() error{
		"a config to dial with": func() error {
			_, err := rsocket.Dial(ctx, "quic://"+loopback+":1", config)
			return err
		},
		"a config to listen with": func() error {
			_, err := rsocket.Listen(ctx, quicURL, config)
			return err
		},
		"no certificate": func() error {
			_, err := rsocket.Listen(ctx, quicURL)
			return err
		},
		"only authorities": func() error {
			_, err := rsocket.Listen(ctx, quicURL, ca.trusts())
			return err
		},
		"a path": func() error {
			_, err := rsocket.Dial(ctx, "quic://"+loopback+":1/path", ca.trusts())
			return err
		},
		"no port": func() error {
			_, err := rsocket.Dial(ctx, "quic://"+loopback, ca.trusts())
			return err
		},
		"a dialler of sockets": func() error {
			_, err := rsocket.Dial(ctx, "quic://"+loopback+":1", ca.trusts(), dialled)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			if err := try(); !errors.Is(err, rsocket.ErrInvalidArgument) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestQUICPortIsInUse(t *testing.T) {
	if !needsQUIC(t) {
		return
	}
	shows := newAuthority(t, "CA").issue(loopback).serves()
	url := listenQUIC(t, shows)
	if listener, err := rsocket.Listen(testContext(t), url, shows); err == nil {
		_ = listener.Close()
		t.Error("two listen on one port")
	}
}

func TestQUICClientDoesNotWaitForAServerThatStalls(t *testing.T) {
	if !needsQUIC(t) {
		return
	}
	ca := newAuthority(t, "CA")
	url := "quic://" + packetSocket(t).LocalAddr().String()
	limits := rsocket.WithLimits(rsocket.Limits{HandshakeTimeout: 50 * time.Millisecond})
	_, err := rsocket.Dial(testContext(t), url, ca.trusts(), limits)
	if !errors.Is(err, rsocket.ErrTLSHandshakeTimeout) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithTimeout(testContext(t), 50*time.Millisecond)
	defer cancel()
	_, err = rsocket.Dial(ctx, url, ca.trusts())
	if !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, rsocket.ErrTLSHandshakeTimeout) {
		t.Errorf("got %v", err)
	}
}

// quicHello is the first datagram of a client.
func quicHello(t testing.TB, ca authority) []byte {
	t.Helper()
	socket := packetSocket(t)
	ctx, cancel := context.WithCancel(testContext(t))
	defer cancel()
	go func() { _, _ = rsocket.Dial(ctx, "quic://"+socket.LocalAddr().String(), ca.trusts()) }()
	hello := make([]byte, 1<<16)
	n, _, err := socket.ReadFromUDP(hello)
	if err != nil {
		t.Fatal(err)
	}
	return hello[:n]
}

func TestQUICHandshakesThatStallBlockNobody(t *testing.T) {
	if !needsQUIC(t) {
		return
	}
	ca := newAuthority(t, "CA")
	seen, logger := newReasons()
	limits := rsocket.WithLimits(rsocket.Limits{HandshakeTimeout: time.Second})
	url := listenQUIC(t, ca.issue(loopback).serves(), limits, logger)
	server, err := net.ResolveUDPAddr("udp", strings.TrimPrefix(url, "quic://"))
	if err != nil {
		t.Fatal(err)
	}
	const stalled = 10
	for i := range stalled {
		hello := quicHello(t, ca)
		// A whole first word that nothing follows, a part of one, and nonsense.
		for _, datagram := range [][]byte{hello, hello[:len(hello)*i/stalled], bytes.Repeat([]byte{byte(i * 13)}, 1200)} {
			if _, err := packetSocket(t).WriteToUDP(datagram, server); err != nil {
				t.Fatal(err)
			}
		}
	}
	checkEcho(t, dial(t, url, ca.trusts()))
	for range stalled {
		if err := await(t, seen); !errors.Is(err, rsocket.ErrTLSHandshakeTimeout) {
			t.Errorf("server: %v", err)
		}
	}
}

func TestQUICFilesAreReadAgainWhenTheyChange(t *testing.T) {
	if !needsQUIC(t) {
		return
	}
	ca := newAuthority(t, "CA")
	before, after := ca.issue(loopback), ca.issue(loopback)
	files := newFiles(t, ca.pem, before)
	seen, logger := newReasons()
	url := listenQUIC(t, rsocket.WithTLSFiles("", files.cert, files.key), logger)
	open := dial(t, url, ca.trusts())
	if !bytes.Equal(shown(t, url, ca.trusts()), der(t, before)) {
		t.Error("another certificate than that of the file")
	}
	files.write(t, after)
	if !bytes.Equal(shown(t, url, ca.trusts()), der(t, after)) {
		t.Error("the former certificate")
	}
	if err := os.Truncate(files.key, 0); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(shown(t, url, ca.trusts()), der(t, after)) {
		t.Error("another certificate")
	}
	if err := await(t, seen); err == nil {
		t.Error("nobody is told")
	}
	checkEcho(t, open)
}

func TestQUICClientsDialWithNewFiles(t *testing.T) {
	if !needsQUIC(t) {
		return
	}
	ca, next := newAuthority(t, "CA"), newAuthority(t, "next")
	files := newFiles(t, ca.pem, ca.issue("client.example"))
	option := rsocket.WithTLSFiles(files.ca, files.cert, files.key)
	for _, authority := range []authority{ca, next} {
		server := authority.issue(loopback)
		url := listenQUIC(t, rsocket.WithTLSPEM(authority.pem, server.cert, server.key))
		writeFile(t, files.ca, authority.pem)
		files.write(t, authority.issue("client.example"))
		checkEcho(t, dial(t, url, option))
	}
}

func TestQUICOverANetworkThatLosesAndReorders(t *testing.T) {
	if !needsQUIC(t) {
		return
	}
	for seed := range uint64(3) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			ca := newAuthority(t, "CA")
			handler := rsocket.Handler{RequestResponse: echo, RequestStream: streamOf}
			url := listenAndServe(t, quicURL, handler, ca.issue(loopback).serves())
			network := newRelay(t, url, 30, 50, seed)
			conn := dial(t, network.url(), ca.trusts())
			ctx := testContext(t)
			var work sync.WaitGroup
			for i := range 20 {
				work.Go(func() {
					data := bytes.Repeat([]byte{byte(i)}, 30_000)
					answer, err := conn.RequestResponse(ctx, rsocket.NewPayloadFromBytes(data, nil))
					if err != nil || !bytes.Equal(answer.GetData(), data) {
						t.Errorf("request %d: %v", i, err)
					}
				})
			}
			checkCount(t, conn, 2000, func(int) {})
			work.Wait()
			if faults := network.faults.Load(); faults < 10 {
				t.Errorf("only %d datagrams were lost or late", faults)
			}
		})
	}
}

// checkCount takes a stream of n numbers.
func checkCount(t *testing.T, conn *rsocket.Conn, n int, at func(int)) {
	t.Helper()
	next := 0
	for item, err := range conn.RequestStream(testContext(t), rsocket.NewPayload(strconv.Itoa(n), ""), rsocket.WithPrefetch(64)) {
		if err != nil {
			t.Fatalf("after %d items: %v", next, err)
		}
		if got := item.GetDataAsString(); got != strconv.Itoa(next) {
			t.Fatalf("item %d is %s", next, got)
		}
		at(next)
		next++
	}
	if next != n {
		t.Errorf("%d items", next)
	}
}

func TestQUICConnectionsAreResumed(t *testing.T) {
	if !needsQUIC(t) {
		return
	}
	ca := newAuthority(t, "CA")
	resume := rsocket.WithResume(rsocket.ResumeOptions{})
	handler := rsocket.Handler{RequestStream: streamOf}
	url := listenAndServe(t, quicURL, handler, ca.issue(loopback).serves(), resume)
	network := newRelay(t, url, 0, 0, 0)
	conn := dial(t, network.url(), ca.trusts(), resume, rsocket.WithKeepalive(50*time.Millisecond, 500*time.Millisecond))
	transports := 0
	checkCount(t, conn, 20_000, func(i int) {
		if i == 5000 || i == 10_000 {
			transports = network.cut()
		}
	})
	if transports < 2 {
		t.Errorf("%d transports", transports)
	}
}

func TestQUICReconnects(t *testing.T) {
	if !needsQUIC(t) {
		return
	}
	ca := newAuthority(t, "CA")
	url := listenQUIC(t, ca.issue(loopback).serves())
	network := newRelay(t, url, 0, 0, 0)
	client, err := rsocket.NewReconnector(network.url(), rsocket.ReconnectPolicy{RetryUnsent: true},
		ca.trusts(), rsocket.WithKeepalive(50*time.Millisecond, time.Second))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	ask := func() error {
		_, err := client.RequestResponse(testContext(t), rsocket.NewPayload("hello", ""))
		return err
	}
	if err := ask(); err != nil {
		t.Fatal(err)
	}
	network.cut()
	eventually(t, "another connection", func() bool { return ask() == nil })
}

// A peer that does not read is waited for: what is written does not pile up.
func TestQUICReaderThatDoesNotRead(t *testing.T) {
	if !needsQUIC(t) {
		return
	}
	ca := newAuthority(t, "CA")
	listener, err := rsocket.Listen(testContext(t), quicURL, ca.issue(loopback).serves())
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	accepted := make(chan net.Conn, 1)
	go func() {
		nc, err := listener.Accept()
		if err != nil {
			t.Error(err)
		}
		accepted <- nc // which nobody reads
	}()
	conn := dial(t, "quic://"+listener.Addr().String(), ca.trusts())
	payload := rsocket.NewPayloadFromBytes(make([]byte, 10_000), nil)
	ctx, cancel := context.WithTimeout(testContext(t), time.Second)
	defer cancel()
	sent := 0
	for conn.FireAndForget(ctx, payload) == nil {
		sent += payload.Len()
	}
	if ctx.Err() == nil {
		t.Error("the connection ended")
	}
	if sent > 8<<20 {
		t.Errorf("%d bytes went nowhere", sent)
	}
	_ = await(t, accepted).Close()
}

func TestQUICGivesBackWhatItUses(t *testing.T) {
	if !needsQUIC(t) {
		return
	}
	if runtime.GOOS != "linux" {
		t.Skip("counts what Linux tells of")
	}
	ca := newAuthority(t, "CA")
	round := func() {
		ctx, cancel := context.WithCancel(testContext(t))
		defer cancel()
		listener, err := rsocket.Listen(ctx, quicURL, ca.issue(loopback).serves())
		if err != nil {
			t.Fatal(err)
		}
		served := make(chan error, 1)
		go func() { served <- rsocket.Serve(ctx, listener, rsocket.Handler{RequestResponse: echo}) }()
		url := "quic://" + listener.Addr().String()
		for range 3 {
			conn, err := rsocket.Dial(ctx, url, ca.trusts())
			if err != nil {
				t.Fatal(err)
			}
			checkEcho(t, conn)
			_ = conn.Close()
		}
		cancel()
		await(t, served)
	}
	const rounds, kept = 20, 6 // The engine's thread and Go's keep some.
	before := openDescriptors(t)
	for range rounds {
		round()
	}
	eventually(t, "hardly more descriptors than before", func() bool { return openDescriptors(t) <= before+kept })
}

func openDescriptors(t *testing.T) int {
	t.Helper()
	open, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(open)
}

func TestQUICListenerEndsWhenItIsClosed(t *testing.T) {
	if !needsQUIC(t) {
		return
	}
	ca := newAuthority(t, "CA")
	listener, err := rsocket.Listen(testContext(t), quicURL, ca.issue(loopback).serves())
	if err != nil {
		t.Fatal(err)
	}
	if port := listener.Addr().(*net.UDPAddr).Port; port == 0 {
		t.Error("the port is not told")
	}
	ended := make(chan error, 1)
	go func() {
		_, err := listener.Accept()
		ended <- err
	}()
	_ = listener.Close()
	if err := await(t, ended); !errors.Is(err, net.ErrClosed) || errors.Is(err, io.EOF) {
		t.Errorf("Accept returned %v", err)
	}
}
