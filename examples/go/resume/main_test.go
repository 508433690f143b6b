package main

import (
	"strings"
	"testing"

	"github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/examples/internal/exampletest"
)

var program = exampletest.Program(run)

func TestAStreamGoesOnOverKilledTransports(t *testing.T) {
	stdout, stderr := program.Succeed(t, "-n", "50", "-kill", "15")
	exampletest.AssertLines(t, stdout,
		"client: killing the transport after item 15",
		"client: suspended",
		"client: retrying",
		"client: resumed",
		"client: killing the transport after item 45",
		"client: complete; 50 items, each once and in order, over 4 transports")
	exampletest.AssertLines(t, stderr, "server: complete; each of 50 items was yielded once")
}

func TestWithoutAKillThereIsOneTransport(t *testing.T) {
	url, stop := program.StartServer(t)
	stdout, _ := program.Succeed(t, "-connect", url, "-kill", "0")
	exampletest.AssertLines(t, stdout, "client: complete; 50 items, each once and in order, over 1 transports")
	if strings.Contains(stdout, "suspended") {
		t.Errorf("the connection was suspended:\n%s", stdout)
	}
	stop()
}

func TestExitCodes(t *testing.T) {
	program.AssertExitCodes(t, []exampletest.ExitCode{
		{Name: "both roles", Args: []string{"-listen", "tcp://127.0.0.1:0", "-connect", "tcp://127.0.0.1:1"}, Want: 2},
		{Name: "negative", Args: []string{"-n", "-1"}, Want: 2},
		{Name: "argument", Args: []string{"more"}, Want: 2},
		{Name: "nobody there", Args: []string{"-connect", "tcp://127.0.0.1:1"}, Want: 1},
	})
}
