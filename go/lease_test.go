package rsocket_test

import (
	"context"
	"errors"
	"testing"
	"time"

	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
)

// granting tells the strategy of a test what to grant.
func granting(leases <-chan rsocket.Lease) rsocket.LeaseStrategy {
	return func(ctx context.Context, conn *rsocket.Conn) {
		for {
			select {
			case lease := <-leases:
				_ = conn.GrantLease(lease)
			case <-ctx.Done():
				return
			}
		}
	}
}

// Conforms: lease/expired, setup/client-waits-for-lease, setup/server-leases, lease/by-application, lease/limit
func TestLeasesLimitRequests(t *testing.T) { overEach(t, leasesLimitRequests) }

func leasesLimitRequests(t *testing.T, connect connector) {
	leases, heard := make(chan rsocket.Lease), make(chan rsocket.Lease, 1)
	conn := connect(t, rsocket.Handler{RequestResponse: echo}, ends{
		client: []rsocket.Option{
			rsocket.WithLease(func(context.Context, *rsocket.Conn) {}),
			rsocket.WithHandler(rsocket.Handler{Lease: func(lease rsocket.Lease) { heard <- lease }}),
		},
		server: []rsocket.Option{rsocket.WithLease(granting(leases))},
	})
	ctx := testContext(t)
	request := func() error {
		_, err := conn.RequestResponse(ctx, rsocket.NewPayload("x", ""))
		return err
	}
	var known *rsocket.Error
	if err := request(); !errors.Is(err, rsocket.ErrNoLease) || !errors.As(err, &known) || !known.RetrySafe() {
		t.Errorf("before any lease: %v", err)
	}
	if err := conn.FireAndForget(ctx, rsocket.NewPayload("x", "")); !errors.Is(err, rsocket.ErrNoLease) {
		t.Errorf("a fire-and-forget before any lease: %v", err)
	}
	leases <- rsocket.Lease{TTL: time.Minute, Requests: 2, Metadata: []byte("why")}
	if lease := await(t, heard); lease.TTL != time.Minute || lease.Requests != 2 || string(lease.Metadata) != "why" {
		t.Errorf("heard %+v", lease)
	}
	for range 2 {
		if err := request(); err != nil {
			t.Errorf("within the lease: %v", err)
		}
	}
	if err := request(); !errors.Is(err, rsocket.ErrNoLease) {
		t.Errorf("beyond the lease: %v", err)
	}
	if err := conn.FireAndForget(ctx, rsocket.NewPayload("x", "")); !errors.Is(err, rsocket.ErrNoLease) {
		t.Errorf("a fire-and-forget beyond the lease: %v", err)
	}
	for _, err := range conn.RequestStream(ctx, rsocket.NewPayload("x", "")) {
		if !errors.Is(err, rsocket.ErrNoLease) {
			t.Errorf("a stream beyond the lease: %v", err)
		}
	}
	leases <- rsocket.Lease{TTL: time.Millisecond, Requests: 100}
	await(t, heard)
	eventually(t, "the lease ends with its time", func() bool { return errors.Is(request(), rsocket.ErrNoLease) })
}

// Conforms: setup/server-leases
func TestAFixedLeaseIsRenewed(t *testing.T) { overEach(t, aFixedLeaseIsRenewed) }

func aFixedLeaseIsRenewed(t *testing.T, connect connector) {
	conn := connect(t, rsocket.Handler{RequestResponse: echo}, ends{
		client: []rsocket.Option{rsocket.WithLease(func(context.Context, *rsocket.Conn) {})},
		server: []rsocket.Option{rsocket.WithLease(rsocket.FixedLease(1, 10*time.Millisecond))},
	})
	for range 3 {
		eventually(t, "a request is allowed again", func() bool {
			_, err := conn.RequestResponse(testContext(t), rsocket.NewPayload("x", ""))
			return err == nil
		})
	}
}

// Conforms: lease/either-side, setup/server-waits-for-lease, setup/client-leases, setup/leased-server-request
func TestAClientLeasesToItsServer(t *testing.T) { overEach(t, aClientLeasesToItsServer) }

func aClientLeasesToItsServer(t *testing.T, connect connector) {
	leases := make(chan rsocket.Lease)
	_, server := connectBoth(t, connect, rsocket.Handler{RequestResponse: echo}, rsocket.Handler{}, ends{
		client: []rsocket.Option{rsocket.WithLease(granting(leases))},
		server: []rsocket.Option{rsocket.WithLease(func(context.Context, *rsocket.Conn) {})},
	})
	request := func() error {
		_, err := server.RequestResponse(testContext(t), rsocket.NewPayload("x", ""))
		return err
	}
	eventually(t, "a server without a lease", func() bool { return errors.Is(request(), rsocket.ErrNoLease) })
	leases <- rsocket.Lease{TTL: time.Minute, Requests: 1}
	eventually(t, "a request is allowed", func() bool { return request() == nil })
	if err := request(); !errors.Is(err, rsocket.ErrNoLease) {
		t.Errorf("beyond the lease: %v", err)
	}
}

// Conforms: setup/leased-client-rejected
func TestAServerWithoutLeasesTurnsAwayClientsWithThem(t *testing.T) {
	overEach(t, aServerWithoutLeasesTurnsAwayClientsWithThem)
}

func aServerWithoutLeasesTurnsAwayClientsWithThem(t *testing.T, connect connector) {
	conn := connect(t, rsocket.Handler{}, ends{
		client: []rsocket.Option{rsocket.WithLease(func(context.Context, *rsocket.Conn) {})},
	})
	await(t, conn.Done())
	assertRejected(t, conn.Err(), rsocket.CodeUnsupportedSetup, "lease is not supported")
}

func TestLeasesAreChecked(t *testing.T) {
	conn := connectTCP(t, rsocket.Handler{})
	for _, lease := range []rsocket.Lease{{TTL: -1}, {Requests: -1}, {Metadata: make([]byte, 16<<10+1)}} {
		if err := conn.GrantLease(lease); !errors.Is(err, rsocket.ErrInvalidArgument) {
			t.Errorf("%v: %v", lease.TTL, err)
		}
	}
	if _, err := rsocket.Dial(testContext(t), "tcp://127.0.0.1:1", rsocket.WithLease(nil)); !errors.Is(err, rsocket.ErrInvalidArgument) {
		t.Errorf("got %v", err)
	}
}

// The refusal names no request, neither one that is open nor one that was just given up.
func TestAGrantWithoutLeasesTouchesNoRequest(t *testing.T) {
	conn := connectTCP(t, rsocket.Handler{RequestResponse: echo})
	requested := make(chan struct{})
	go func() {
		defer close(requested)
		for range 5_000 {
			ctx, cancel := context.WithTimeout(context.Background(), 30*time.Microsecond)
			answer, err := conn.RequestResponse(ctx, rsocket.NewPayload("x", ""))
			cancel()
			if err == nil && answer.GetDataAsString() != "x" {
				t.Error("a request has an answer that is not its own")
			}
		}
	}()
	for {
		select {
		case <-requested:
			return
		default:
			if err := conn.GrantLease(rsocket.Lease{}); err != nil {
				t.Fatal(err)
			}
		}
	}
}
