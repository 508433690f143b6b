package main

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/examples/internal/exampletest"
	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
)

// What the page does with the server is tested in a browser, in tests/browser.

var program = exampletest.Program(run)

// start runs the program with a file in place of rsocket-js, and returns the page's address.
func start(t *testing.T, args ...string) (page string, stop func() string) {
	t.Helper()
	bundle := filepath.Join(t.TempDir(), "rsocket.js")
	if err := os.WriteFile(bundle, []byte("export {};\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return program.StartServer(t, append([]string{"-listen", "http://127.0.0.1:0", "-bundle", bundle}, args...)...)
}

func TestThePageAndItsScriptAreServed(t *testing.T) {
	page, stop := start(t)
	for path, want := range map[string]string{"": "text/html", "rsocket.js": "text/javascript"} {
		response, err := http.Get(page + path)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, response.Body)
		response.Body.Close()
		if got := response.Header.Get("Content-Type"); response.StatusCode != http.StatusOK || !strings.HasPrefix(got, want) {
			t.Errorf("/%s: status %d, type %s, want 200 and %s", path, response.StatusCode, got, want)
		}
	}
	http.DefaultClient.CloseIdleConnections()
	stop()
}

func TestReadingsWaitForCreditAndProgressSaysSo(t *testing.T) {
	page, stop := start(t, "-rate", "1000")
	conn, err := rsocket.Dial(t.Context(), strings.Replace(page, "http", "ws", 1)+"rsocket")
	if err != nil {
		t.Fatal(err)
	}
	progress, err := conn.OpenStream(t.Context(), rsocket.NewPayload("progress", ""))
	if err != nil {
		t.Fatal(err)
	}
	readings, err := conn.OpenStream(t.Context(), rsocket.NewPayload("readings", ""), rsocket.WithManualRequests(8))
	if err != nil {
		t.Fatal(err)
	}
	awaitState(t, progress, state{8, waiting})
	readings.Request(5)
	awaitState(t, progress, state{13, waiting})
	readings.Cancel()
	awaitState(t, progress, state{13, cancelled})
	progress.Cancel()
	conn.Close()
	stop()
}

// awaitState takes what the server says until it says this.
func awaitState(t *testing.T, progress *rsocket.Stream, want state) {
	t.Helper()
	for {
		said, err := progress.Recv(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var got state
		if err := json.Unmarshal(said.GetData(), &got); err != nil {
			t.Fatal(err)
		}
		if got.Sent > want.Sent {
			t.Fatalf("the server has sent %d, more than the credit of %d", got.Sent, want.Sent)
		}
		if got == want {
			return
		}
	}
}

func TestOtherStreamsAreRefused(t *testing.T) {
	page, stop := start(t)
	conn, err := rsocket.Dial(t.Context(), strings.Replace(page, "http", "ws", 1)+"rsocket")
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range conn.RequestStream(t.Context(), rsocket.NewPayload("nonsense", "")) {
		if err == nil {
			t.Error("an item came")
		}
	}
	conn.Close()
	stop()
}

func TestExitCodes(t *testing.T) {
	bundle := filepath.Join(t.TempDir(), "rsocket.js")
	program.AssertExitCodes(t, []exampletest.ExitCode{
		{Name: "help", Args: []string{"-h"}, Want: 0},
		{Name: "unknown flag", Args: []string{"-nonsense"}, Want: 2},
		{Name: "argument", Args: []string{"nonsense"}, Want: 2},
		{Name: "no rate", Args: []string{"-rate", "0"}, Want: 2},
		{Name: "another scheme", Args: []string{"-listen", "tcp://127.0.0.1:0"}, Want: 2},
		{Name: "no rsocket-js", Args: []string{"-bundle", bundle}, Want: 1},
	})
}
