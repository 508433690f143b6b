package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// columns finds the numbers of a line.
var columns = regexp.MustCompile(`produced +(\d+) +waiting for credit +(\d+) +received +(\d+)`)

func TestASlowSubscriberHoldsThePublisherBack(t *testing.T) {
	const buffer, prefetch = 5, 4
	stdout, _ := succeed(t, "-publish", "1000", "-rate", "50", "-buffer", strconv.Itoa(buffer), "-prefetch", strconv.Itoa(prefetch), "-for", "350ms")
	lines := columns.FindAllStringSubmatch(stdout, -1)
	if len(lines) == 0 {
		t.Fatalf("nothing was shown:\n%s", stdout)
	}
	for _, line := range lines {
		produced, _ := strconv.Atoi(line[1])
		waiting, _ := strconv.Atoi(line[2])
		received, _ := strconv.Atoi(line[3])
		// Beside the buffer, one message is being sent, one is about to be put into the buffer, and one may be taken
		// but not counted yet.
		if waiting > buffer+2 || produced > received+prefetch+buffer+3 {
			t.Errorf("more is produced than %d ahead and %d in the buffer: %s", prefetch, buffer, line[0])
		}
	}
}

func TestTwoProcesses(t *testing.T) {
	url, stop := startServer(t)
	stdout, _ := succeed(t, "-connect", url, "-rate", "1000", "-for", "250ms")
	if !strings.Contains(stdout, "received") || strings.Contains(stdout, "produced") {
		t.Errorf("a subscriber knows what it received and nothing else:\n%s", stdout)
	}
	stop()
}

func TestSubscriberSaysWhenThePublisherIsGone(t *testing.T) {
	url, stop := startServer(t)
	ended := make(chan int, 1)
	output, stdout := io.Pipe()
	go func() { ended <- run(t.Context(), []string{"-connect", url, "-for", "0"}, stdout, io.Discard) }()
	// It is subscribed once something was received.
	reader := bufio.NewReader(output)
	for {
		line, err := reader.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(line, " 0\n") {
			break
		}
	}
	go io.Copy(io.Discard, reader)
	stop()
	if code := <-ended; code != 1 {
		t.Errorf("exit code %d, want 1", code)
	}
	stdout.Close()
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
		{"no rate", []string{"-rate", "0"}, 2},
		{"no buffer", []string{"-buffer", "0"}, 2},
		{"no prefetch", []string{"-prefetch", "0"}, 2},
		{"negative time", []string{"-for", "-1s"}, 2},
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
