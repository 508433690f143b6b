package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"strings"
	"testing"
)

func TestRequestsBeyondTheLeaseWaitForTheNext(t *testing.T) {
	stdout, stderr := succeed(t, "-allow", "2", "-period", "300ms", "-n", "5")
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
	url, stop := startServer(t, "-allow", "1", "-period", "50ms")
	stdout, _ := succeed(t, "-connect", url, "-n", "2")
	if !strings.Contains(stdout, "request 2 is answered\n") {
		t.Errorf("standard output:\n%s", stdout)
	}
	assertLines(t, stop(), `server: answering "request 1"`, `server: answering "request 2"`)
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
		{"no requests allowed", []string{"-allow", "0"}, 2},
		{"no period", []string{"-period", "0"}, 2},
		{"no requests", []string{"-n", "0"}, 2},
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
