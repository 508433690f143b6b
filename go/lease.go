package rsocket

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go/internal/ffi"
)

// Lease allows so many requests for so long (specification, "Lease Semantics").
type Lease struct {
	// TTL is how long the lease is good, in whole milliseconds; 0 allows nothing.
	TTL time.Duration
	// Requests is how many requests may be made, of all kinds together; 0 allows none.
	Requests int
	// Metadata is what the granting side says with it, at most 16 KiB; nil for nothing.
	Metadata []byte
}

// LeaseStrategy decides how many requests the peer may make. It runs in a goroutine of its own, calls
// [Conn.GrantLease] as it sees fit, and returns when ctx ends with the connection. A peer that has been granted nothing
// can request nothing.
type LeaseStrategy func(ctx context.Context, conn *Conn)

// WithLease makes a client propose leases, and a server agree to them: each side makes only the requests that the
// other's lease allows, and gets [ErrNoLease] beyond them. Without it a server turns away clients that propose leases.
// With nothing to decide, use [FixedLease].
func WithLease(strategy LeaseStrategy) Option {
	return func(s *settings) error {
		if strategy == nil {
			return fmt.Errorf("%w: no lease strategy, or a FixedLease of less than nothing", ErrInvalidArgument)
		}
		s.lease = strategy
		return nil
	}
}

// FixedLease grants the same number of requests anew each period, of a millisecond at least. It is nil for less, and for
// a negative number; [WithLease] takes no nil.
func FixedLease(requests int, period time.Duration) LeaseStrategy {
	if requests < 0 || period < time.Millisecond {
		return nil
	}
	return func(ctx context.Context, conn *Conn) {
		ticker := time.NewTicker(period)
		defer ticker.Stop()
		for {
			if err := conn.GrantLease(Lease{TTL: period, Requests: requests}); err != nil {
				return
			}
			select {
			case <-ticker.C:
			case <-ctx.Done():
				return
			}
		}
	}
}

const maxLeaseMetadata = 16 << 10

// GrantLease allows the peer requests, in place of what was allowed before. It does nothing on a connection that was
// made without [WithLease], or whose client did not propose leases.
func (c *Conn) GrantLease(lease Lease) error {
	if lease.TTL < 0 || lease.Requests < 0 || len(lease.Metadata) > maxLeaseMetadata {
		return fmt.Errorf("%w: lease of %v, %d requests, %d bytes of metadata",
			ErrInvalidArgument, lease.TTL, lease.Requests, len(lease.Metadata))
	}
	if c.isClosed() {
		return requestError(c.err)
	}
	command := ffi.Command{
		Kind:   ffi.CommandGrantLease,
		Stream: uint32(min(lease.TTL.Milliseconds(), math.MaxInt32)),
		Code:   uint32(min(lease.Requests, math.MaxInt32)),
	}
	if lease.Metadata == nil {
		command.Flags = ffi.FlagNoPayload
	}
	c.lastLease.Store(&lease)
	c.submitSmall(command, string(lease.Metadata), false)
	return nil
}

// regrantLease grants again what was granted last: leases end with the transport.
func (c *Conn) regrantLease() {
	if lease := c.lastLease.Load(); lease != nil {
		_ = c.GrantLease(*lease)
	}
}

// startLeasing runs the strategy, if there is one.
func (c *Conn) startLeasing() {
	if c.lease != nil {
		c.work.Go(func() { c.lease(c.context(), c) })
	}
}

// heardLease tells the handler what the peer allows.
func (c *Conn) heardLease(event *ffi.Event, bytes []byte) {
	if c.handler.Lease == nil {
		return
	}
	lease := Lease{TTL: time.Duration(event.Stream) * time.Millisecond, Requests: int(event.Code)}
	if payload := c.receivedPayload(event, bytes); payload.HasMetadata() {
		lease.Metadata = payload.GetMetadata()
	}
	c.handler.Lease(lease)
}
