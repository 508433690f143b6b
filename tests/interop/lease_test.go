package interop

import (
	"strconv"
	"strings"
	"testing"
)

const unsupportedSetup = 0x002

// eachLeasingPair is eachPair for clients that can propose leases to servers that can agree to them.
func eachLeasingPair(t *testing.T, scenario func(*testing.T, pair)) {
	t.Helper()
	leases := func(p pair) bool { return !p.deviates(knowsNoLeases) }
	eachPairThat(t, leases, scenario)
}

// A client makes as many requests as its lease allows, and knows by itself that it may not make more.
func TestLeaseLimitsRequests(t *testing.T) {
	const allowed, count = 3, 5
	eachLeasingPair(t, func(t *testing.T, p pair) {
		s := startServer(t, p, "--lease", strconv.Itoa(allowed))
		results := startClient(t, p.client, s, "lease", "--count", strconv.Itoa(count)).finish(t, count)
		s.expectSetup(t, "")
		for i, got := range results {
			if i < allowed {
				expectEcho(t, got, numbered(i, 0), noMetadata)
			} else {
				expectNoLease(t, got)
			}
		}
		s.expectServes(t, p.client) // without leases, which the client decides
	})
}

// With one lease after the other a client can go on.
func TestLeaseIsRenewed(t *testing.T) {
	const allowed, count = 2, 7
	eachLeasingPair(t, func(t *testing.T, p pair) {
		s := startServer(t, p, "--lease", strconv.Itoa(allowed), "--lease-ttl", "300ms")
		results := startClient(t, p.client, s, "lease-renewed", "--count", strconv.Itoa(count)).finish(t, count)
		s.expectSetup(t, "")
		for i, got := range results {
			expectEcho(t, got, numbered(i, 0), noMetadata)
		}
		s.terminate(t)
	})
}

// A client grants leases as well, to a server that makes requests.
func TestLeaseOfAClient(t *testing.T) {
	grants := func(p pair) bool { return !p.deviates(knowsNoLeases) && !p.client.deviates(asClient, grantsNothing) }
	eachPairThat(t, grants, func(t *testing.T, p pair) {
		s := startServer(t, p, "--lease", "1")
		got := startClient(t, p.client, s, "lease", "--grant", "7").only(t)
		s.expectSetup(t, "")
		if p.server.deviates(asServer, diesOfLease) {
			expectLocalFailure(t, got)
		} else {
			s.expectLine(t, "lease requests=7 ttl=60000ms metadata=none")
			expectEcho(t, got, numbered(0, 0), noMetadata)
		}
		s.expectServes(t, p.client)
	})
}

// A client that proposes leases is turned away by a server that does not agree to them.
func TestLeaseIsUnsupported(t *testing.T) {
	proposes := func(p pair) bool { return !p.client.deviates(asClient, knowsNoLeases) }
	eachPairThat(t, proposes, func(t *testing.T, p pair) {
		s := startServer(t, p)
		got := startClient(t, p.client, s, "lease").only(t)
		switch {
		case p.server.deviates(asServer, knowsNoLeases):
			s.expectSetup(t, "")
			expectNoLease(t, got)
		case p.client.deviates(asClient, asksLeaseFirst) && got.Code == 0:
			expectNoLease(t, got)
		case got.OK || got.Code != unsupportedSetup || !strings.Contains(got.Error, "lease"):
			t.Fatalf("result %+v, want code %#x and a message about leases", got, unsupportedSetup)
		}
		s.expectServes(t, p.client)
	})
}

// expectNoLease asserts that a request was not made for want of a lease.
func expectNoLease(t *testing.T, got result) {
	t.Helper()
	expectLocalFailure(t, got)
	if got.Code != 0 || !strings.Contains(got.Error, "lease") {
		t.Fatalf("result %+v, want the client's own word that there is no lease", got)
	}
}
