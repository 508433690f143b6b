package soak

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"testing"
)

// footprint is what the test's own process and its server hold while no request is open.
type footprint struct {
	goroutines int
	heap       uint64 // bytes that Go's collector left
	resident   uint64 // bytes of the process, Rust's included; 0 where the system does not tell
	server     uint64 // resident bytes of the server
}

func measure(t *testing.T, server int) footprint {
	t.Helper()
	runtime.GC()
	runtime.GC() // The second one empties the pools' victims.
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	return footprint{
		goroutines: runtime.NumGoroutine(),
		heap:       memory.HeapAlloc,
		resident:   resident(t, os.Getpid()),
		server:     resident(t, server),
	}
}

// resident reads a process's resident memory from Linux's /proc.
func resident(t *testing.T, process int) uint64 {
	t.Helper()
	if runtime.GOOS != "linux" {
		return 0
	}
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", process))
	if err != nil {
		t.Fatalf("reading the memory of process %d: %v", process, err)
	}
	pages, err := strconv.ParseUint(string(bytes.Fields(text)[1]), 10, 64)
	if err != nil {
		t.Fatalf("reading the memory of process %d: %v", process, err)
	}
	return pages * uint64(os.Getpagesize())
}

func (f footprint) String() string {
	return fmt.Sprintf("%d goroutines, heap %.2f MiB, resident %.1f MiB, server %.1f MiB",
		f.goroutines, mebibytes(f.heap), mebibytes(f.resident), mebibytes(f.server))
}

func mebibytes(n uint64) float64 { return float64(n) / (1 << 20) }

// What a footprint may gain between the first tenth of the requests and the last: noise, not a share of the requests.
// A leak of 10 bytes a request would be 9 MB.
const (
	maxGoroutineGrowth = 2
	maxHeapGrowth      = 512 << 10
	maxResidentGrowth  = 8 << 20
)

func (f footprint) expectNoGrowth(t *testing.T, since footprint) {
	t.Helper()
	if f.goroutines > since.goroutines+maxGoroutineGrowth {
		t.Errorf("%d goroutines have become %d", since.goroutines, f.goroutines)
	}
	for _, part := range []struct {
		name                string
		before, after, most uint64
	}{
		{"the Go heap", since.heap, f.heap, maxHeapGrowth},
		{"the process", since.resident, f.resident, maxResidentGrowth},
		{"the server", since.server, f.server, maxResidentGrowth},
	} {
		if part.after > part.before+part.most {
			t.Errorf("%s grew from %.2f MiB to %.2f MiB", part.name, mebibytes(part.before), mebibytes(part.after))
		}
	}
}
