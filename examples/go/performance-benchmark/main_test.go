package main

import (
	"bytes"
	"context"
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"

	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
)

func TestBothFormsAnswerEveryRequest(t *testing.T) {
	for _, form := range []string{formBlocking, formCallback} {
		t.Run(form, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			args := []string{"-requests", "500", "-concurrency", "8", "-size", "10", "-form", form}
			if code := run(t.Context(), args, &stdout, &stderr); code != 0 {
				t.Fatalf("exit code %d, standard error:\n%s", code, stderr.String())
			}
			for _, want := range []string{
				`(?m)^requests +500$`, `(?m)^answers +500$`, `(?m)^errors +0$`, `(?m)^bytes sent +5000$`, `(?m)^bytes received +5000$`,
				`(?m)^req/s +[0-9]+$`, `(?m)^latency p50 +[0-9.]+[µm]?s$`, `(?m)^latency p99 `, `(?m)^latency p99\.9 `,
			} {
				if !regexp.MustCompile(want).Match(stdout.Bytes()) {
					t.Errorf("the table lacks %s:\n%s", want, stdout.String())
				}
			}
			if !strings.Contains(stderr.String(), "share this process") || !strings.Contains(stderr.String(), "100 %, 500 requests\n") {
				t.Errorf("standard error says neither where the server is nor that the run is done:\n%s", stderr.String())
			}
		})
	}
}

func TestDurationEndsTheRun(t *testing.T) {
	var stdout, stderr bytes.Buffer
	if code := run(t.Context(), []string{"-duration", "50ms", "-concurrency", "2"}, &stdout, &stderr); code != 0 {
		t.Fatalf("exit code %d, standard error:\n%s", code, stderr.String())
	}
	if !regexp.MustCompile(`(?m)^errors +0$`).Match(stdout.Bytes()) {
		t.Errorf("requests that were in flight when the time was over count as errors:\n%s", stdout.String())
	}
}

// dialHandler connects to a server with this handler; both are gone when the test ends.
func dialHandler(t *testing.T, handler rsocket.Handler) *rsocket.Conn {
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
		_ = rsocket.Serve(ctx, listener, handler)
	}()
	t.Cleanup(func() {
		stop()
		<-served
	})
	conn, err := rsocket.Dial(ctx, "tcp://"+listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

func TestErrorsAreCountedAndTheFirstIsKept(t *testing.T) {
	for _, form := range []string{formBlocking, formCallback} {
		t.Run(form, func(t *testing.T) {
			conn := dialHandler(t, rsocket.Handler{
				RequestResponse: func(context.Context, *rsocket.Payload) (*rsocket.Payload, error) {
					return nil, rsocket.NewError(rsocket.CodeRejected, "not today")
				},
			})
			metrics := rsocket.NewPerformanceMetrics()
			result := newLoad(conn, metrics, settings{requests: 20, concurrency: 4, form: form}).run(t.Context())
			if metrics.GetErrorCount() != 20 || metrics.GetResponseCount() != 0 {
				t.Errorf("%d errors and %d answers, want 20 and 0", metrics.GetErrorCount(), metrics.GetResponseCount())
			}
			if !errors.Is(result.firstError, rsocket.ErrRejected) {
				t.Errorf("the first error is %v, want ErrRejected", result.firstError)
			}
		})
	}
}

func TestInterruptGivesUpWhatIsInFlight(t *testing.T) {
	for _, form := range []string{formBlocking, formCallback} {
		t.Run(form, func(t *testing.T) {
			ctx, interrupt := context.WithCancel(t.Context())
			defer interrupt()
			conn := dialHandler(t, rsocket.Handler{
				RequestResponse: func(ctx context.Context, _ *rsocket.Payload) (*rsocket.Payload, error) {
					interrupt()
					<-ctx.Done()
					return nil, ctx.Err()
				},
			})
			metrics := rsocket.NewPerformanceMetrics()
			result := newLoad(conn, metrics, settings{duration: time.Hour, concurrency: 4, form: form}).run(ctx)
			if result.firstError != nil || metrics.GetErrorCount() != 0 {
				t.Errorf("an interrupt counts as %d errors, the first: %v", metrics.GetErrorCount(), result.firstError)
			}
		})
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
		{"no limit", []string{"-requests", "0"}, 2},
		{"nothing in flight", []string{"-concurrency", "0"}, 2},
		{"negative size", []string{"-size", "-1"}, 2},
		{"negative duration", []string{"-duration", "-1s"}, 2},
		{"unknown form", []string{"-form", "telepathy"}, 2},
		{"nobody to connect to", []string{"-connect", "127.0.0.1:notaport"}, 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			if got := run(t.Context(), test.args, &stdout, &stderr); got != test.want {
				t.Errorf("exit code %d, want %d; standard error:\n%s", got, test.want, stderr.String())
			}
			if stderr.Len() == 0 || stdout.Len() != 0 {
				t.Errorf("standard output has %q, standard error %q", stdout.String(), stderr.String())
			}
		})
	}
}

func TestProgressIsABarOnlyOnATerminal(t *testing.T) {
	metrics := rsocket.NewPerformanceMetrics()
	var out bytes.Buffer
	bar := &progress{out: &out, terminal: true, metrics: metrics, settings: settings{requests: 4}, started: time.Now()}
	metrics.RecordResponse(0)
	bar.show()
	if want := "\r[##########..............................]  25 %  1 requests "; out.String() != want {
		t.Errorf("the bar is %q, want %q", out.String(), want)
	}

	out.Reset()
	lines := &progress{out: &out, metrics: metrics, settings: settings{requests: 4}, started: time.Now()}
	lines.show()
	lines.show()
	metrics.RecordResponse(0)
	lines.show()
	if want := "20 %, 1 requests\n50 %, 2 requests\n"; out.String() != want {
		t.Errorf("the lines are %q, want %q", out.String(), want)
	}
}
