package main

import (
	"bytes"
	"context"
	"net"
	"strings"
	"testing"

	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
)

// startServer serves handler on a free port until the test ends.
func startServer(t *testing.T, handler rsocket.Handler) (address string) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	listener, err := rsocket.Listen(ctx, "tcp://127.0.0.1:0")
	if err != nil {
		stop()
		t.Fatal(err)
	}
	served := make(chan struct{})
	go func() {
		defer close(served)
		rsocket.Serve(ctx, listener, handler)
	}()
	t.Cleanup(func() {
		stop()
		<-served
	})
	return listener.Addr().String()
}

func TestClientPrintsWhatHappens(t *testing.T) {
	forgotten := make(chan string, 1)
	address := startServer(t, rsocket.Handler{
		RequestResponse: func(_ context.Context, request *rsocket.Payload) (*rsocket.Payload, error) {
			return rsocket.NewPayload("got "+request.GetDataAsString(), request.GetMetadataAsString()), nil
		},
		FireAndForget: func(_ context.Context, request *rsocket.Payload) {
			forgotten <- request.GetDataAsString()
		},
	})

	var stdout, stderr bytes.Buffer
	if code := run(t.Context(), []string{"-connect", address, "-data", "hi", "-metadata", "route"}, &stdout, &stderr); code != 0 {
		t.Fatalf("exit code %d, standard error:\n%s", code, stderr.String())
	}
	for _, want := range []string{"connected to " + address + ": true\n", "fire-and-forget: sent\n", `data "got hi", metadata "route"` + "\n"} {
		if !strings.Contains(stdout.String(), want) {
			t.Errorf("standard output lacks %q:\n%s", want, stdout.String())
		}
	}
	if got := <-forgotten; got != "no answer needed" {
		t.Errorf("the server's fire-and-forget got %q", got)
	}
}

func TestExitCodes(t *testing.T) {
	refusing := startServer(t, rsocket.Handler{
		RequestResponse: func(context.Context, *rsocket.Payload) (*rsocket.Payload, error) {
			return nil, rsocket.NewError(rsocket.CodeRejected, "not today")
		},
	})
	silent := startServer(t, rsocket.Handler{
		RequestResponse: func(ctx context.Context, _ *rsocket.Payload) (*rsocket.Payload, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		},
	})
	tests := []struct {
		name       string
		args       []string
		want       int
		wantStderr string
	}{
		{"help", []string{"-h"}, 0, "-connect"},
		{"unknown flag", []string{"-nonsense"}, 2, "-nonsense"},
		{"argument", []string{"nonsense"}, 2, "nonsense"},
		{"nobody listens", []string{"-connect", closedAddress(t)}, 1, "connecting to"},
		{"the server answers with an error", []string{"-connect", refusing}, 1, "not today"},
		{"the server does not answer", []string{"-connect", silent, "-timeout", "50ms"}, 1, "deadline exceeded"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			if got := run(t.Context(), test.args, &stdout, &stderr); got != test.want {
				t.Errorf("exit code %d, want %d", got, test.want)
			}
			if !strings.Contains(stderr.String(), test.wantStderr) {
				t.Errorf("standard error lacks %q:\n%s", test.wantStderr, stderr.String())
			}
		})
	}
}

// closedAddress returns an address on which nobody listens.
func closedAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}
