//go:build !unix

package rsocket

import "net"

type arrivedReader struct{}

// canReadArrived is false here, so that nothing below is called.
func canReadArrived(net.Conn) bool { return false }

func newArrivedReader(net.Conn) *arrivedReader { return nil }

func (*arrivedReader) read([]byte) (n int, waiting bool) { return 0, false }
