package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rsocket/rsocket-go"
	"github.com/rsocket/rsocket-go/lease"
)

// tryAgain is how long a request waits that no lease allows: rsocket-go does not tell when one comes.
const tryAgain = 5 * time.Millisecond

// leaseFactory grants so many requests anew each ttl. The first lease follows a delay, and without one the first ttl.
func leaseFactory(requests int, ttl time.Duration) (lease.Factory, error) {
	factory, err := lease.NewSimpleFactory(ttl, ttl, time.Millisecond, uint32(requests))
	if err != nil {
		return nil, fmt.Errorf("making leases: %w", err)
	}
	return factory, nil
}

// leaseLimited makes requests one after the other, the first when a lease allows it.
func leaseLimited(client rsocket.Client, o options, r *report) error {
	for i := range o.count {
		m := o.numberedRequest(i)
		var response message
		var err error
		if i == 0 {
			response, err = patiently(client, o, m)
		} else {
			response, err = bounded(client, m)
		}
		if err := r.either(i, response, err); err != nil {
			return err
		}
	}
	return r.done()
}

// leaseRenewed makes requests one after the other, each when a lease allows it.
func leaseRenewed(client rsocket.Client, o options, r *report) error {
	for i := range o.count {
		response, err := patiently(client, o, o.numberedRequest(i))
		if err := r.either(i, response, err); err != nil {
			return err
		}
	}
	return r.done()
}

func patiently(client rsocket.Client, o options, m message) (message, error) {
	ctx, stop := context.WithTimeout(context.Background(), lossBound)
	defer stop()
	for {
		response, err := bounded(client, m)
		if !wantsLease(err) {
			return response, err
		}
		select {
		case <-time.After(tryAgain):
		case <-o.closed:
			return bounded(client, m)
		case <-ctx.Done():
			return message{}, err
		}
	}
}

// wantsLease says whether a request was not made for want of a lease, or crossed the end of one.
func wantsLease(err error) bool {
	var sent rsocket.Error
	rejected := errors.As(err, &sent) && sent.ErrorCode() == rsocket.ErrorCodeRejected
	return rejected || errors.Is(err, lease.ErrLeaseNotRcv) || errors.Is(err, lease.ErrLeaseExpired) ||
		errors.Is(err, lease.ErrLeaseNoMoreRequests)
}
