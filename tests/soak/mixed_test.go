package soak

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
)

const (
	// mixedSeconds in the environment is how long the mixed run takes: 1800 for half an hour.
	mixedSeconds        = "SOAK_SECONDS"
	defaultMixedSeconds = 5

	mixedConns   = 4
	mixedWorkers = 8
	// mixedParts is how often the run is measured.
	mixedParts = 8
)

// tally counts what the mixed run did.
type tally struct {
	conns, transports, requests, items, notes, cancelled, killed, failed atomic.Int64
}

func (t *tally) String() string {
	return fmt.Sprintf("%d connections over %d transports (%d killed for good): %d requests, %d items, %d notes, %d cancelled, %d failed with a killed connection",
		t.conns.Load(), t.transports.Load(), t.killed.Load(), t.requests.Load(), t.items.Load(), t.notes.Load(),
		t.cancelled.Load(), t.failed.Load())
}

// All interactions on several connections whose transports are cut every few hundred kilobytes and resumed, while whole
// connections are killed or shut down and followed by others: nothing is lost or doubled but by a kill, nothing hangs,
// and memory stays flat on both sides.
func TestMixedTrafficWithKillsAndResumes(t *testing.T) {
	seconds := defaultMixedSeconds
	if text := os.Getenv(mixedSeconds); text != "" {
		if _, err := fmt.Sscan(text, &seconds); err != nil {
			t.Fatalf("%s=%q: %v", mixedSeconds, text, err)
		}
	}
	address := startMixedServer(t)
	part := time.Duration(seconds) * time.Second / mixedParts
	var counts tally
	var first, last [2]mixedStats
	idle := askStats(t, address).Goroutines
	for done := range mixedParts {
		mixFor(t, address, part, &counts)
		if t.Failed() {
			return
		}
		last = [2]mixedStats{measureProcess(), restingStats(t, address, idle)}
		// The first quarter fills pools and caches.
		if done == mixedParts/4 {
			first = last
		}
		progress(t, done+1, last, &counts)
	}
	t.Logf("after a quarter: client %+v, server %+v", first[0], first[1])
	t.Logf("in the end:      client %+v, server %+v", last[0], last[1])
	for side, name := range []string{"client", "server"} {
		before, after := first[side], last[side]
		if after.Goroutines > before.Goroutines+maxGoroutineGrowth {
			t.Errorf("the %s's %d goroutines have become %d", name, before.Goroutines, after.Goroutines)
		}
		if after.Heap > before.Heap+4*maxHeapGrowth {
			t.Errorf("the %s's heap grew from %.2f MiB to %.2f MiB", name, mebibytes(before.Heap), mebibytes(after.Heap))
		}
		// What collectors and allocators hold on to moves about, in both directions.
		if after.Resident > before.Resident+8*maxResidentGrowth {
			t.Errorf("the %s grew from %.1f MiB to %.1f MiB", name, mebibytes(before.Resident), mebibytes(after.Resident))
		}
	}
	if counts.transports.Load() <= counts.conns.Load() || counts.killed.Load() == 0 {
		t.Errorf("hardly anything was cut: %v", &counts)
	}
}

// progress shows where a run is whose output nobody sees before its end.
func progress(t *testing.T, done int, now [2]mixedStats, counts *tally) {
	t.Helper()
	t.Logf("%3d %%: %v", 100*done/mixedParts, counts)
	if os.Getenv(mixedSeconds) != "" {
		fmt.Fprintf(os.Stderr, "%3d %%: client %.1f MiB, server %.1f MiB; %v\n", 100*done/mixedParts,
			mebibytes(now[0].Resident), mebibytes(now[1].Resident), counts)
	}
}

