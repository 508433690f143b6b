//go:build linux || darwin

package rsocket

import (
	"net"
	"runtime"
	"syscall"
)

// maxUnsent is what the system may hold of a TCP connection's output beyond what the peer and the network take, in
// bytes. By itself it holds up to megabytes, which nothing more urgent can overtake: 200 ms of a link of 20 MB/s. What
// is on its way does not count, so this costs no throughput as long as we wake up in time to send more.
const maxUnsent = 128 << 10

// TCP_NOTSENT_LOWAT, which package syscall does not name.
const (
	notSentLowatLinux  = 25
	notSentLowatDarwin = 0x201
)

func notSentLowat() int {
	if runtime.GOOS == "darwin" {
		return notSentLowatDarwin
	}
	return notSentLowatLinux
}

// boundUnsent applies maxUnsent to a TCP connection, be it inside another one such as Go's TLS.
func boundUnsent(nc net.Conn) {
	for {
		outer, ok := nc.(interface{ NetConn() net.Conn })
		if !ok {
			break
		}
		nc = outer.NetConn()
	}
	tcp, ok := nc.(*net.TCPConn)
	if !ok {
		return
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return
	}
	// Without it everything goes out all the same, if later.
	_ = raw.Control(func(fd uintptr) {
		_ = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, notSentLowat(), maxUnsent)
	})
}
