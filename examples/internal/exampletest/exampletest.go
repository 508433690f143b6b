// Package exampletest runs the example programs for their tests.
package exampletest

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"strings"
	"testing"
)

// Program is an example: what its main calls. It returns the exit code.
type Program func(ctx context.Context, args []string, stdout, stderr io.Writer) int

// StartServer runs the program as server until stop is called, which checks that it stops cleanly.
func (p Program) StartServer(t *testing.T, args ...string) (url string, stop func() (stderr string)) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	output, stdout := io.Pipe()
	var stderr bytes.Buffer
	exited := make(chan int, 1)
	go func() {
		exited <- p(ctx, append([]string{"-listen", "tcp://127.0.0.1:0"}, args...), stdout, &stderr)
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

// Succeed runs the program to its end and returns what it printed.
func (p Program) Succeed(t *testing.T, args ...string) (stdout, stderr string) {
	t.Helper()
	var out, errors bytes.Buffer
	if code := p(t.Context(), args, &out, &errors); code != 0 {
		t.Fatalf("exit code %d, standard error:\n%s", code, errors.String())
	}
	return out.String(), errors.String()
}

// ExitCode is a command line and the exit code that it leads to.
type ExitCode struct {
	Name string
	Args []string
	Want int
}

// AssertExitCodes runs the program with each command line. Each says something on standard error, and nothing else.
func (p Program) AssertExitCodes(t *testing.T, tests []ExitCode) {
	t.Helper()
	for _, test := range tests {
		t.Run(test.Name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			if got := p(t.Context(), test.Args, &stdout, &stderr); got != test.Want {
				t.Errorf("exit code %d, want %d; standard error:\n%s", got, test.Want, stderr.String())
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

// AssertLines checks that a program printed these lines, among others.
func AssertLines(t *testing.T, text string, lines ...string) {
	t.Helper()
	for _, line := range lines {
		if !strings.Contains("\n"+text, "\n"+line+"\n") {
			t.Errorf("there is no line %q in:\n%s", line, text)
		}
	}
}
