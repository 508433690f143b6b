package rsocket

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// bluntWebSocket opens a WebSocket whose server is a layeredConn, and whose client says its frames by hand.
func bluntWebSocket(t *testing.T) (server *layeredConn, client net.Conn) {
	t.Helper()
	settings, err := newSettings(nil)
	if err != nil {
		t.Fatal(err)
	}
	layer, err := settings.serverLayer()
	if err != nil {
		t.Fatal(err)
	}
	near, far := net.Pipe()
	server = newLayeredConn(near, layer)
	t.Cleanup(func() {
		_ = far.Close()
		_ = server.Close()
	})
	opened := make(chan error, 1)
	go func() { opened <- server.ensureOpen() }()
	_, err = io.WriteString(far, "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := http.ReadResponse(bufio.NewReader(far), nil); err != nil {
		t.Fatal(err)
	}
	if err := <-opened; err != nil {
		t.Fatal(err)
	}
	return server, far
}

// What is sent and waits behind an answer that the peer does not read holds up nobody who reads: two sides of which each
// waits for the other to read would wait for ever.
func TestALayerIsReadWhileWhatItSendsWaits(t *testing.T) {
	const (
		patience = 30 * time.Second
		ping     = "\x89\x82\x00\x00\x00\x00hi"
		frame    = "\x00\x00\x05hello"
	)
	server, client := bluntWebSocket(t)
	say := func(frame string) {
		t.Helper()
		_ = client.SetWriteDeadline(time.Now().Add(patience))
		if _, err := io.WriteString(client, frame); err != nil {
			t.Fatalf("the server does not read: %v", err)
		}
	}
	until := func(what string, holds func() bool) {
		t.Helper()
		for deadline := time.Now().Add(patience); !holds(); time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("not in time: %s", what)
			}
		}
	}
	read := make(chan string, 1)
	go func() {
		received := make([]byte, len(frame))
		_, err := io.ReadFull(server, received)
		read <- fmt.Sprint(string(received), err)
	}()

	say(ping)
	until("an answer is being written", func() bool {
		if server.writing.TryLock() {
			server.writing.Unlock()
			return false
		}
		return true
	})
	// As a Write does whose next chunk the answer got ahead of.
	chunk := net.Buffers{[]byte("\x00\xff\xfd" + strings.Repeat("x", layerChunk-3))}
	if n, err := server.fill(&chunk); n != layerChunk || err != nil {
		t.Fatalf("took %d bytes, %v", n, err)
	}
	flushed := make(chan error, 1)
	go func() { flushed <- server.flush() }()
	say(ping)
	say(ping)
	say("\x82\x85\x00\x00\x00\x00hello")
	select {
	case got := <-read:
		if want := fmt.Sprint(frame, error(nil)); got != want {
			t.Errorf("read %q, want %q", got, want)
		}
	case <-time.After(patience):
		t.Fatal("the server does not read while what it sends waits")
	}

	// Then the client reads, and all of it goes out.
	ended := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, client)
		close(ended)
	}()
	if err := <-flushed; err != nil {
		t.Error(err)
	}
	_ = server.Close()
	<-ended
}
