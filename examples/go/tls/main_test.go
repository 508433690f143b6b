package main

import (
	"strings"
	"testing"

	"github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/examples/internal/exampletest"
)

var program = exampletest.Program(run)

func TestTheyKnowEachOther(t *testing.T) {
	stdout, _ := program.Succeed(t)
	exampletest.AssertLines(t, stdout,
		"client: Hello, client!",
		"client: a stranger is not let in, and knows why",
		"client: the server shows another certificate: true")
	if strings.Count(stdout, "Hello, client!") != 2 {
		t.Errorf("the first connection does not go on:\n%s", stdout)
	}
}

func TestTwoProcesses(t *testing.T) {
	dir := t.TempDir()
	url, stop := program.StartServer(t, "-listen", "tls://127.0.0.1:0", "-dir", dir)
	stdout, _ := program.Succeed(t, "-connect", url, "-dir", dir)
	exampletest.AssertLines(t, stdout, "client: Hello, client!")
	stop()
}

func TestExitCodes(t *testing.T) {
	dir := t.TempDir()
	program.AssertExitCodes(t, []exampletest.ExitCode{
		{Name: "both roles", Args: []string{"-listen", "tls://127.0.0.1:0", "-connect", "tls://127.0.0.1:1"}, Want: 2},
		{Name: "no authority", Args: []string{"-connect", "tls://127.0.0.1:1"}, Want: 2},
		{Name: "argument", Args: []string{"more"}, Want: 2},
		{Name: "nobody there", Args: []string{"-connect", "tls://127.0.0.1:1", "-dir", dir}, Want: 1},
	})
}
