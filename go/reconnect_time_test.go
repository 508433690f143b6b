package rsocket_test

import (
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
)

// These tests run on the simulated time of package synctest, so what they measure is exact.

// steadyBackoff leaves nothing to chance: 1 s, 2 s, 4 s and so on up to 10 s.
var steadyBackoff = rsocket.Backoff{Min: time.Second, Max: 10 * time.Second, Jitter: rsocket.NoJitter}

// hungUpOnAfter is a connection that its server reads from, and ends after a while.
func hungUpOnAfter(ctx context.Context, lasts time.Duration) (*rsocket.Conn, error) {
	near, far := net.Pipe()
	go func() { _, _ = io.Copy(io.Discard, far) }()
	time.AfterFunc(lasts, func() { _ = far.Close() })
	return rsocket.NewClientConn(ctx, near)
}

func TestAttemptsComeAtTheBackoffsDelays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		var at []time.Duration
		policy := rsocket.ReconnectPolicy{Backoff: steadyBackoff, MaxAttempts: 7}
		r := dialling(t, policy, func(context.Context) (*rsocket.Conn, error) {
			at = append(at, time.Since(began))
			return nil, io.EOF
		})
		<-r.Done()
		const s = time.Second
		if want := []time.Duration{0, 1 * s, 3 * s, 7 * s, 15 * s, 25 * s, 35 * s}; !slices.Equal(at, want) {
			t.Errorf("attempts at %v, want %v", at, want)
		}
	})
}

func TestTheDefaultPolicyTriesForEverAtRandomDelays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		const many = 200
		reached := make(chan struct{})
		told := make(chan rsocket.ConnEvent, 2*many)
		policy := rsocket.ReconnectPolicy{OnEvent: func(event rsocket.ConnEvent) { told <- event }}
		dials := 0
		r := dialling(t, policy, func(ctx context.Context) (*rsocket.Conn, error) {
			if dials++; dials == many {
				close(reached)
			}
			return nil, io.EOF
		})
		<-reached
		took := time.Since(began)
		_ = r.Close()
		most, whole := 100*time.Millisecond, time.Duration(0)
		var delays []time.Duration
		for attempt := 2; attempt <= many; attempt++ {
			event := <-told
			if event.Kind != rsocket.EventRetrying || event.Attempt != attempt || event.Delay < 0 || event.Delay > most {
				t.Fatalf("attempt %d, at most %v: %+v", attempt, most, event)
			}
			delays = append(delays, event.Delay)
			whole += event.Delay
			most = min(2*most, 30*time.Second)
		}
		if whole != took {
			t.Errorf("the delays are %v, and it took %v", whole, took)
		}
		if least, longest := slices.Min(delays[20:]), slices.Max(delays); least > 10*time.Second || longest < 20*time.Second {
			t.Errorf("delays from %v to %v are no full jitter", least, longest)
		}
	})
}

func TestAnAttemptTakesAtMostTheDialTimeout(t *testing.T) {
	for _, test := range []struct{ given, want time.Duration }{{0, 10 * time.Second}, {3 * time.Second, 3 * time.Second}} {
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			policy := rsocket.ReconnectPolicy{Backoff: steadyBackoff, DialTimeout: test.given, MaxAttempts: 2}
			r := dialling(t, policy, func(ctx context.Context) (*rsocket.Conn, error) {
				<-ctx.Done()
				return nil, ctx.Err()
			})
			<-r.Done()
			if took, want := time.Since(began), 2*test.want+time.Second; took != want {
				t.Errorf("took %v, want %v", took, want)
			}
			if !errors.Is(r.Err(), context.DeadlineExceeded) {
				t.Errorf("got %v", r.Err())
			}
		})
	}
}

// A server that accepts connections and hangs up is not dialled again at the shortest delay for ever; one that held a
// connection for long enough is.
func TestTheBackoffBeginsAnewAfterAStableConnection(t *testing.T) {
	for _, test := range []struct{ given, stable time.Duration }{{0, 10 * time.Second}, {2 * time.Second, 2 * time.Second}} {
		synctest.Test(t, func(t *testing.T) {
			almost := test.stable - time.Millisecond
			lasting := []time.Duration{almost, almost, 0, test.stable, almost, almost, 0, 0}
			told := make(chan rsocket.ConnEvent, 100)
			policy := rsocket.ReconnectPolicy{
				Backoff:     steadyBackoff,
				StableAfter: test.given,
				MaxAttempts: 4,
				OnEvent:     func(event rsocket.ConnEvent) { told <- event },
			}
			dials := 0
			r := dialling(t, policy, func(ctx context.Context) (*rsocket.Conn, error) {
				lasts := lasting[dials]
				dials++
				if lasts == 0 {
					return nil, io.EOF
				}
				return hungUpOnAfter(ctx, lasts)
			})
			<-r.Done()
			_ = r.Close()
			close(told)
			type retry struct {
				attempt int
				delay   time.Duration
			}
			var retries []retry
			for event := range told {
				if event.Kind == rsocket.EventRetrying {
					retries = append(retries, retry{event.Attempt, event.Delay})
				}
			}
			const s = time.Second
			want := []retry{{2, s}, {3, 2 * s}, {4, 4 * s}, {1, s}, {2, 2 * s}, {3, 4 * s}, {4, 8 * s}}
			if !slices.Equal(retries, want) || dials != len(lasting) {
				t.Errorf("%d dials, got %v, want %v", dials, retries, want)
			}
		})
	}
}

func TestAWaitForAConnectionEndsWithItsDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		r := dialling(t, rsocket.ReconnectPolicy{}, func(context.Context) (*rsocket.Conn, error) { return nil, io.EOF })
		ctx, cancel := context.WithTimeout(rsocket.AllowRetry(t.Context()), time.Minute)
		defer cancel()
		_, err := ask(ctx, r, "x")
		if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, io.EOF) || time.Since(began) != time.Minute {
			t.Errorf("after %v: %v", time.Since(began), err)
		}
		_ = r.Close()
	})
}
