package soak

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"testing"
	"time"

	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
)

// serveMixed in the environment makes the test's program the server of the mixed run.
const serveMixed = "SOAK_SERVE_MIXED"

func TestMain(m *testing.M) {
	if os.Getenv(serveMixed) == "" {
		os.Exit(m.Run())
	}
	if err := runMixedServer(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// sessionTimeout is how long the server waits for clients that were killed without a transport.
const sessionTimeout = 10 * time.Second

// mixedStats is what the server of the mixed run tells about itself.
type mixedStats struct {
	Goroutines int
	Heap       uint64
	Resident   uint64
}

// notes counts the fire-and-forgets of each connection.
type notes struct {
	mu   sync.Mutex
	seen map[string]map[string]int
}

func (n *notes) add(conn, note string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.seen[conn] == nil {
		n.seen[conn] = make(map[string]int)
	}
	n.seen[conn][note]++
}

// forgetAfter forgets a connection that is over, when its last handlers have returned.
func (n *notes) forgetAfter(conn *rsocket.Conn, name string) {
	<-conn.Done()
	time.AfterFunc(sessionTimeout, func() { n.take(name) })
}

// take gives what came from a connection, and forgets it.
func (n *notes) take(conn string) map[string]int {
	n.mu.Lock()
	defer n.mu.Unlock()
	seen := n.seen[conn]
	delete(n.seen, conn)
	return seen
}

// runMixedServer serves until its standard input ends.
func runMixedServer() error {
	listener, err := rsocket.Listen(context.Background(), "tcp://127.0.0.1:0")
	if err != nil {
		return err
	}
	received := &notes{seen: make(map[string]map[string]int)}
	server, err := rsocket.NewServer(mixedHandler(received), rsocket.WithResume(rsocket.ResumeOptions{
		SessionTimeout: sessionTimeout,
	}))
	if err != nil {
		return err
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	fmt.Println("ready", listener.Addr())
	_, _ = io.Copy(io.Discard, os.Stdin)
	_ = server.Close()
	<-served
	return nil
}

// mixedHandler echoes, and answers questions about the server itself.
func mixedHandler(received *notes) rsocket.Handler {
	return rsocket.Handler{
		// A client of the mixed run says what its notes will have as their metadata. One that is killed never asks for them.
		Setup: func(_ context.Context, setup *rsocket.Setup, conn *rsocket.Conn) error {
			go received.forgetAfter(conn, setup.Payload.GetDataAsString())
			return nil
		},
		RequestResponse: func(_ context.Context, request *rsocket.Payload) (*rsocket.Payload, error) {
			switch request.GetMetadataAsString() {
			case "stats":
				return asJSON(measureProcess())
			case "notes":
				return asJSON(received.take(request.GetDataAsString()))
			default:
				return request, nil
			}
		},
		FireAndForget: func(_ context.Context, note *rsocket.Payload) {
			received.add(note.GetMetadataAsString(), note.GetDataAsString())
		},
		RequestStream: func(_ context.Context, request *rsocket.Payload) iter.Seq2[*rsocket.Payload, error] {
			return numbers(request.GetDataAsString())
		},
		RequestChannel: func(_ context.Context, requests iter.Seq2[*rsocket.Payload, error]) iter.Seq2[*rsocket.Payload, error] {
			return requests
		},
	}
}

// numbers is a stream of so many items.
func numbers(count string) iter.Seq2[*rsocket.Payload, error] {
	return func(yield func(*rsocket.Payload, error) bool) {
		var items int
		if _, err := fmt.Sscan(count, &items); err != nil {
			yield(nil, err)
			return
		}
		for i := range items {
			if !yield(item(i), nil) {
				return
			}
		}
	}
}

// item is an item that tells its place in the stream; some are long.
func item(i int) *rsocket.Payload {
	filler := i % 50
	if i%200 == 199 {
		filler = 100_000
	}
	return rsocket.NewPayload(fmt.Sprintf("%d:%s", i, strings.Repeat("x", filler)), "")
}

// measureProcess says what a process holds that nothing is under way in. What Go's collector has freed goes back to the
// system first, as it otherwise goes back when it likes.
func measureProcess() mixedStats {
	debug.FreeOSMemory()
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	return mixedStats{Goroutines: runtime.NumGoroutine(), Heap: memory.HeapAlloc, Resident: ownResident()}
}

func ownResident() uint64 {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0 // not Linux
	}
	var size, resident uint64
	if _, err := fmt.Sscan(string(text), &size, &resident); err != nil {
		return 0
	}
	return resident * uint64(os.Getpagesize())
}

func asJSON(value any) (*rsocket.Payload, error) {
	text, err := json.Marshal(value)
	return rsocket.NewPayloadFromBytes(text, nil), err
}

// startMixedServer runs the server in a process of its own, which ends with the test; its address.
func startMixedServer(t *testing.T) string {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), serveMixed+"=1")
	cmd.Stderr = os.Stderr
	input, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	output, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = input.Close()
		rest, _ := io.ReadAll(output)
		if err := cmd.Wait(); err != nil {
			t.Errorf("the server ended with %v: %s", err, bytes.TrimSpace(rest))
		}
	})
	ready, err := bufio.NewReader(output).ReadString('\n')
	address, ok := strings.CutPrefix(strings.TrimSpace(ready), "ready ")
	if err != nil || !ok {
		t.Fatalf("the server's first line is %q: %v", ready, err)
	}
	return address
}
