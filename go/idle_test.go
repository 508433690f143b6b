//go:build !race

// The race detector's frames are larger.

package rsocket_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
)

const (
	// idlePairs is how many clients and servers of theirs are measured; they share a process.
	idlePairs = 200
	// idleHeap and idleStack bound what one of them takes of Go's memory. They take 3.1 kB and 2 KiB.
	idleHeap  = 3600
	idleStack = 3 << 10
)

// TestAnIdleConnectionIsSmall measures in a process of its own, as what other tests leave behind counts as well. There
// new goroutines do not get larger stacks because others, of which there are few, needed them.
func TestAnIdleConnectionIsSmall(t *testing.T) {
	inProcessOfItsOwn(t, measureIdle, "bytes of heap")
}

// A reader that has called handlers needs a larger stack, until a keepalive comes and nothing else.
func TestAConnectionThatWasBusyIsSmallAgain(t *testing.T) {
	inProcessOfItsOwn(t, measureBusy, "bytes of stack")
}

// inProcessOfItsOwn runs a test in another process, which has to say what it has measured.
func inProcessOfItsOwn(t *testing.T, measure func(*testing.T), says string) {
	if os.Getenv("RSOCKET_MEASURE_IDLE") != "" {
		measure(t)
		return
	}
	test := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	test.Env = append(os.Environ(), "RSOCKET_MEASURE_IDLE=yes", "GODEBUG=adaptivestackstart=0", "GOMAXPROCS=2")
	output, err := test.CombinedOutput()
	if err != nil || !strings.Contains(string(output), says) {
		t.Fatalf("%v:\n%s", err, output)
	}
}

func measureIdle(t *testing.T) {
	ctx := testContext(t)
	url := listenAndServe(t, "tcp://127.0.0.1:0", rsocket.Handler{Setup: goDeep, RequestResponse: echo})
	conns := make([]*rsocket.Conn, idlePairs)
	useNew(t, ctx, url) // What is made once is not counted.
	heap, stack := memoryInUse()
	for i := range conns {
		conns[i] = useNew(t, ctx, url)
	}
	heapAfter, stackAfter := memoryInUse()
	heapEach, stackEach := (heapAfter-heap)/(2*idlePairs), (stackAfter-stack)/(2*idlePairs)
	fmt.Printf("%d bytes of heap and %d of stack each\n", heapEach, stackEach)
	if heapEach > idleHeap || stackEach > idleStack {
		t.Errorf("an idle connection takes %d bytes of heap and %d of stack, at most %d and %d are allowed",
			heapEach, stackEach, idleHeap, idleStack)
	}
	runtime.KeepAlive(conns)
}

func measureBusy(t *testing.T) {
	const idle = 200 * time.Millisecond
	url, accepted := serveInline(t, rsocket.Handler{RequestResponse: inlineHandler{}.answer})
	conns := make([]*rsocket.Conn, idlePairs)
	_, stack := memoryInUse()
	for i := range conns {
		conns[i] = dial(t, url, rsocket.WithKeepalive(idle, time.Minute))
		ask := asker(t, conns[i])
		untilInline(t, await(t, accepted), ask)
		for range 100 {
			ask("keep the reader busy")
		}
	}
	var each int
	eventually(t, "stacks are small again", func() bool {
		var memory runtime.MemStats
		runtime.ReadMemStats(&memory) // Without a collection: readers that have to help with one need larger stacks.
		each = (int(memory.StackInuse) - stack) / (2 * len(conns))
		return each <= idleStack
	})
	fmt.Printf("%d bytes of stack each\n", each)
	runtime.KeepAlive(conns)
}

// useNew makes a connection and a request.
func useNew(t *testing.T, ctx context.Context, url string) *rsocket.Conn {
	t.Helper()
	conn, err := rsocket.Dial(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.RequestResponse(ctx, rsocket.NewPayload("once", "")); err != nil {
		t.Fatal(err)
	}
	return conn
}

// goDeep is a handler that needs a large stack.
func goDeep(_ context.Context, setup *rsocket.Setup, _ *rsocket.Conn) error {
	var frame [16 << 10]byte
	if copy(frame[:], setup.DataMIMEType) == 0 {
		return errors.New("no MIME type")
	}
	return nil
}

// memoryInUse is what the heap and the goroutines' stacks take, without garbage: the least of several looks, as a goroutine
// may still be writing, and what is in a pool goes with the second collection.
func memoryInUse() (heap, stack int) {
	var memory runtime.MemStats
	heap, stack = math.MaxInt, math.MaxInt
	for range 10 {
		runtime.GC()
		runtime.ReadMemStats(&memory)
		heap, stack = min(heap, int(memory.HeapAlloc)), min(stack, int(memory.StackInuse))
	}
	return heap, stack
}
