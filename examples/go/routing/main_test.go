package main

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/examples/internal/exampletest"
	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
)

var program = exampletest.Program(run)

func TestRequestsReachTheirRoutes(t *testing.T) {
	stdout, stderr := program.Succeed(t, "-data", "ab cd")
	exampletest.AssertLines(t, stdout,
		`client: text.upper answers "AB CD"`,
		`client: text.reverse answers "dc ba"`,
		`client: text.words yields "ab"`,
		`client: text.words yields "cd"`)
	if !strings.Contains(stdout, `nothing is at route "text.nowhere"`) {
		t.Errorf("nothing is said of the route that does not exist:\n%s", stdout)
	}
	exampletest.AssertLines(t, stderr, "server: at text.upper", "server: at text.reverse", "server: at text.words")
}

func TestTwoProcesses(t *testing.T) {
	url, stop := program.StartServer(t)
	stdout, _ := program.Succeed(t, "-connect", url, "-route", "text.upper", "-data", "x")
	exampletest.AssertLines(t, stdout, `client: text.upper answers "X"`)

	var out, stderr bytes.Buffer
	if code := run(t.Context(), []string{"-connect", url, "-route", "text.words"}, &out, &stderr); code != 1 {
		t.Errorf("a request-response to a stream's route: exit code %d, want 1", code)
	}
	exampletest.AssertLines(t, stop(), "server: at text.upper")
}

func TestRequestsThatCannotBeRouted(t *testing.T) {
	url, stop := program.StartServer(t)
	defer stop()
	plain, err := rsocket.Dial(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	if _, err := plain.RequestResponse(t.Context(), rsocket.NewPayload("x", "")); !errors.Is(err, rsocket.ErrRejectedSetup) {
		t.Errorf("a client without composite metadata: %v", err)
	}

	conn, err := rsocket.Dial(t.Context(), url, rsocket.WithMIMETypes("message/x.rsocket.composite-metadata.v0", "text/plain"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	// None, one that ends too early, and a routing entry without a tag.
	for _, metadata := range []string{"", "\xfe\x00", "\xfe\x00\x00\x00"} {
		if _, err := conn.RequestResponse(t.Context(), rsocket.NewPayload("x", metadata)); !errors.Is(err, rsocket.ErrInvalid) {
			t.Errorf("metadata %q: %v", metadata, err)
		}
	}
}

func TestExitCodes(t *testing.T) {
	program.AssertExitCodes(t, []exampletest.ExitCode{
		{Name: "help", Args: []string{"-h"}, Want: 0},
		{Name: "unknown flag", Args: []string{"-nonsense"}, Want: 2},
		{Name: "argument", Args: []string{"nonsense"}, Want: 2},
		{Name: "both roles by flag", Args: []string{"-listen", "tcp://127.0.0.1:0", "-connect", "tcp://127.0.0.1:1"}, Want: 2},
		{Name: "address that nobody has", Args: []string{"-listen", "tcp://127.0.0.1:notaport"}, Want: 1},
		{Name: "scheme that nobody knows", Args: []string{"-connect", "carrier-pigeon://loft:1"}, Want: 1},
	})
}
