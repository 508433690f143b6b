package soak

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"sync"
	"testing"
	"time"

	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
)

const (
	requests = 1_000_000
	inflight = 64
	tenths   = 10
	// patience ends a test that would hang; it says nothing about how fast anything is.
	patience = 5 * time.Minute
)

// A million request-responses through one connection leave nothing behind, on either side.
func TestMillionRequestResponses(t *testing.T) {
	for _, peer := range []struct{ name, variable string }{
		{"ours-go", "RSOCKET_PEER_OURS_GO"},
		{"ours-rust", "RSOCKET_PEER_OURS_RUST"},
	} {
		t.Run(peer.name, func(t *testing.T) { soak(t, startServer(t, peer.variable)) })
	}
}

func soak(t *testing.T, s server) {
	ctx, stop := context.WithTimeout(context.Background(), patience)
	defer stop()
	conn, err := rsocket.Dial(ctx, s.url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	var first, last footprint
	for tenth := range tenths {
		start := time.Now()
		if err := requestAll(ctx, conn, tenth); err != nil {
			t.Fatal(err)
		}
		rate := requests / tenths / time.Since(start).Seconds()
		last = measure(t, s.process)
		if tenth == 0 {
			first = last
		}
		t.Logf("%3d %%: %v; %.0f requests/s", 100*(tenth+1)/tenths, last, rate)
	}
	last.expectNoGrowth(t, first)
}

// requestAll makes a tenth of the requests, so many in flight, and returns the first error.
func requestAll(ctx context.Context, conn *rsocket.Conn, tenth int) error {
	failed := make(chan error, inflight)
	var workers sync.WaitGroup
	for worker := range inflight {
		workers.Go(func() {
			for i := worker; i < requests/tenths; i += inflight {
				if err := echo(ctx, conn, uint64(tenth*requests/tenths+i)); err != nil {
					failed <- fmt.Errorf("request %d: %w", i, err)
					return
				}
			}
		})
	}
	workers.Wait()
	close(failed)
	return <-failed
}

// echo sends a payload that no other request has, and wants it back.
func echo(ctx context.Context, conn *rsocket.Conn, number uint64) error {
	data := make([]byte, 64)
	binary.BigEndian.PutUint64(data, number)
	answer, err := conn.RequestResponse(ctx, rsocket.NewPayloadFromBytes(data, nil))
	if err != nil {
		return err
	}
	if !bytes.Equal(answer.Data(), data) {
		return fmt.Errorf("the answer is %x", answer.Data())
	}
	return nil
}