func askStats(t *testing.T, address string) (stats mixedStats) {
	t.Helper()
	conn, err := rsocket.Dial(t.Context(), "tcp://"+address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	answer, err := conn.RequestResponse(t.Context(), rsocket.NewPayload("", "stats"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(answer.GetData(), &stats); err != nil {
		t.Fatal(err)
	}
	return stats
}

// restingStats waits until the server has let go of the connections before, also of those that it expects to be resumed.
func restingStats(t *testing.T, address string, idle int) mixedStats {
	t.Helper()
	for end := time.Now().Add(patience); ; {
		stats := askStats(t, address)
		if stats.Goroutines <= idle+maxGoroutineGrowth {
			return stats
		}
		if time.Now().After(end) {
			t.Fatalf("the server still has %d goroutines; idle it has %d", stats.Goroutines, idle)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// mixFor runs connections, one after another in each of several places.
func mixFor(t *testing.T, address string, duration time.Duration, counts *tally) {
	deadline := time.Now().Add(duration)
	var places sync.WaitGroup
	for range mixedConns {
		places.Go(func() {
			for time.Now().Before(deadline) && !t.Failed() {
				m := &mix{t: t, counts: counts, name: fmt.Sprint(counts.conns.Add(1)), cutter: &cutter{address: address, most: 600_000}}
				m.run(deadline)
				counts.transports.Add(m.cutter.transports.Load())
			}
		})
	}
	places.Wait()
}

// mix is one connection of the mixed run.
type mix struct {
	t      *testing.T
	counts *tally
	name   string
	cutter *cutter
	conn   *rsocket.Conn
	// killed: what is under way may fail.
	killed atomic.Bool
	// sent are the notes that left.
	sent atomic.Int64
}

// run uses a connection for a while, and then ends it in an orderly way or not.
func (m *mix) run(deadline time.Time) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	nc, err := m.cutter.dial(ctx)
	if err != nil {
		m.t.Error(err)
		return
	}
	m.conn, err = rsocket.NewClientConn(ctx, nc,
		rsocket.WithSetupPayload(rsocket.NewPayload(m.name, "")),
		rsocket.WithResume(rsocket.ResumeOptions{
			Dial:    m.cutter.dial,
			Backoff: rsocket.Backoff{Min: time.Millisecond, Max: 10 * time.Millisecond},
		}))
	if err != nil {
		m.t.Error(err)
		return
	}
	defer func() { _ = m.conn.Close() }()
	if err := m.echo(ctx, 0, 0); err != nil {
		m.t.Errorf("the first request: %v", err)
		return
	}
	until := time.Now().Add(time.Duration(rand.Int64N(int64(3 * time.Second))))
	if until.After(deadline) {
		until = deadline
	}
	if rand.IntN(4) == 0 {
		m.counts.killed.Add(1)
		killer := time.AfterFunc(time.Until(until)/2, func() {
			m.killed.Store(true)
			_ = m.conn.Close()
		})
		defer killer.Stop()
	}
	var workers sync.WaitGroup
	for worker := range mixedWorkers {
		workers.Go(func() {
			for i := 0; time.Now().Before(until) && !m.killed.Load() && !m.t.Failed(); i++ {
				if err := m.act(ctx, worker, i); err != nil {
					m.fail(err)
				}
			}
		})
	}
	workers.Wait()
	if !m.killed.Load() {
		m.checkNotes(ctx)
		if err := m.conn.Shutdown(ctx); err != nil {
			m.t.Errorf("shutdown: %v", err)
		}
	}
}

// fail tells a failure of a connection that was not killed.
func (m *mix) fail(err error) {
	if !m.killed.Load() || !errors.Is(err, rsocket.ErrClosed) {
		m.t.Errorf("connection %s, killed %v: %v", m.name, m.killed.Load(), err)
		return
	}
	m.counts.failed.Add(1)
}

func (m *mix) act(ctx context.Context, worker, i int) error {
	m.counts.requests.Add(1)
	switch rand.IntN(10) {
	case 0:
		return m.stream(ctx)
	case 1:
		return m.channel(ctx)
	case 2:
		return m.cancel(ctx)
	case 3, 4:
		m.counts.notes.Add(1)
		m.sent.Add(1)
		return m.conn.FireAndForget(ctx, rsocket.NewPayload(fmt.Sprintf("%d-%d", worker, i), m.name))
	default:
		return m.echo(ctx, worker, i)
	}
}

func (m *mix) echo(ctx context.Context, worker, i int) error {
	size := rand.IntN(300)
	if i > 0 && rand.IntN(20) == 0 {
		size = rand.IntN(300_000)
	}
	data := make([]byte, size+1)
	data[0], data[size] = byte(worker), byte(i)
	answer, err := m.conn.RequestResponse(ctx, rsocket.NewPayloadFromBytes(data, nil))
	if err != nil {
		return err
	}
	if string(answer.GetData()) != string(data) {
		return fmt.Errorf("%d bytes came back as %d others", len(data), answer.Len())
	}
	return nil
}

// expectItems wants the first items of a stream in order, and tells how many came.
func (m *mix) expectItems(items iter.Seq2[*rsocket.Payload, error], most int) (int, error) {
	next := 0
	for got, err := range items {
		if err != nil {
			return next, fmt.Errorf("item %d: %w", next, err)
		}
		if got.GetDataAsString() != item(next).GetDataAsString() {
			return next, fmt.Errorf("item %d is %.20q", next, got.GetDataAsString())
		}
		m.counts.items.Add(1)
		if next++; next == most {
			break
		}
	}
	return next, nil
}

func (m *mix) stream(ctx context.Context) error {
	count := rand.IntN(1_000)
	items := m.conn.RequestStream(ctx, rsocket.NewPayload(fmt.Sprint(count), ""))
	got, err := m.expectItems(items, count+1)
	if err == nil && got != count {
		err = fmt.Errorf("%d items in place of %d", got, count)
	}
	return err
}

func (m *mix) channel(ctx context.Context) error {
	count := 1 + rand.IntN(300)
	items := m.conn.RequestChannel(ctx, numbers(fmt.Sprint(count)))
	got, err := m.expectItems(items, count+1)
	if err == nil && got != count {
		err = fmt.Errorf("%d items in place of %d", got, count)
	}
	return err
}

// cancel leaves a stream in the middle.
func (m *mix) cancel(ctx context.Context) error {
	m.counts.cancelled.Add(1)
	items := m.conn.RequestStream(ctx, rsocket.NewPayload("1000", ""))
	_, err := m.expectItems(items, 1+rand.IntN(500))
	return err
}

// checkNotes wants each note to have come once.
func (m *mix) checkNotes(ctx context.Context) {
	seen := make(map[string]int)
	// They are handled beside each other, so the last ones may still be under way.
	for int64(len(seen)) < m.sent.Load() {
		answer, err := m.conn.RequestResponse(ctx, rsocket.NewPayload(m.name, "notes"))
		if err != nil {
			m.t.Errorf("asking for the notes: %v", err)
			return
		}
		var more map[string]int
		if err := json.Unmarshal(answer.GetData(), &more); err != nil {
			m.t.Error(err)
			return
		}
		for note, times := range more {
			seen[note] += times
		}
	}
	for note, times := range seen {
		if times != 1 {
			m.t.Errorf("note %s of connection %s came %d times", note, m.name, times)
		}
	}
}
