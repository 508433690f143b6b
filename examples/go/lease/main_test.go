package main

import (
	"strings"
	"testing"

	"github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/examples/internal/exampletest"
)

var program = exampletest.Program(run)

func TestRequestsBeyondTheLeaseWaitForTheNext(t *testing.T) {
	stdout, stderr := program.Succeed(t, "-allow", "2", "-period", "300ms", "-n", "5")
	for _, want := range []string{
		"a lease allows 2 requests within 300ms\n",
		"waits: rsocket: no lease",
		"request 1 is answered\n",
		"request 5 is answered\n",
	} {
		if !strings.Contains(stdout, want) {
			t.Errorf("standard output lacks %q:\n%s", want, stdout)
		}
	}
	// What had no lease was not sent: the server has seen each request once.
	if answered := strings.Count(stderr, "answering"); answered != 5 {
		t.Errorf("the server answered %d requests, want 5:\n%s", answered, stderr)
	}
}

func TestTwoProcesses(t *testing.T) {
	url, stop := program.StartServer(t, "-allow", "1", "-period", "50ms")
	stdout, _ := program.Succeed(t, "-connect", url, "-n", "2")
	if !strings.Contains(stdout, "request 2 is answered\n") {
		t.Errorf("standard output:\n%s", stdout)
	}
	exampletest.AssertLines(t, stop(), `server: answering "request 1"`, `server: answering "request 2"`)
}

func TestExitCodes(t *testing.T) {
	program.AssertExitCodes(t, []exampletest.ExitCode{
		{Name: "help", Args: []string{"-h"}, Want: 0},
		{Name: "unknown flag", Args: []string{"-nonsense"}, Want: 2},
		{Name: "argument", Args: []string{"nonsense"}, Want: 2},
		{Name: "both roles by flag", Args: []string{"-listen", "tcp://127.0.0.1:0", "-connect", "tcp://127.0.0.1:1"}, Want: 2},
		{Name: "no requests allowed", Args: []string{"-allow", "0"}, Want: 2},
		{Name: "no period", Args: []string{"-period", "0"}, Want: 2},
		{Name: "no requests", Args: []string{"-n", "0"}, Want: 2},
		{Name: "address that nobody has", Args: []string{"-listen", "tcp://127.0.0.1:notaport"}, Want: 1},
		{Name: "scheme that nobody knows", Args: []string{"-connect", "carrier-pigeon://loft:1"}, Want: 1},
	})
}
