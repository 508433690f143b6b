package fairness

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
)

// mostAhead is how many bytes may go before what has been submitted: the turn of the engine that is being written and
// its own one, each of fragments (128 KiB), as much of other payloads, and 80 KiB of headers and small payloads.
const mostAhead = 2 * (128 + 128 + 80) << 10

// slowRequests is how many measurements a slow link takes. Nine in ten are held to the bound: the others may have lost
// their processor between the count and the submission.
const slowRequests = 50

// bytesSent counts bytes.
type bytesSent int64

// A slow link shows what the library puts ahead of small requests, byte by byte: of answers where the server sends the
// bulk, of requests where the client does.
func TestLittleGoesAheadOfSmallRequests(t *testing.T) {
	for _, shape := range shapes {
		t.Run(shape.name, func(t *testing.T) {
			t.Parallel()
			for _, size := range []int{64, 4 << 10} {
				ahead := measureAhead(t, shape, size)
				t.Logf("%4d B: bytes ahead: %v", size, ahead)
				if usual := ahead.quantile(0.9); usual > mostAhead {
					t.Errorf("%d bytes go ahead of %d bytes; at most %d should", usual, size, mostAhead)
				}
			}
		})
	}
}

// measureAhead counts what leaves between an answer's submission and its arrival, or a request's.
func measureAhead(t *testing.T, shape bulk, size int) sorted[bytesSent] {
	t.Helper()
	ctx := testContext(t)
	var count counters
	client, server := sockets(t)
	near, far := &paced{Conn: client}, &paced{Conn: server}
	link := far
	if shape.upwards {
		link = near
	}
	var submitted atomic.Int64
	handler := count.handler()
	handler.RequestResponse = func(_ context.Context, request *rsocket.Payload) (*rsocket.Payload, error) {
		if !shape.upwards {
			submitted.Store(link.sent.Load())
		}
		return request, nil
	}
	conn := connect(ctx, t, near, far, handler)
	stop := shape.start(ctx, conn, &count)
	for count.arrived.Load() == 0 {
		time.Sleep(pause) // It is under way.
	}
	var ahead sorted[bytesSent]
	for number := range slowRequests {
		if shape.upwards {
			submitted.Store(link.sent.Load())
		}
		if err := echo(ctx, conn, size, uint64(number)); err != nil {
			t.Fatal(err)
		}
		ahead = append(ahead, bytesSent(link.sent.Load()-submitted.Load()))
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
	slices.Sort(ahead)
	return ahead
}

const (
	typeKeepalive = 0x03
	// often is how often KEEPALIVE goes out here.
	often = 20 * time.Millisecond
)

// KEEPALIVE leaves on time, and what is pushed does not wait for streams.
func TestLittleGoesAheadOfStreamZero(t *testing.T) {
	for _, shape := range shapes {
		if !shape.upwards {
			continue
		}
		t.Run(shape.name, func(t *testing.T) {
			t.Parallel()
			ctx := testContext(t)
			client, server := sockets(t)
			near := &paced{Conn: client}
			kept := keepalives{link: near}
			near.frames = kept.note
			var count counters
			arrived := make(chan struct{})
			handler := count.handler()
			handler.MetadataPush = func(context.Context, []byte) { arrived <- struct{}{} }
			conn := connect(ctx, t, near, &paced{Conn: server}, handler, rsocket.WithKeepalive(often, time.Minute))
			stop := shape.start(ctx, conn, &count)
			for count.arrived.Load() == 0 {
				time.Sleep(pause)
			}
			var ahead sorted[bytesSent]
			for range slowRequests {
				before := near.sent.Load()
				if err := conn.MetadataPush(ctx, []byte("now")); err != nil {
					t.Fatal(err)
				}
				select {
				case <-arrived:
				case <-ctx.Done():
					t.Fatal("the push did not arrive")
				}
				ahead = append(ahead, bytesSent(near.sent.Load()-before))
				time.Sleep(often)
			}
			if err := stop(); err != nil {
				t.Error(err)
			}
			slices.Sort(ahead)
			gaps := kept.gaps()
			t.Logf("bytes ahead of METADATA_PUSH: %v; from one KEEPALIVE to the next: %v", ahead, gaps)
			if usual := ahead.quantile(0.9); usual > mostAhead {
				t.Errorf("%d bytes go ahead of what is pushed; at most %d should", usual, mostAhead)
			}
			if late := gaps.quantile(0.9) - pace*bytesSent(often)/bytesSent(time.Second); late > mostAhead {
				t.Errorf("KEEPALIVE leaves %d bytes late; at most %d should go ahead of it", late, mostAhead)
			}
		})
	}
}

// keepalives notes what has left with each KEEPALIVE.
type keepalives struct {
	link *paced
	mu   sync.Mutex
	left []int64
}

func (k *keepalives) note(_ uint32, kind byte) {
	if kind != typeKeepalive {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.left = append(k.left, k.link.sent.Load())
}

// gaps are the bytes from one KEEPALIVE to the next.
func (k *keepalives) gaps() sorted[bytesSent] {
	k.mu.Lock()
	defer k.mu.Unlock()
	var gaps sorted[bytesSent]
	for i := 1; i < len(k.left); i++ {
		gaps = append(gaps, bytesSent(k.left[i]-k.left[i-1]))
	}
	slices.Sort(gaps)
	return gaps
}
