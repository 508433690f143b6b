package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/examples/internal/exampletest"
)

var program = exampletest.Program(run)

func TestBothRolesByThemselves(t *testing.T) {
	stdout, stderr := program.Succeed(t, "-n", "6", "-prefetch", "2")
	exampletest.AssertLines(t, stdout, `client: item 1 is "1"`, `client: item 6 is "6"`, "client: complete after 6 items")
	exampletest.AssertLines(t, stderr, "server: complete; 6 items were sent")
}

func TestLeavingEarlyStopsTheServer(t *testing.T) {
	stdout, stderr := program.Succeed(t, "-n", "0", "-prefetch", "4", "-take", "3")
	exampletest.AssertLines(t, stdout, `client: item 3 is "3"`, "client: leaving the loop, which cancels the stream")
	if strings.Contains(stdout, "item 4") {
		t.Errorf("the client did not leave:\n%s", stdout)
	}
	_, rest, _ := strings.Cut(stderr, "the client left; ")
	count, _, _ := strings.Cut(rest, " ")
	if sent, err := strconv.Atoi(count); err != nil || sent < 3 || sent > 3+4 {
		t.Errorf("3 items were taken with 4 ahead, but the server says:\n%s", stderr)
	}
}

func TestAFilesLinesBetweenTwoProcesses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lines")
	if err := os.WriteFile(path, []byte("one\ntwo\n\nfour\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	url, stop := program.StartServer(t, "-file", path)
	stdout, _ := program.Succeed(t, "-connect", url, "-n", "0")
	exampletest.AssertLines(t, stdout, `client: item 1 is "one"`, `client: item 3 is ""`, "client: complete after 4 items")
	exampletest.AssertLines(t, stop(), "server: complete; 4 items were sent")
}

func TestAFileThatIsMissingFailsTheStreamOnly(t *testing.T) {
	url, stop := program.StartServer(t, "-file", filepath.Join(t.TempDir(), "nothing"))
	for range 2 {
		var stdout, stderr bytes.Buffer
		if code := run(t.Context(), []string{"-connect", url}, &stdout, &stderr); code != 1 {
			t.Errorf("exit code %d, want 1", code)
		}
		if !strings.Contains(stderr.String(), "the items cannot be read") {
			t.Errorf("standard error:\n%s", stderr.String())
		}
	}
	stop()
}

func TestExitCodes(t *testing.T) {
	program.AssertExitCodes(t, []exampletest.ExitCode{
		{Name: "help", Args: []string{"-h"}, Want: 0},
		{Name: "unknown flag", Args: []string{"-nonsense"}, Want: 2},
		{Name: "argument", Args: []string{"nonsense"}, Want: 2},
		{Name: "both roles by flag", Args: []string{"-listen", "tcp://127.0.0.1:0", "-connect", "tcp://127.0.0.1:1"}, Want: 2},
		{Name: "negative count", Args: []string{"-n", "-1"}, Want: 2},
		{Name: "no prefetch", Args: []string{"-prefetch", "0"}, Want: 2},
		{Name: "negative take", Args: []string{"-take", "-1"}, Want: 2},
		{Name: "address that nobody has", Args: []string{"-listen", "tcp://127.0.0.1:notaport"}, Want: 1},
		{Name: "scheme that nobody knows", Args: []string{"-connect", "carrier-pigeon://loft:1"}, Want: 1},
	})
}
