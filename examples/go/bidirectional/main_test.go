package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"strings"
	"testing"
)

func TestTheServerCallsBack(t *testing.T) {
	stdout, stderr := succeed(t, "-name", "Grace", "-numbers", "100")
	assertLines(t, stdout,
		`client: the server asks "What is your name?"`,
		`client: the server asks for "numbers"`,
		`client: the server says "Grace, the sum of your 100 numbers is 5050"`)
	assertLines(t, stderr, `server: the client calls itself "Grace"`, "server: the client streamed 100 numbers")
}

func TestEachClientIsAskedForItsOwn(t *testing.T) {
	url, stop := startServer(t)
	stdout, _ := succeed(t, "-connect", url, "-name", "Ada", "-numbers", "3")
	assertLines(t, stdout, `client: the server says "Ada, the sum of your 3 numbers is 6"`)
	stdout, _ = succeed(t, "-connect", url, "-name", "Grace", "-numbers", "0")
	assertLines(t, stdout, `client: the server says "Grace, the sum of your 0 numbers is 0"`)
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
		{"negative numbers", []string{"-numbers", "-1"}, 2},
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
