package interop

import (
	"flag"
	"fmt"
	"strings"
	"testing"
)

// pair is a client program and the server program that it talks to.
type pair struct{ client, server peer }

func (p pair) String() string { return fmt.Sprintf("%s:%s", p.client, p.server) }

// matrix has every pair with one of our programs at one end at least.
var matrix = []pair{
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

var pairsFlag = flag.String("pairs", "", "run these CLIENT:SERVER pairs, separated by commas, instead of the matrix")

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
		client, server, ok := strings.Cut(name, ":")
		p := pair{peer(client), peer(server)}
		if !ok || variables[p.client] == "" || variables[p.server] == "" {
			return nil, fmt.Errorf("-pairs: %q is not CLIENT:SERVER with the names of two peers", name)
		}
		pairs = append(pairs, p)
	}
	return pairs, nil
}
