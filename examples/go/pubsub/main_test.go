package main

import (
	"bufio"
	"io"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/examples/internal/exampletest"
)

var program = exampletest.Program(run)

// columns finds the numbers of a line.
var columns = regexp.MustCompile(`produced +(\d+) +waiting for credit +(\d+) +received +(\d+)`)

func TestASlowSubscriberHoldsThePublisherBack(t *testing.T) {
	const buffer, prefetch = 5, 4
	stdout, _ := program.Succeed(t, "-publish", "1000", "-rate", "50", "-buffer", strconv.Itoa(buffer), "-prefetch", strconv.Itoa(prefetch), "-for", "350ms")
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
	url, stop := program.StartServer(t)
	stdout, _ := program.Succeed(t, "-connect", url, "-rate", "1000", "-for", "250ms")
	if !strings.Contains(stdout, "received") || strings.Contains(stdout, "produced") {
		t.Errorf("a subscriber knows what it received and nothing else:\n%s", stdout)
	}
	stop()
}

func TestSubscriberSaysWhenThePublisherIsGone(t *testing.T) {
	url, stop := program.StartServer(t)
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
	program.AssertExitCodes(t, []exampletest.ExitCode{
		{Name: "help", Args: []string{"-h"}, Want: 0},
		{Name: "unknown flag", Args: []string{"-nonsense"}, Want: 2},
		{Name: "argument", Args: []string{"nonsense"}, Want: 2},
		{Name: "both roles by flag", Args: []string{"-listen", "tcp://127.0.0.1:0", "-connect", "tcp://127.0.0.1:1"}, Want: 2},
		{Name: "no rate", Args: []string{"-rate", "0"}, Want: 2},
		{Name: "no buffer", Args: []string{"-buffer", "0"}, Want: 2},
		{Name: "no prefetch", Args: []string{"-prefetch", "0"}, Want: 2},
		{Name: "negative time", Args: []string{"-for", "-1s"}, Want: 2},
		{Name: "address that nobody has", Args: []string{"-listen", "tcp://127.0.0.1:notaport"}, Want: 1},
		{Name: "scheme that nobody knows", Args: []string{"-connect", "carrier-pigeon://loft:1"}, Want: 1},
	})
}
