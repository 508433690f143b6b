package rsocket

import (
	"context"
	"net"
	"time"
)

// link is a transport of a connection. A connection that can be resumed has one after another; others have one.
type link struct {
	nc net.Conn
	// borrowable: nc survives a write that times out, so callers may write on it.
	borrowable bool
	// writeDeadline is when nc's write deadline strikes, on the connection's clock; 0 for none. It is the flusher's.
	writeDeadline time.Duration
	// poll is the reader's.
	poll busyPoll
}

func newLink(nc net.Conn) *link {
	boundUnsent(nc)
	return &link{nc: nc, borrowable: isBorrowable(nc), poll: newBusyPoll(nc)}
}

// isBorrowable reports whether a write that ran into its deadline can be continued. Go's own TLS, for one, cannot, but
// ours can.
func isBorrowable(nc net.Conn) bool {
	switch nc := nc.(type) {
	case *net.TCPConn, *net.UnixConn, *quicConn:
		return true
	case *layeredConn:
		return isBorrowable(nc.Conn)
	case *tlsConn:
		return isBorrowable(nc.NetConn())
	case *prefixedConn:
		return isBorrowable(nc.Conn)
	default:
		return false
	}
}

// handshake opens what is over a transport, if there is anything; on an error the transport is closed.
func handshake(ctx context.Context, nc net.Conn, settings *settings) error {
	if layered, ok := nc.(*layeredConn); ok {
		return layered.handshake(ctx, settings.limits.HandshakeTimeout)
	}
	return nil
}

// buffersWriter is a transport that takes several buffers at once. What it took is gone from them, except that one
// remains, be it empty, when a deadline struck: writing goes on with that.
type buffersWriter interface {
	WriteBuffers(buffers *net.Buffers) (int64, error)
}

// write writes buffers in order, together where the transport can, and leaves in them what was not written. It returns how
// many bytes went out. What a transport that is not borrowable leaves says nothing.
func (l *link) write(pending *net.Buffers) (int64, error) {
	switch nc := l.nc.(type) {
	case buffersWriter:
		return nc.WriteBuffers(pending)
	case *net.TCPConn, *net.UnixConn, *quicConn:
		if len(*pending) > 1 {
			return pending.WriteTo(nc)
		}
		only := &(*pending)[0]
		written, err := nc.Write(*only)
		*only = (*only)[written:]
		return int64(written), err
	default:
		return writeGathered(nc, pending)
	}
}

// close ends reads and writes. A nil link has none.
func (l *link) close() {
	if l != nil {
		_ = l.nc.Close()
	}
}

// closeWrite tells the peer that nothing follows, if the transport can.
func (l *link) closeWrite() {
	if l == nil {
		return
	}
	half, ok := l.nc.(interface{ CloseWrite() error })
	if !ok || half.CloseWrite() != nil {
		l.close()
	}
}
