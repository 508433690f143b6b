package rsocket_test

import (
	"errors"
	"math/rand/v2"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
)

// quicIsBuilt: the library that these tests are linked with has QUIC.
var quicIsBuilt = slices.Contains(strings.Split(rsocket.GetSupportedTransports(), ","), "quic")

const quicURL = "quic://" + loopback + ":0"

// withQUIC adds QUIC to the transports that have a URL, where it is built.
func withQUIC(listening map[string]place) map[string]place {
	if quicIsBuilt {
		listening["quic"] = func(t *testing.T) (string, ends) { return quicURL, secureEnds(t) }
	}
	return listening
}

// needsQUIC reports whether a test of QUIC can go on. Where the library has none, it is held to say so; where the
// environment variable RSOCKET_QUIC_IS_BUILT is set, it has to have it.
func needsQUIC(t *testing.T) bool {
	t.Helper()
	if quicIsBuilt {
		return true
	}
	if os.Getenv("RSOCKET_QUIC_IS_BUILT") != "" {
		t.Fatal("the library was meant to have QUIC")
	}
	ca := newAuthority(t, "CA")
	if _, err := rsocket.Dial(testContext(t), "quic://"+loopback+":1", ca.trusts()); !errors.Is(err, rsocket.ErrNotBuilt) || !errors.Is(err, rsocket.ErrInvalidArgument) {
		t.Errorf("Dial: %v", err)
	}
	if _, err := rsocket.Listen(testContext(t), quicURL, ca.issue(loopback).serves()); !errors.Is(err, rsocket.ErrNotBuilt) {
		t.Errorf("Listen: %v", err)
	}
	client, err := rsocket.NewReconnector("quic://"+loopback+":1", rsocket.ReconnectPolicy{}, ca.trusts())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if _, err := client.WaitConnected(testContext(t)); !errors.Is(err, rsocket.ErrNotBuilt) {
		t.Errorf("NewReconnector: %v", err)
	}
	return false
}

// listenQUIC serves echo and returns the address to dial.
func listenQUIC(t testing.TB, opts ...rsocket.Option) string {
	t.Helper()
	return listenAndServe(t, quicURL, rsocket.Handler{RequestResponse: echo}, opts...)
}

// packetSocket is a UDP socket of a test's own.
func packetSocket(t testing.TB) *net.UDPConn {
	t.Helper()
	socket, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = socket.Close() })
	return socket
}

// relay is a network between QUIC's clients and a server. It loses some datagrams, delivers others late, and from some
// time on delivers no more to the clients that there are.
type relay struct {
	front  *net.UDPConn
	server *net.UDPAddr
	// lost and late are out of a thousand.
	lost, late int
	random     *rand.Rand
	faults     atomic.Int64

	mu      sync.Mutex
	clients map[string]*relayed
	work    sync.WaitGroup
}

// relayed is one client.
type relayed struct {
	back *net.UDPConn
	cut  bool
}

func newRelay(t testing.TB, url string, lost, late int, seed uint64) *relay {
	t.Helper()
	server, err := net.ResolveUDPAddr("udp", strings.TrimPrefix(url, "quic://"))
	if err != nil {
		t.Fatal(err)
	}
	r := &relay{
		front:   packetSocket(t),
		server:  server,
		lost:    lost,
		late:    late,
		random:  rand.New(rand.NewPCG(seed, seed)),
		clients: make(map[string]*relayed),
	}
	r.work.Go(func() { r.run() })
	t.Cleanup(r.close)
	return r
}

func (r *relay) url() string { return "quic://" + r.front.LocalAddr().String() }

func (r *relay) close() {
	_ = r.front.Close()
	r.mu.Lock()
	for _, client := range r.clients {
		_ = client.back.Close()
	}
	r.mu.Unlock()
	r.work.Wait()
}

// cut delivers nothing more for the clients that there are. It tells how many there have been.
func (r *relay) cut() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, client := range r.clients {
		client.cut = true
	}
	return len(r.clients)
}

func (r *relay) run() {
	datagram := make([]byte, 1<<16)
	for {
		n, from, err := r.front.ReadFromUDP(datagram)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		client := r.client(from)
		if err != nil || client == nil {
			continue
		}
		r.deliver(client, datagram[:n], func(datagram []byte) { _, _ = client.back.Write(datagram) })
	}
}

func (r *relay) client(from *net.UDPAddr) *relayed {
	r.mu.Lock()
	defer r.mu.Unlock()
	client := r.clients[from.String()]
	if client == nil {
		back, err := net.DialUDP("udp", nil, r.server)
		if err != nil {
			return nil
		}
		client = &relayed{back: back}
		r.clients[from.String()] = client
		r.work.Go(func() { r.answer(client, from) })
	}
	return client
}

// answer delivers what the server sends to a client.
func (r *relay) answer(client *relayed, to *net.UDPAddr) {
	datagram := make([]byte, 1<<16)
	for {
		n, err := client.back.Read(datagram)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err == nil {
			r.deliver(client, datagram[:n], func(datagram []byte) { _, _ = r.front.WriteToUDP(datagram, to) })
		}
	}
}

func (r *relay) deliver(client *relayed, datagram []byte, send func([]byte)) {
	r.mu.Lock()
	cut, chance := client.cut, r.random.IntN(1000)
	r.mu.Unlock()
	switch {
	case cut:
	case chance < r.lost:
		r.faults.Add(1)
	case chance < r.lost+r.late:
		r.faults.Add(1)
		late := slices.Clone(datagram)
		time.AfterFunc(5*time.Millisecond, func() { send(late) })
	default:
		send(datagram)
	}
}
