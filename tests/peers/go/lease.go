package main

import (
	"context"
	"errors"
	"time"

	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
)

// grantTTL is how long what a client grants is good.
const grantTTL = time.Minute

// leases has a value when a lease came that nobody has waited for yet.
type leases chan struct{}

// heard runs on the connection's reader, so it must not block.
func (l leases) heard(rsocket.Lease) {
	select {
	case l <- struct{}{}:
	default:
	}
}

// next waits for a lease, as long as the bound allows; false when none came.
func (l leases) next(conn *rsocket.Conn) bool {
	select {
	case <-l:
		return true
	case <-conn.Done():
		return false
	case <-time.After(bound):
		return false
	}
}

// options are those of a client that proposes leases. Its scenario does what it grants.
func (l leases) options() []rsocket.Option {
	return []rsocket.Option{
		rsocket.WithLease(func(context.Context, *rsocket.Conn) {}),
		rsocket.WithHandler(rsocket.Handler{Lease: l.heard}),
	}
}

// leaseLimited waits for a lease, then makes requests one after the other, whatever comes of them.
func leaseLimited(ctx context.Context, conn *rsocket.Conn, o options, r *report) error {
	if o.grant > 0 {
		_ = conn.GrantLease(rsocket.Lease{TTL: grantTTL, Requests: o.grant}) // an error means that conn is over
	}
	o.leases.next(conn) // without one the requests fail, as is to be seen
	for i := range o.count {
		if err := echoOnce(ctx, conn, o.numberedRequest(i), i, r); err != nil {
			return err
		}
	}
	return r.done()
}

// leaseRenewed makes requests one after the other, each when a lease allows it.
func leaseRenewed(ctx context.Context, conn *rsocket.Conn, o options, r *report) error {
	for i := range o.count {
		answer, err := o.leases.patiently(ctx, conn, o.numberedRequest(i))
		if err := r.either(i, answer, err); err != nil {
			return err
		}
	}
	return r.done()
}

func (l leases) patiently(ctx context.Context, conn *rsocket.Conn, p *rsocket.Payload) (*rsocket.Payload, error) {
	for {
		answer, err := request(ctx, conn, p)
		switch {
		case errors.Is(err, rsocket.ErrNoLease):
			if !l.next(conn) {
				return nil, errHung
			}
		case errors.Is(err, rsocket.ErrRejected): // it crossed the end of its lease
		default:
			return answer, err
		}
	}
}
