package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"strings"
	"testing"

	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
)

func TestServerSaysReadyEchoesAndStopsCleanly(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	output, stdout := io.Pipe()
	var stderr bytes.Buffer
	exited := make(chan int, 1)
	go func() {
		exited <- run(ctx, []string{"-listen", "tcp://127.0.0.1:0"}, stdout, &stderr)
		stdout.Close()
	}()

	line, err := bufio.NewReader(output).ReadString('\n')
	if err != nil {
		t.Fatalf("reading the ready line: %v; exit code %d, standard error:\n%s", err, <-exited, stderr.String())
	}
	url, ready := strings.CutPrefix(strings.TrimSpace(line), "ready ")
	if !ready {
		t.Fatalf("the first line is %q, want ready URL", line)
	}

	conn, err := rsocket.Dial(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.FireAndForget(ctx, rsocket.NewPayload("only logged", "")); err != nil {
		t.Fatal(err)
	}
	answer, err := conn.RequestResponse(ctx, rsocket.NewPayload("hello", "metadata"))
	if err != nil {
		t.Fatal(err)
	}
	if answer.GetDataAsString() != "hello" || answer.GetMetadataAsString() != "metadata" {
		t.Errorf("the answer is %q, %q", answer.GetDataAsString(), answer.GetMetadataAsString())
	}

	stop()
	if code := <-exited; code != 0 {
		t.Errorf("exit code %d, want 0; standard error:\n%s", code, stderr.String())
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
		{"address that nobody has", []string{"-listen", "tcp://127.0.0.1:notaport"}, 1},
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
