package main

import (
	"testing"

	"github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/examples/internal/exampletest"
)

var program = exampletest.Program(run)

func TestTheServerCallsBack(t *testing.T) {
	stdout, stderr := program.Succeed(t, "-name", "Grace", "-numbers", "100")
	exampletest.AssertLines(t, stdout,
		`client: the server asks "What is your name?"`,
		`client: the server asks for "numbers"`,
		`client: the server says "Grace, the sum of your 100 numbers is 5050"`)
	exampletest.AssertLines(t, stderr, `server: the client calls itself "Grace"`, "server: the client streamed 100 numbers")
}

func TestEachClientIsAskedForItsOwn(t *testing.T) {
	url, stop := program.StartServer(t)
	stdout, _ := program.Succeed(t, "-connect", url, "-name", "Ada", "-numbers", "3")
	exampletest.AssertLines(t, stdout, `client: the server says "Ada, the sum of your 3 numbers is 6"`)
	stdout, _ = program.Succeed(t, "-connect", url, "-name", "Grace", "-numbers", "0")
	exampletest.AssertLines(t, stdout, `client: the server says "Grace, the sum of your 0 numbers is 0"`)
	stop()
}

func TestExitCodes(t *testing.T) {
	program.AssertExitCodes(t, []exampletest.ExitCode{
		{Name: "help", Args: []string{"-h"}, Want: 0},
		{Name: "unknown flag", Args: []string{"-nonsense"}, Want: 2},
		{Name: "argument", Args: []string{"nonsense"}, Want: 2},
		{Name: "both roles by flag", Args: []string{"-listen", "tcp://127.0.0.1:0", "-connect", "tcp://127.0.0.1:1"}, Want: 2},
		{Name: "negative numbers", Args: []string{"-numbers", "-1"}, Want: 2},
		{Name: "address that nobody has", Args: []string{"-listen", "tcp://127.0.0.1:notaport"}, Want: 1},
		{Name: "scheme that nobody knows", Args: []string{"-connect", "carrier-pigeon://loft:1"}, Want: 1},
	})
}
