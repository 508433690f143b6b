package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

func TestBothRolesByThemselves(t *testing.T) {
	stdout, stderr := succeed(t, "-n", "6", "-prefetch", "2")
	assertLines(t, stdout, `client: item 1 is "1"`, `client: item 6 is "6"`, "client: complete after 6 items")
	assertLines(t, stderr, "server: complete; 6 items were sent")
}

func TestLeavingEarlyStopsTheServer(t *testing.T) {
	stdout, stderr := succeed(t, "-n", "0", "-prefetch", "4", "-take", "3")
	assertLines(t, stdout, `client: item 3 is "3"`, "client: leaving the loop, which cancels the stream")
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
	url, stop := startServer(t, "-file", path)
	stdout, _ := succeed(t, "-connect", url, "-n", "0")
	assertLines(t, stdout, `client: item 1 is "one"`, `client: item 3 is ""`, "client: complete after 4 items")
	assertLines(t, stop(), "server: complete; 4 items were sent")
}

func TestAFileThatIsMissingFailsTheStreamOnly(t *testing.T) {
	url, stop := startServer(t, "-file", filepath.Join(t.TempDir(), "nothing"))
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
	tests := []struct {
		name string
		args []string
		want int
	}{
		{"help", []string{"-h"}, 0},
		{"unknown flag", []string{"-nonsense"}, 2},
		{"argument", []string{"nonsense"}, 2},
		{"both roles by flag", []string{"-listen", "tcp://127.0.0.1:0", "-connect", "tcp://127.0.0.1:1"}, 2},
		{"negative count", []string{"-n", "-1"}, 2},
		{"no prefetch", []string{"-prefetch", "0"}, 2},
		{"negative take", []string{"-take", "-1"}, 2},
		{"address that nobody has", []string{"-listen", "tcp://127.0.0.1:notaport"}, 1},
		{"scheme that nobody knows", []string{"-connect", "carrier-pigeon://loft:1"}, 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			if got := run(t.Context(), test.args, &stdout, &stderr); got != test.want {
				t.Errorf("exit code %d, want %d; standard error:\n%s", got, test.want, stderr.String())
			}
			if stderr.Len() == 0 {
				t.Error("nothing was said on standard error")
			}
			if stdout.Len() != 0 {
				t.Errorf("standard output has %q", stdout.String())
			}
		})
	}
}

// startServer runs the program as server until stop is called, which checks that it stops cleanly.
func startServer(t *testing.T, args ...string) (url string, stop func() (stderr string)) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	output, stdout := io.Pipe()
	var stderr bytes.Buffer
	exited := make(chan int, 1)
	go func() {
		exited <- run(ctx, append([]string{"-listen", "tcp://127.0.0.1:0"}, args...), stdout, &stderr)
		stdout.Close()
	}()
	reader := bufio.NewReader(output)
	line, err := reader.ReadString('\n')
	if err != nil {
		cancel()
		t.Fatalf("reading the ready line: %v; exit code %d, standard error:\n%s", err, <-exited, stderr.String())
	}
	go io.Copy(io.Discard, reader) // ends with the program
	url, ready := strings.CutPrefix(strings.TrimSpace(line), "ready ")
	if !ready {
		t.Errorf("the first line is %q, want ready URL", line)
	}
	return url, func() string {
		t.Helper()
		cancel()
		if code := <-exited; code != 0 {
			t.Errorf("the server's exit code is %d, want 0; standard error:\n%s", code, stderr.String())
		}
		return stderr.String()
	}
}

// succeed runs the program to its end and returns what it printed.
func succeed(t *testing.T, args ...string) (stdout, stderr string) {
	t.Helper()
	var out, errors bytes.Buffer
	if code := run(t.Context(), args, &out, &errors); code != 0 {
		t.Fatalf("exit code %d, standard error:\n%s", code, errors.String())
	}
	return out.String(), errors.String()
}

func assertLines(t *testing.T, text string, lines ...string) {
	t.Helper()
	for _, line := range lines {
		if !strings.Contains("\n"+text, "\n"+line+"\n") {
			t.Errorf("there is no line %q in:\n%s", line, text)
		}
	}
}
