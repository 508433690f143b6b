package rsocket_test

import (
	"bufio"
	"context"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
)

// nameServer has the package's resolver find these addresses for every name, until the test is over.
func nameServer(t *testing.T, addresses ...string) {
	t.Helper()
	before := net.DefaultResolver
	t.Cleanup(func() { net.DefaultResolver = before })
	net.DefaultResolver = &net.Resolver{
		PreferGo: true,
		Dial: func(context.Context, string, string) (net.Conn, error) {
			near, far := net.Pipe()
			go answerNames(far, addresses)
			return near, nil
		},
	}
}

// answerNames is the server's side of a DNS connection over TCP.
func answerNames(nc net.Conn, addresses []string) {
	defer nc.Close()
	for {
		length := make([]byte, 2)
		if _, err := io.ReadFull(nc, length); err != nil {
			return
		}
		query := make([]byte, binary.BigEndian.Uint16(length))
		if _, err := io.ReadFull(nc, query); err != nil {
			return
		}
		answer := answerName(query, addresses)
		if _, err := nc.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(answer))), answer...)); err != nil {
			return
		}
	}
}

func answerName(query []byte, addresses []string) []byte {
	end := 12
	for query[end] != 0 {
		end += 1 + int(query[end])
	}
	question := query[12 : end+5]
	asked := binary.BigEndian.Uint16(question[len(question)-4:])
	var records []byte
	count := byte(0)
	for _, address := range addresses {
		ip := netip.MustParseAddr(address)
		if kind := map[bool]uint16{true: 1, false: 28}[ip.Is4()]; kind == asked {
			count++
			records = append(records, 0xc0, 12, 0, byte(kind), 0, 1, 0, 0, 0, 60, 0, byte(len(ip.AsSlice())))
			records = append(records, ip.AsSlice()...)
		}
	}
	answer := append([]byte{query[0], query[1], 0x81, 0x80, 0, 1, 0, count, 0, 0, 0, 0}, question...)
	return append(answer, records...)
}

// schemes of servers that have a host and a port.
var schemes = map[string]string{"tcp": "", "tls": "", "ws": "/rsocket", "wss": "/rsocket"}

// A name may have addresses on which nobody listens, as localhost does where a server listens on one family only.
func TestNamesWithSeveralAddresses(t *testing.T) {
	const name = "several.test"
	for server, addresses := range map[string][]string{
		"127.0.0.1": {"::1", "127.0.0.1"},
		"127.0.0.2": {"127.0.0.1", "::1", "127.0.0.2"},
		"[::1]":     {"127.0.0.1", "::1"},
	} {
		if server == "[::1]" && !hasIPv6() {
			continue
		}
		for scheme, path := range schemes {
			t.Run(scheme+" at "+server, func(t *testing.T) {
				ca := newAuthority(t, "CA")
				var serves, trusts []rsocket.Option
				if scheme == "tls" || scheme == "wss" {
					serves, trusts = []rsocket.Option{ca.issue(name).serves()}, []rsocket.Option{ca.trusts()}
				}
				url := listenAndServe(t, scheme+"://"+server+":0"+path, rsocket.Handler{RequestResponse: echo}, serves...)
				nameServer(t, addresses...)
				checkEcho(t, dial(t, strings.Replace(url, server, name, 1), trusts...))
			})
		}
	}
}

func TestAddressesOfIPv6(t *testing.T) {
	if !hasIPv6() {
		t.Skip("there is no IPv6 here")
	}
	for scheme, path := range schemes {
		t.Run(scheme, func(t *testing.T) {
			ca := newAuthority(t, "CA")
			var serves, trusts []rsocket.Option
			if scheme == "tls" || scheme == "wss" {
				serves, trusts = []rsocket.Option{ca.issue("::1").serves()}, []rsocket.Option{ca.trusts()}
			}
			url := listenAndServe(t, scheme+"://[::1]:0"+path, rsocket.Handler{RequestResponse: echo}, serves...)
			if strings.Contains(url, ":0") || !strings.HasPrefix(url, scheme+"://[::1]:") {
				t.Errorf("it listens at %s", url)
			}
			checkEcho(t, dial(t, url, trusts...))
			// With a zone, which is neither in a certificate nor in a header.
			checkEcho(t, dial(t, strings.Replace(url, "[::1]", "[::1%251]", 1), trusts...))
		})
	}
}

func TestAWebSocketsHostHasNoZone(t *testing.T) {
	if !hasIPv6() {
		t.Skip("there is no IPv6 here")
	}
	listener, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	hosts := make(chan string, 1)
	go func() {
		nc, err := listener.Accept()
		if err != nil {
			return
		}
		defer nc.Close()
		if request, err := http.ReadRequest(bufio.NewReader(nc)); err == nil {
			hosts <- request.Host
		}
	}()
	address := listener.Addr().String()
	_, err = rsocket.Dial(testContext(t), "ws://"+strings.Replace(address, "]", "%251]", 1))
	if err == nil {
		t.Error("it is let in")
	}
	if host := await(t, hosts); host != address {
		t.Errorf("asked for %s at %s", host, address)
	}
}
