//go:build linux || darwin

package rsocket

import (
	"crypto/tls"
	"net"
	"syscall"
	"testing"
)

// The system holds little of what a TCP connection has to send, whatever is between it and the library.
func TestTheSystemHoldsLittle(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	for name, wrap := range map[string]func(net.Conn) net.Conn{
		"tcp": func(nc net.Conn) net.Conn { return nc },
		"tls": func(nc net.Conn) net.Conn { return tls.Client(nc, &tls.Config{ServerName: "anybody"}) },
	} {
		t.Run(name, func(t *testing.T) {
			socket, err := net.Dial("tcp", listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = socket.Close() }()
			boundUnsent(wrap(socket))
			raw, err := socket.(*net.TCPConn).SyscallConn()
			if err != nil {
				t.Fatal(err)
			}
			var bound int
			var failed error
			err = raw.Control(func(fd uintptr) {
				bound, failed = syscall.GetsockoptInt(int(fd), syscall.IPPROTO_TCP, notSentLowat())
			})
			if err != nil || failed != nil || bound != maxUnsent {
				t.Errorf("the bound is %d, %v, %v; want %d", bound, err, failed, maxUnsent)
			}
		})
	}
}
