package interop

import (
	"fmt"
	"testing"
)

const (
	rejectedSetup    = 0x003
	applicationError = 0x201
)

// Conforms: setup/payload
func TestSetupPayloadArrives(t *testing.T) {
	eachPair(t, func(t *testing.T, p pair) {
		s := startServer(t, p)
		c := startClient(t, p.client, s, "echo", "--data", "hello", "--setup-data", "who", "--setup-metadata", "secret")
		expectEcho(t, c.only(t), "hello", noMetadata)
		s.expectLine(t, fmt.Sprintf("setup data=%x metadata=%x", "who", "secret"))
		s.terminate(t)
	})
}

// A rejected setup fails the client's requests with the server's code and message, and concerns no other connection.
//
// Conforms: error/rejected-setup, setup/client-request-rejected
func TestRejectedSetup(t *testing.T) {
	eachPair(t, func(t *testing.T, p pair) {
		s := startServer(t, p)
		got := startClient(t, p.client, s, "rejected", "--setup-data", "reject:no entry").only(t)
		s.expectSetup(t, "reject:no entry")
		expectRejection(t, p, got)
		s.expectServes(t, p.client)
	})
}

func expectRejection(t *testing.T, p pair, got result) {
	t.Helper()
	hidden := p.client.deviates(asClient, hidesRejection)
	switch {
	case hidden && p.server.deviates(asServer, servesRejected):
		expectFailure(t, got, applicationError, "UNIMPLEMENT")
	case hidden:
		expectHung(t, got)
	case p.client.deviates(asClient, racesRejection) && got.Code == 0:
		expectLocalFailure(t, got)
	default:
		expectFailure(t, got, rejectedSetup, "no entry")
	}
}

// Conforms: error/application-error, request-response/failed
func TestApplicationError(t *testing.T) {
	eachPair(t, func(t *testing.T, p pair) {
		s := startServer(t, p)
		got := startClient(t, p.client, s, "error", "--data", "out of order").only(t)
		expectFailure(t, got, applicationError, "out of order")
		s.expectSetup(t, "")
		s.expectServes(t, p.client)
	})
}
