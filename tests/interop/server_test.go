package interop

import (
	"fmt"
	"net"
	neturl "net/url"
	"strings"
	"testing"
)

// server is a running server program that accepts connections at url.
type server struct {
	*process
	url string
	// clientFlags are what its clients need beside the url.
	clientFlags []string
}

// startServer starts the pair's server, on its transport.
func startServer(t *testing.T, p pair, flags ...string) *server {
	t.Helper()
	listen := listenURLs[p.over]
	args := append([]string{"server", "--listen", listen}, flags...)
	var clientFlags []string
	if p.over.isSecure() {
		certificates := newCertificates(t)
		args = append(args, certificates.flags("server")...)
		clientFlags = certificates.flags("client")
	}
	s := &server{process: start(t, p.server, args...), clientFlags: clientFlags}
	ready := s.nextLine(t)
	url, ok := strings.CutPrefix(ready, "ready ")
	before, after, _ := strings.Cut(listen, ":0")
	if !ok || !strings.HasPrefix(url, before+":") || !strings.HasSuffix(url, after) {
		t.Fatalf("%s: its first line is %q, want `ready %s:PORT%s`", s.name, ready, before, after)
	}
	s.url = url
	return s
}

// expectSetup takes the line of a new connection.
func (s *server) expectSetup(t *testing.T, data string) {
	t.Helper()
	s.expectLine(t, fmt.Sprintf("setup data=%x metadata=none", data))
}

func (s *server) expectLines(t *testing.T, n int, want string) {
	t.Helper()
	for range n {
		s.expectLine(t, want)
	}
}

// expectServes shows that the server is none the worse for what a connection did: it serves another one, then ends in
// good order.
func (s *server) expectServes(t *testing.T, client peer) {
	t.Helper()
	c := startClient(t, client, s, "echo", "--data", "still there?")
	s.expectSetup(t, "")
	expectEcho(t, c.only(t), "still there?", noMetadata)
	s.terminate(t)
}

// by gives the server's url with another address in it, and the address that it had.
func (s *server) by(t *testing.T, other net.Addr) (url, address string) {
	t.Helper()
	at, err := neturl.Parse(s.url)
	if err != nil {
		t.Fatalf("reading the server's url: %v", err)
	}
	address, at.Host = at.Host, other.String()
	return at.String(), address
}
