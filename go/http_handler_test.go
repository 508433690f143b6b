package rsocket_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
)

type userKey struct{}

// withUser is a site's middleware: it says who is asking.
func withUser(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), userKey{}, user)))
	})
}

// whoAmI answers with who is asking.
func whoAmI(ctx context.Context, _ *rsocket.Payload) (*rsocket.Payload, error) {
	user, _ := ctx.Value(userKey{}).(string)
	return rsocket.NewPayload(user, ""), nil
}

func newServer(t *testing.T, handler rsocket.Handler, opts ...rsocket.Option) *rsocket.Server {
	t.Helper()
	server, err := rsocket.NewServer(handler, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	return server
}

// newSite has a page beside the server's route.
func newSite(server *rsocket.Server) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "a page") })
	mux.Handle("/rsocket", withUser(rsocket.NewHTTPHandler(server)))
	return mux
}

func startSite(t *testing.T, server *rsocket.Server) *httptest.Server {
	t.Helper()
	site := httptest.NewServer(newSite(server))
	t.Cleanup(site.Close)
	return site
}

func webSocketOf(site *httptest.Server) string {
	return "ws://" + site.Listener.Addr().String() + "/rsocket"
}

func get(t *testing.T, client *http.Client, url string, header http.Header) (*http.Response, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(testContext(t), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header = header
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(body)
}

func TestAnHTTPHandlerBesideOtherRoutes(t *testing.T) {
	site := startSite(t, newServer(t, rsocket.Handler{RequestResponse: whoAmI}))
	conn := dial(t, webSocketOf(site), rsocket.WithHeader("Authorization", "Bearer me"))
	for range 2 {
		answer, err := conn.RequestResponse(testContext(t), rsocket.NewPayload("", ""))
		if err != nil || answer.GetDataAsString() != "me" {
			t.Fatalf("got %v, %v", answer, err)
		}
		if _, body := get(t, site.Client(), site.URL, nil); body != "a page" {
			t.Errorf("the page is %q", body)
		}
	}
}

func TestAnHTTPHandlerRefusesWithAStatus(t *testing.T) {
	site := startSite(t, newServer(t, rsocket.Handler{RequestResponse: echo}, rsocket.WithHosts("127.0.0.1")))
	response, body := get(t, site.Client(), site.URL+"/rsocket", nil)
	if response.StatusCode != http.StatusUpgradeRequired || response.Header.Get("Upgrade") != "websocket" ||
		!strings.Contains(body, "RSocket over WebSocket") {
		t.Errorf("got %v: %s", response, body)
	}
	for name, want := range map[string]struct {
		option rsocket.Option
		status string
	}{
		"origin": {rsocket.WithHeader("Origin", "https://evil.example"), "403 Forbidden"},
	} {
		_, err := rsocket.Dial(testContext(t), webSocketOf(site), want.option)
		if !errors.Is(err, rsocket.ErrHandshake) || !strings.Contains(err.Error(), want.status) {
			t.Errorf("%s: %v", name, err)
		}
	}
	own := "http://" + site.Listener.Addr().String()
	assertEchoes(t, dial(t, webSocketOf(site), rsocket.WithHeader("Origin", own)))
}

func TestAnHTTPHandlerNeedsHTTP1(t *testing.T) {
	site := httptest.NewUnstartedServer(newSite(newServer(t, rsocket.Handler{})))
	site.EnableHTTP2 = true
	site.StartTLS()
	defer site.Close()
	response, _ := get(t, site.Client(), site.URL+"/rsocket", nil)
	if response.ProtoMajor != 2 || response.StatusCode != http.StatusHTTPVersionNotSupported {
		t.Errorf("got %v", response)
	}
	// A writer without a connection behind it.
	recorder := httptest.NewRecorder()
	request := httptest.NewRequest(http.MethodGet, "/rsocket", nil)
	for name, value := range map[string]string{
		"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13",
		"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
	} {
		request.Header.Set(name, value)
	}
	rsocket.NewHTTPHandler(newServer(t, rsocket.Handler{})).ServeHTTP(recorder, request)
	if recorder.Code != http.StatusNotImplemented {
		t.Errorf("without a connection: %d", recorder.Code)
	}
}

// A client that does not wait for the answer: the server of HTTP has read its first frames with the request.
func TestAnHTTPHandlerTakesWhatFollowedTheRequest(t *testing.T) {
	site := startSite(t, newServer(t, rsocket.Handler{RequestResponse: echo}))
	peer := newWebSocketPeer(t, rawClient(t, site.Listener.Addr().String()).Conn)
	peer.mask = []byte{1, 2, 3, 4}
	frame := func(payload string) string {
		masked := []byte(payload)
		for i := range masked {
			masked[i] ^= peer.mask[i%4]
		}
		return string([]byte{binaryFrame, 0x80 | byte(len(payload))}) + string(peer.mask) + string(masked)
	}
	_, err := fmt.Fprintf(peer, "GET /rsocket HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n%s%s",
		frame(setupFrame), frame(requestFrame(1, "early")))
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.ReadResponse(peer.reader, nil)
	if err != nil || response.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("got %v, %v", response, err)
	}
	if answer := peer.expect(binaryFrame); string(answer[6:]) != "early" {
		t.Errorf("answer % x", answer)
	}
}

func TestAnHTTPHandlerOverTLS(t *testing.T) {
	site := httptest.NewTLSServer(newSite(newServer(t, rsocket.Handler{RequestResponse: echo})))
	defer site.Close()
	nc, err := tls.Dial("tcp", site.Listener.Addr().String(), &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = nc.Close() }()
	_, err = fmt.Fprintf(nc, "GET /rsocket HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n")
	if err != nil {
		t.Fatal(err)
	}
	peer := webSocketPeer{t: t, Conn: nc, reader: bufio.NewReader(nc), mask: []byte{1, 2, 3, 4}}
	response, err := http.ReadResponse(peer.reader, nil)
	if err != nil || response.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("got %v, %v", response, err)
	}
	peer.say(binaryFrame, setupFrame)
	peer.say(binaryFrame, requestFrame(1, "hello"))
	if answer := peer.expect(binaryFrame); string(answer[6:]) != "hello" {
		t.Errorf("answer % x", answer)
	}
}

func TestAServersShutdownEndsWhatItsHTTPHandlerLetIn(t *testing.T) {
	server := newServer(t, rsocket.Handler{RequestResponse: echo})
	site := startSite(t, server)
	conn := dial(t, webSocketOf(site))
	assertEchoes(t, conn)
	if err := server.Shutdown(testContext(t)); err != nil {
		t.Error(err)
	}
	await(t, conn.Done())
	_, err := rsocket.Dial(testContext(t), webSocketOf(site))
	if !errors.Is(err, rsocket.ErrHandshake) || !strings.Contains(err.Error(), "503 Service Unavailable") {
		t.Errorf("after that: %v", err)
	}
	if _, body := get(t, site.Client(), site.URL, nil); body != "a page" {
		t.Errorf("the page is %q", body)
	}
}
