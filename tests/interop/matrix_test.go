package interop

import (
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// transport is what a pair talks over.
type transport string

const (
	tcp    transport = "tcp"
	ws     transport = "ws"
	secure transport = "tls"
	wss    transport = "wss"
	quic   transport = "quic"
)

// listenURLs are where servers listen.
var listenURLs = map[transport]string{
	tcp:    "tcp://127.0.0.1:0",
	ws:     "ws://127.0.0.1:0/rsocket",
	secure: "tls://127.0.0.1:0",
	wss:    "wss://127.0.0.1:0/rsocket",
	quic:   "quic://127.0.0.1:0",
}

func (t transport) isSecure() bool { return t == secure || t == wss || t == quic }

// pair is a client program and the server program that it talks to.
type pair struct {
	client, server peer
	over           transport
}

func (p pair) String() string {
	if p.over == tcp {
		return fmt.Sprintf("%s:%s", p.client, p.server)
	}
	return fmt.Sprintf("%s:%s@%s", p.client, p.server, p.over)
}

// isCuttable reports whether a transport can be carried and taken away in the middle of a frame. QUIC's datagrams cannot; the
// tests in go/ and rust/runtime/ lose those.
func (t transport) isCuttable() bool { return t != quic }

// matrix has every pair with one of our programs at one end at least, over each transport that both have. With TLS those
// that do not share an implementation of it are enough.
var matrix = slices.Concat(programsOver(tcp), programsOver(ws), programsOver(secure), programsOver(wss), programsOver(quic))

func programsOver(over transport) []pair {
	var pairs []pair
	for _, p := range programs {
		if over.isSecure() && (p[0] == p[1] || p[0] == rsocketRust || p[1] == rsocketRust) {
			continue
		}
		if over == quic && (p[0] == rsocketGo || p[1] == rsocketGo) {
			continue
		}
		pairs = append(pairs, pair{p[0], p[1], over})
	}
	return pairs
}

// programs are a client and a server each.
var programs = [][2]peer{
	{oursGo, oursGo},
	{oursGo, oursRust},
	{oursRust, oursGo},
	{oursRust, oursRust},
	{oursGo, rsocketGo},
	{rsocketGo, oursGo},
	{oursGo, rsocketRust},
	{rsocketRust, oursGo},
	{oursRust, rsocketGo},
	{rsocketGo, oursRust},
	{oursRust, rsocketRust},
	{rsocketRust, oursRust},
}

var pairsFlag = flag.String("pairs", "", "run these CLIENT:SERVER or CLIENT:SERVER@TRANSPORT pairs, separated by commas, instead of the matrix")

// eachPair runs a scenario for every pair, two processes each, as many pairs at once as go test allows.
func eachPair(t *testing.T, scenario func(*testing.T, pair)) {
	t.Helper()
	eachPairThat(t, func(pair) bool { return true }, scenario)
}

// eachPairThat is eachPair for what only some pairs can show.
func eachPairThat(t *testing.T, shows func(pair) bool, scenario func(*testing.T, pair)) {
	t.Helper()
	pairs, err := selectedPairs()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range pairs {
		if !shows(p) {
			continue
		}
		t.Run(p.String(), func(t *testing.T) {
			t.Parallel()
			scenario(t, p)
		})
	}
}

func selectedPairs() ([]pair, error) {
	if *pairsFlag == "" {
		return matrix, nil
	}
	var pairs []pair
	for name := range strings.SplitSeq(*pairsFlag, ",") {
		programs, over, given := strings.Cut(name, "@")
		if !given {
			over = string(tcp)
		}
		client, server, ok := strings.Cut(programs, ":")
		p := pair{peer(client), peer(server), transport(over)}
		if !ok || variables[p.client] == "" || variables[p.server] == "" || listenURLs[p.over] == "" {
			return nil, fmt.Errorf("-pairs: %q is not CLIENT:SERVER or CLIENT:SERVER@TRANSPORT with the names of two peers", name)
		}
		pairs = append(pairs, p)
	}
	return pairs, nil
}
