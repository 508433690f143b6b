//go:build !linux && !darwin

package rsocket

import "net"

// boundUnsent does nothing: this system has no bound on what it holds but the send buffer's, which bounds throughput.
func boundUnsent(net.Conn) {}
