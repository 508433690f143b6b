package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
)

func TestRequestsReachTheirRoutes(t *testing.T) {
	stdout, stderr := succeed(t, "-data", "ab cd")
	assertLines(t, stdout,
		`client: text.upper answers "AB CD"`,
		`client: text.reverse answers "dc ba"`,
		`client: text.words yields "ab"`,
		`client: text.words yields "cd"`)
	if !strings.Contains(stdout, `nothing is at route "text.nowhere"`) {
		t.Errorf("nothing is said of the route that does not exist:\n%s", stdout)
	}
	assertLines(t, stderr, "server: at text.upper", "server: at text.reverse", "server: at text.words")
}

func TestTwoProcesses(t *testing.T) {
	url, stop := startServer(t)
	stdout, _ := succeed(t, "-connect", url, "-route", "text.upper", "-data", "x")
	assertLines(t, stdout, `client: text.upper answers "X"`)

	var out, stderr bytes.Buffer
	if code := run(t.Context(), []string{"-connect", url, "-route", "text.words"}, &out, &stderr); code != 1 {
		t.Errorf("a request-response to a stream's route: exit code %d, want 1", code)
	}
	assertLines(t, stop(), "server: at text.upper")
}

func TestRequestsThatCannotBeRouted(t *testing.T) {
	url, stop := startServer(t)
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
	tests := []struct {
		name string
		args []string
		want int
	}{
		{"help", []string{"-h"}, 0},
		{"unknown flag", []string{"-nonsense"}, 2},
		{"argument", []string{"nonsense"}, 2},
		{"both roles by flag", []string{"-listen", "tcp://127.0.0.1:0", "-connect", "tcp://127.0.0.1:1"}, 2},
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
