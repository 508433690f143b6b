package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/url"
	"strconv"
	"sync"
	"time"

	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
)

// talk counts with the server, and kills the transport under it now and then.
func talk(ctx context.Context, server string, settings settings, out io.Writer) error {
	parsed, err := url.Parse(server)
	if err != nil {
		return err
	}
	line := &line{address: parsed.Host}
	// Events come from a goroutine of their own; out is for one at a time.
	events := make(chan string, 1_000)
	conn, err := rsocket.Dial(ctx, server, rsocket.WithResume(rsocket.ResumeOptions{
		Dial:    line.dial, // Only to have something to kill: by default rsocket.Dial's way is gone again.
		Backoff: rsocket.Backoff{Min: 20 * time.Millisecond},
		OnEvent: func(event rsocket.ConnEvent) { events <- event.Kind.String() },
	}))
	if err != nil {
		return fmt.Errorf("connecting to %s: %w", server, err)
	}
	defer conn.Close()

	received := 0
	request := rsocket.NewPayload(strconv.Itoa(settings.items), "")
	for item, err := range conn.RequestStream(ctx, request, rsocket.WithPrefetch(5)) {
		if err != nil {
			return fmt.Errorf("after %d items: %w", received, err)
		}
		received++
		if got := item.GetDataAsString(); got != strconv.Itoa(received) {
			return fmt.Errorf("item %d is %q: something was lost or doubled", received, got)
		}
		if settings.kill > 0 && received%settings.kill == 0 && received < settings.items {
			fmt.Fprintf(out, "client: killing the transport after item %d\n", received)
			if err := killAndWait(ctx, line, conn, events, out); err != nil {
				return err
			}
		}
	}
	fmt.Fprintf(out, "client: complete; %d items, each once and in order, over %d transports\n", received, line.dialled())
	return nil
}

// killAndWait shows what happens until the connection goes on. Nothing needs to wait for that: the loop over the items
// would go on by itself.
func killAndWait(ctx context.Context, line *line, conn *rsocket.Conn, events <-chan string, out io.Writer) error {
	line.kill()
	for {
		select {
		case event := <-events:
			fmt.Fprintf(out, "client: %s\n", event)
			if event == rsocket.EventResumed.String() {
				return nil
			}
		case <-conn.Done():
			return conn.Err()
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// line dials, and keeps what it dialled to be able to kill it.
type line struct {
	address string

	mu      sync.Mutex
	present net.Conn
	count   int
}

func (l *line) dial(ctx context.Context) (net.Conn, error) {
	var dialer net.Dialer
	nc, err := dialer.DialContext(ctx, "tcp", l.address)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.present = nc
	l.count++
	return nc, nil
}

// dialled is how many transports there have been.
func (l *line) dialled() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.count
}

func (l *line) kill() {
	l.mu.Lock()
	defer l.mu.Unlock()
	_ = l.present.Close()
}
