//go:build unix

package rsocket

import (
	"net"
	"syscall"
)

// arrivedReader reads a transport without waiting.
type arrivedReader struct {
	transport syscall.RawConn
	try       func(descriptor uintptr) bool
	// space is where to, and n and err are what came of it.
	space []byte
	n     int
	err   error
}

// canReadArrived is for these types themselves, as one that has them inside may read differently.
func canReadArrived(nc net.Conn) bool {
	switch nc.(type) {
	case *net.TCPConn, *net.UnixConn:
		return true
	default:
		return false
	}
}

// newArrivedReader is for an nc that can be read like that.
func newArrivedReader(nc net.Conn) *arrivedReader {
	r := &arrivedReader{}
	r.transport, r.err = nc.(syscall.Conn).SyscallConn()
	r.try = func(descriptor uintptr) bool {
		r.n, r.err = syscall.Read(int(descriptor), r.space)
		return true
	}
	return r
}

// read reads what there is. When that is nothing, waiting tells whether something may still come; otherwise nc's own Read
// says what is the matter.
func (r *arrivedReader) read(space []byte) (n int, waiting bool) {
	if r.transport == nil {
		return 0, false
	}
	r.space = space
	err := r.transport.Read(r.try)
	r.space = nil
	if err != nil {
		return 0, false
	}
	return max(r.n, 0), r.err == syscall.EAGAIN || r.err == syscall.EINTR
}
